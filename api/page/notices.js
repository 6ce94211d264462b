// What the reader should know about a list: what it lacks, what was searched for instead, what failed.

import { byId, draw, el } from "./dom.js";
import { useKey } from "./key.js";

const NEEDS_KEY = new Set(["unauthorized", "forbidden"]);

const LACKS = {
  lexical: "Without search by words",
  vector: "Without search by meaning",
  completion: "Without exact scores for some hits: they stand in their first order",
  documents: "Without the content of some hits",
  highlights: "Without the matching passages",
  facets: "Without counts, or without some of them",
  profile: "In everybody's order: what this person likes is not known just now",
  rerank: "Not in the order that it should be, wholly or in part",
  cursor: "Without the next pages",
  catalogue: "What is live is not known just now: the last known release answers",
};
const REASONS = {
  timeout: "timed out",
  unavailable: "not available",
  error: "failed",
  skipped: "failed several times, tried again shortly",
  rebuilding: "being built again: it is not complete yet",
  behind: "not up to what was just written",
};

/** `[{leg, reason}]` as a sentence a part. */
export const lacking = (degraded) =>
  degraded.map(({ leg, reason }) => `${LACKS[leg] ?? `Without ${leg}`} (${REASONS[reason] ?? reason}).`);

/** Draw what holds of a whole reply; `typed` is what was asked. */
export function drawNotices(reply, typed) {
  const drawn = [];
  if (reply.degraded?.length) drawn.push(notice("warning", ...lacking(reply.degraded)));
  if (reply.did_you_mean) drawn.push(correction(reply.did_you_mean, typed));
  draw(byId("notices"), ...drawn);
}

/** A box with a line each. */
export function notice(kind, ...lines) {
  return el("div", { className: `notice ${kind}` }, lines.map((line) => el("p", {}, line)));
}

function correction({ text, words }, typed) {
  const each = Object.entries(words ?? {}).map(([from, to]) => `“${from}” as “${to}”`);
  const line = el("p", {}, "Searched for the words ", el("b", {}, text), " instead of ", el("b", {}, typed), ".");
  const small = each.length ? el("p", { className: "small" }, `Read ${each.join(", ")}.`) : null;
  return el("div", { className: "notice" }, line, small);
}

/** An error as the server says it, and what can be done; where it is a key that is missing, there
 * is a field for it. */
export function errorBox(error, { label, onclick }) {
  const text = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  const hint = error.hint ? el("p", {}, `${error.hint.charAt(0).toUpperCase()}${error.hint.slice(1)}.`) : null;
  const way = NEEDS_KEY.has(error.code) ? keyForm(onclick) : el("button", { type: "button", onclick }, label);
  return el("div", { className: "notice error", role: "alert" }, el("p", {}, el("b", {}, `${text}.`)), hint, way);
}

function keyForm(again) {
  const field = el("input", { type: "password", name: "key", required: true, pattern: "[!-~]+", autocomplete: "off",
    spellcheck: false });
  const onsubmit = (event) => {
    event.preventDefault();
    useKey(field.value);
    again();
  };
  return el("form", { className: "key", onsubmit }, el("label", {}, "Key ", field),
    el("button", { type: "submit" }, "Use this key"));
}

/** Nothing was found, and what to try: `ways` are buttons, [label, what it does]. */
export function nothingFound(ways) {
  const tips = el("p", {}, "Try other or fewer words, or check their spelling.");
  const buttons = ways.map(([label, onclick]) => el("button", { type: "button", onclick }, label));
  return el("div", { className: "empty" }, el("p", { className: "big" }, "Nothing was found."), tips, buttons);
}

/** Grey bars where results will stand. */
export function skeleton(count) {
  const bars = () => el("div", { className: "ghost" }, el("i"), el("i"), el("i"));
  return el("div", { className: "skeleton", "aria-hidden": "true" }, Array.from({ length: count }, bars));
}
