// The hits of a list.

import { counted, el, marked, webAddress } from "./dom.js";
import { labelOf, shown } from "./facets.js";
import { address, isBrowsing } from "./state.js";
import { chart } from "./why.js";

const MIDDLE = 1;
const PIECE = 240; // characters of a body without a match
const ATTRIBUTES = 8; // shown before all of them are asked for

/** What a hit is called: its title as text, else its id. */
export const nameOf = (hit) => hit.title || hit.document_id;

/** A hit as an entry of the list. `does`: `open(hit)`, `explain(hit)` and `like(hit)`; `state` is
 * what was asked. */
export function entry(hit, state, does) {
  if (hit.gone) return gone(hit);
  const id = `hit-${hit.rank}`;
  const body = el("div", { className: "passage", id: `${id}-body` });
  drawPassage(body, hit);
  return el("li", { className: "hit", value: hit.rank },
    el("article", { "aria-labelledby": id },
      el("h3", { id }, title(hit, body, does), el("span", { className: "moved" })),
      body,
      attributes(hit.attributes ?? {}),
      actions(hit, id, state, does),
    ),
  );
}

function gone(hit) {
  const text = el("p", {}, hit.document_id, " is no longer there.");
  return el("li", { className: "hit gone", value: hit.rank }, text);
}

/** A link where the document has an address; else what shows the whole of it. Both are the click
 * that the event log is told. */
function title(hit, body, does) {
  const shown = hit.highlights?.title ? marked(hit.highlights.title) : nameOf(hit);
  const href = webAddress(hit.attributes?.url);
  const opened = () => does.open(hit);
  if (href) {
    // in a tab of its own: the list stays, and the page lives to tell the event
    const aside = el("span", { className: "unseen" }, " (opens in a new tab)");
    const onauxclick = ({ button }) => button === MIDDLE && opened(); // the right one asks for a menu
    const given = { href, target: "_blank", rel: "noopener noreferrer", onclick: opened, onauxclick };
    return el("a", given, shown, aside);
  }
  const button = el("button", { type: "button", "aria-expanded": "false", "aria-controls": body.id }, shown);
  button.addEventListener("click", () => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    drawPassage(body, hit, !isOpen);
    if (!isOpen) opened();
  });
  return button;
}

function drawPassage(place, hit, isWhole = false) {
  const { body, highlights } = hit;
  const isUnread = body === null && hit.title === null;
  if (isUnread) place.replaceChildren(el("p", { className: "small" }, "Its content could not be read in time."));
  else if (isWhole) place.replaceChildren(el("p", { className: "whole" }, body || "It has no more text."));
  else if (highlights?.body) {
    const near = highlights.is_passage ? el("span", { className: "tag" }, "nearest in meaning") : null;
    place.replaceChildren(el("p", {}, near, marked(highlights.body)));
  } else if (body) place.replaceChildren(el("p", {}, body.length > PIECE ? `${body.slice(0, PIECE)}…` : body));
}

function attributes(given) {
  const known = Object.entries(given).filter(([name]) => name !== "url");
  if (!known.length) return null;
  const pair = ([name, value]) =>
    el("div", {}, el("dt", {}, labelOf(name)), el("dd", {}, Array.isArray(value) ? value.join(", ") : shown(value)));
  const made = el("dl", { className: "attributes" }, known.map(pair));
  const rest = [...made.children].slice(ATTRIBUTES);
  if (!rest.length) return made;
  const button = el("button", { type: "button", className: "quiet" });
  const unfold = (open) => {
    rest.forEach((each) => (each.hidden = !open));
    button.textContent = open ? "Fewer attributes" : counted(rest.length, "more attribute");
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => unfold(rest[0].hidden));
  unfold(false);
  return [made, button];
}

function actions(hit, id, state, does) {
  const place = el("div", { id: `${id}-why`, hidden: true });
  const given = { type: "button", className: "quiet", "aria-expanded": "false", "aria-controls": place.id };
  const why = el("button", { ...given, "aria-describedby": id }, "Why this result?");
  why.addEventListener("click", () => toggleWhy(why, place, hit, does));
  if (isBrowsing(state)) why.hidden = true; // its order is the sort's
  const href = address({ ...state, q: "", sort: "", view: "list", similar: hit.document_id });
  const onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    does.like(hit);
  };
  const like = el("a", { className: "quiet", href, onclick, "aria-describedby": id }, "More like this");
  return [el("p", { className: "actions" }, why, like), place];
}

async function toggleWhy(button, place, hit, does) {
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  place.hidden = isOpen;
  if (isOpen) return;
  place.replaceChildren(el("p", { className: "small" }, "Asking…"));
  try {
    const explained = await does.explain(hit);
    const lost = "It is no longer among these results. Search again to see the present ones.";
    place.replaceChildren(explained ? chart(explained) : el("p", { className: "small" }, lost));
  } catch (error) {
    place.replaceChildren(el("p", { className: "small", role: "alert" }, `${error.message}. ${error.hint ?? ""}`));
  }
}

/** Say at each hit how the person's taste moved it; `ranks`: where they stand without it. */
export function drawMoves(list, hits, ranks, name) {
  const places = [...list.querySelectorAll(".hit")];
  for (const [at, hit] of hits.entries()) {
    const place = places[at]?.querySelector(".moved");
    const before = ranks.get(hit.document_id);
    const isBelow = before === undefined && hit.rank > ranks.size; // further down than was looked
    if (!place || before === hit.rank || isBelow) continue;
    const text = before === undefined ? "new" : before > hit.rank ? `▲ ${before - hit.rank}` : `▼ ${hit.rank - before}`;
    const told = before === undefined ? `not among the first ${ranks.size} without ${name}` : `place ${before} without ${name}`;
    place.replaceChildren(el("span", { "aria-hidden": "true", title: told }, text), el("span", { className: "unseen" }, ` ${told}`));
    place.classList.add(before === undefined || before > hit.rank ? "up" : "down");
  }
}
