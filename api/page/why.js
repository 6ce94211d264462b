// Why a hit stands where it does, as a bar chart: what each leg said, what each feature did.

import { el } from "./dom.js";

const NAMES = { lexical: "Words", vector: "Meaning", bias: "what every hit gets" };
const MOST = 8; // features that are drawn one by one: a model has dozens
const SVG = "http://www.w3.org/2000/svg";

/** The chart of an explained hit; `applied`: rules and synonyms of the whole query. */
export function chart({ explain, score, applied }) {
  const parts = [];
  const rules = explain.rules ?? [];
  if (explain.features?.length) {
    const rows = explain.features.map(({ name, value, contribution }) => ({
      name: NAMES[name] ?? name.replace(".", ": "), amount: contribution, note: said(name, value),
    }));
    const title = rules.length ? beforeRules(rows, score) : `What makes the score of ${short(score)}`;
    parts.push(section(title, largest(rows)));
  }
  if (explain.legs?.length) {
    const rows = explain.legs.map(({ leg, rank, score: said, share }) => ({
      name: NAMES[leg] ?? leg, amount: share, note: noteOf(rank, said),
    }));
    parts.push(section("What each search said: share of the fused score", rows));
  }
  if (rules.length) parts.push(list("Rules for this hit", rules));
  if (applied?.length) parts.push(list("Rules and synonyms that took part", applied));
  return el("div", { className: "chart" }, parts);
}

/** Rules change the score that the features made: the bars add up to what it was before. */
function beforeRules(rows, score) {
  const made = rows.reduce((sum, { amount }) => sum + amount, 0);
  return `What makes the score of ${short(made)} before the rules; after them it is ${short(score)}`;
}

const said = (name, value) => (name === "bias" ? "" : value === null ? "unknown" : `value ${short(value)}`);

/** Of many features those that did most, and what all others did together. */
function largest(rows) {
  if (rows.length <= MOST + 1) return rows;
  const ordered = rows.toSorted((one, other) => Math.abs(other.amount) - Math.abs(one.amount));
  const rest = ordered.slice(MOST);
  const amount = rest.reduce((sum, row) => sum + row.amount, 0);
  return [...ordered.slice(0, MOST), { name: `the other ${rest.length}`, amount, note: "together" }];
}

function noteOf(rank, score) {
  const said = score === null ? "no score" : `score ${short(score)}`;
  return rank === null ? `not among its best, ${said}` : `rank ${rank}, ${said}`;
}

const short = (number) => String(Number(number.toPrecision(3)));

const signed = (amount) => `${amount < 0 ? "−" : amount > 0 ? "+" : ""}${short(Math.abs(amount))}`;

function section(title, rows) {
  const largest = Math.max(...rows.map((row) => Math.abs(row.amount)), Number.MIN_VALUE);
  const drawn = rows.map(({ name, amount, note }) =>
    el("tr", {},
      el("th", { scope: "row" }, name.replaceAll("_", " ")),
      el("td", { className: "bars" }, bar(amount / largest)),
      el("td", { className: "amount" }, signed(amount)),
      el("td", { className: "note" }, note),
    ),
  );
  return el("table", {}, el("caption", {}, title), el("tbody", {}, drawn));
}

/** A bar of -1 to 1; what pulls down has another colour and a minus beside it. */
function bar(part) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", "0 0 100 8"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
    svg.setAttribute(name, value);
  }
  for (const [kind, width] of [["track", 100], [part < 0 ? "minus" : "plus", Math.abs(part) * 100]]) {
    const box = document.createElementNS(SVG, "rect");
    box.setAttribute("class", kind);
    box.setAttribute("width", String(width));
    box.setAttribute("height", "8");
    svg.append(box);
  }
  return svg;
}

const list = (title, lines) =>
  el("div", {}, el("p", { className: "caption" }, title), el("ul", {}, lines.map((line) => el("li", {}, line))));
