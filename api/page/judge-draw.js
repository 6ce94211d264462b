// What stands on the judging page: the query, its documents, the one that is judged, how far it is.

import { byId, draw, el, webAddress } from "./dom.js";

const NO_INTENT = "Nobody has noted what is meant: judge by what most people who type this would want.";

export function drawQuery(query, at, count) {
  byId("query").textContent = query.text;
  byId("intent").textContent = query.intent || NO_INTENT;
  byId("intent").className = query.intent ? "" : "none";
  byId("queries").selectedIndex = at;
  byId("earlier").disabled = at === 0;
  byId("later").disabled = at === count - 1;
}

/** A button a document; `open` gets its place. */
export function drawStrip(documents, open) {
  const item = (_, place) => el("li", {}, el("button", { type: "button", onclick: () => open(place) }));
  draw(byId("strip"), ...documents.map(item));
}

/** Show which document is seen, and what was said of each. */
export function markGrades(documents, place) {
  for (const [at, button] of [...byId("strip").querySelectorAll("button")].entries()) {
    const { rated, grade } = documents[at];
    button.textContent = !rated ? "·" : grade ?? "–";
    button.className = rated ? "rated" : "";
    const said = !rated ? "not rated" : grade === null ? "left unjudged" : `grade ${grade}`;
    button.setAttribute("aria-label", `Document ${at + 1}: ${said}`);
    button.setAttribute("aria-current", String(at === place));
    if (at === place) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  const { rated, grade } = documents[place];
  for (const button of byId("grades").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(rated && button.dataset.grade === String(grade)));
  }
  byId("unjudged").setAttribute("aria-pressed", String(rated && grade === null));
}

/** The document; what it is called. */
export function drawContent({ document_id: id, gone, title, body, attributes }) {
  const name = title || id;
  const said = gone
    ? el("p", { className: "text gone" }, "This document is gone from the collection. Leave it unjudged.")
    : el("p", { className: "text" }, body || "It has no text.");
  byId("document").replaceChildren(el("h3", { id: "title" }, name), said, ...attributesOf(attributes ?? {}));
  return gone ? `${name}, gone` : name;
}

function attributesOf(attributes) {
  const pairs = Object.entries(attributes);
  if (!pairs.length) return [];
  const value = (held) => {
    const address = webAddress(held);
    const text = Array.isArray(held) ? held.join(", ") : String(held);
    return address ? el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text) : text;
  };
  const row = ([name, held]) => el("div", {}, el("dt", {}, name), el("dd", {}, value(held)));
  return [el("dl", { className: "attributes" }, pairs.map(row))];
}

/** How far it is, in a bar and in words. */
export function drawFar(rated, documents, words) {
  Object.assign(byId("done"), { max: documents, value: rated });
  byId("far").textContent = `Rated: ${words}`;
}

export function drawEnd(pool, again, undo) {
  draw(byId("end"), el("p", { className: "big" }, "Every document of this pool is rated. Thank you."),
    el("p", {}, "How far raters agree, and the judgments as a file:"), el("p", {}, el("code", {}, `tandem eval ratings ${pool}`)),
    el("div", { className: "chips" }, el("button", { type: "button", onclick: again }, "Look through it again"),
      el("button", { type: "button", onclick: undo }, "Take back the last rating")));
}
