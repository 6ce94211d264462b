// Facets with counts, and the filter as chips that can be taken off.

import { byId, draw, el } from "./dom.js";
import { chosen, replaced, toggled } from "./state.js";

const FIRST = 8; // values of a field that are shown before all of them are asked for
const MOST = 100; // values of a field that the server counts
const BOUNDS = { gt: "above", gte: "from", lt: "below", lte: "to" };

/** `in_print` as people read it. */
export function labelOf(field) {
  const words = field.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value, told as text, as the filter wants it. */
const typed = (value, type) => (type === "boolean" ? value === "true" : value);

/** A value as people read it. */
export function shown(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Draw the counts. `change` gets the new filter; the box that had the focus keeps it, or where it
 * is no more, the results get it. */
export function drawFacets(counts, types, filter, change) {
  const place = byId("facets");
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const open = new Set([...place.querySelectorAll("[data-all]")].map((each) => each.dataset.all));
  const drawn = Object.entries(counts)
    .map(([field, values]) => group(field, values, types[field], filter, open.has(field), change))
    .filter((each) => each !== null);
  draw(place, ...drawn);
  byId("filters").hidden = drawn.length === 0;
  if (focused) [...place.querySelectorAll("input")].find((box) => box.dataset.key === focused)?.focus();
}

function group(field, counted, type, filter, isOpen, change) {
  const wanted = chosen(filter, field);
  const values = counted.map(({ value, count }) => ({ value: typed(value, type), count }));
  for (const value of wanted) {
    if (!values.some((each) => each.value === value)) values.push({ value, count: 0 });
  }
  const isOneEach = values.length > FIRST && values.every(({ count }) => count <= 1);
  if (!values.length || (!wanted.length && (field === "url" || isOneEach))) return null;
  const boxes = values.map(({ value, count }) =>
    box(field, value, count, wanted.includes(value), () => change(toggled(filter, field, value))),
  );
  const made = el("fieldset", { className: "facet" }, el("legend", {}, labelOf(field)), boxes);
  const cut = counted.length < MOST ? null : el("p", { className: "small" }, `These are the ${MOST} most frequent.`);
  if (values.length > FIRST) fold(made, boxes, cut, field, isOpen);
  return made;
}

/** Hide what comes after the first boxes until it is asked for; `cut` says that it is not all. */
function fold(made, boxes, cut, field, isOpen) {
  const rest = boxes.slice(FIRST).filter((each) => !each.querySelector("input").checked);
  if (!rest.length) return;
  const unfold = (open) => {
    rest.forEach((each) => (each.hidden = !open));
    if (cut) cut.hidden = !open;
    const text = open ? "Fewer" : `${rest.length} more`;
    button.textContent = text;
    button.setAttribute("aria-expanded", String(open));
    button.setAttribute("aria-label", `${text} values of ${labelOf(field)}`);
    if (open) made.dataset.all = field;
    else delete made.dataset.all;
  };
  const button = el("button", { type: "button", className: "quiet", onclick: () => unfold(rest[0].hidden) });
  made.append(...[cut, button].filter(Boolean));
  unfold(isOpen);
}

function box(field, value, count, isChosen, onchange) {
  const input = el("input", { type: "checkbox", checked: isChosen, onchange });
  input.dataset.key = JSON.stringify([field, value]);
  const number = el("span", { className: "number" }, count.toLocaleString("en"));
  return el("label", { className: "value" }, input, el("span", { className: "text" }, shown(value)), number);
}

/** Draw the filter: a chip for each value, and one for each other condition. */
export function drawChips(filter, change) {
  const chips = typeof filter === "string" ? [chip(filter, () => change({}))] : chipsOf(filter, change);
  if (chips.length > 1) {
    chips.push(el("button", { type: "button", className: "quiet", onclick: () => change({}) }, "Clear all"));
  }
  draw(byId("chips"), ...chips);
}

function chipsOf(filter, change) {
  return Object.entries(filter).flatMap(([field, condition]) => {
    const values = chosen(filter, field);
    if (values.length) {
      return values.map((value) =>
        chip(`${labelOf(field)}: ${shown(value)}`, () => change(toggled(filter, field, value))),
      );
    }
    return [chip(told(field, condition), () => change(replaced(filter, field, undefined)))];
  });
}

function told(field, condition) {
  const bounds = Object.entries(condition ?? {});
  const isRange = bounds.length && bounds.every(([name]) => BOUNDS[name]);
  if (field === "not" || !isRange) return `${labelOf(field)}: ${JSON.stringify(condition)}`;
  return `${labelOf(field)}: ${bounds.map(([name, value]) => `${BOUNDS[name]} ${value}`).join(" ")}`;
}

function chip(text, onclick) {
  const cross = el("span", { "aria-hidden": "true" }, "×");
  return el("button", { type: "button", className: "chip", "aria-label": `Remove filter ${text}`, onclick }, text, cross);
}
