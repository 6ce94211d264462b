// What is asked and how much was found, in words.

import { nameOfRanking } from "./compare.js";
import { counted } from "./dom.js";
import { isBrowsing } from "./state.js";

/** What is looked for; empty while the collection is browsed. The history knows the title of a
 * document to which others are to be like, where it was chosen on the page. */
export const subject = (state) => (state.similar ? `Like “${history.state?.name ?? state.similar}”` : state.q.trim());

/** The line above the hits. */
export function heading(state, { hits, total }) {
  const count = !hits.length ? "no results" : total === null ? "results" : counted(total, nounOf(state));
  return state.similar ? `${subject(state)}: ${count}` : count.charAt(0).toUpperCase() + count.slice(1);
}

const nounOf = (state) => (isBrowsing(state) ? "document" : "result");

/** The same for who only hears it: no two lists sound alike, or the second would not be read out. */
export function spoken(state, reply) {
  if (isBrowsing(state)) return heading(state, reply);
  const asked = state.similar ? "" : ` for “${subject(state)}”`;
  return `${heading(state, reply)}${asked}, ${nameOfRanking(state.configuration)}`;
}
