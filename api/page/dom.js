// Everything that is drawn is made here, of text nodes: no data ever becomes markup.

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&#39;": "'" };

/** An element. `given`: properties; `on…` are listeners, what holds a dash or is `role` is an
 * attribute. `children`: elements, texts, or nothing. */
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "role" || name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** Text between `<mark>`s, of a server's escaped HTML; any other tag stays the text that it is. */
export function marked(html) {
  const made = document.createDocumentFragment();
  let place = made;
  for (const piece of html.split(/(<mark>|<\/mark>)/)) {
    if (piece === "<mark>") {
      place = el("mark");
      made.append(place);
    } else if (piece === "</mark>") place = made;
    else place.append(piece.replace(/&(amp|lt|gt|quot|#x27|#39);/g, (entity) => ENTITIES[entity]));
  }
  return made;
}

/** The element of the page with that id. */
export const byId = (id) => document.getElementById(id);

/** Have `place` hold `children` and nothing else. Who stood in it with the keyboard goes on at the
 * results, not at the top of the page. */
export function draw(place, ...children) {
  const isLeft = place.contains(document.activeElement);
  place.replaceChildren(...children.filter((child) => child !== null));
  if (isLeft) document.querySelector("main").focus({ preventScroll: true });
}

/** The address of a document that has one, or null: only what a browser opens as a page. */
export function webAddress(value) {
  if (typeof value !== "string" || !/^https?:\/\//i.test(value)) return null;
  return URL.canParse(value) ? value : null;
}

/** `1 result`, `2 results`. */
export const counted = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** Tell those who do not see the page. */
export function say(text) {
  byId("said").textContent = text;
}
