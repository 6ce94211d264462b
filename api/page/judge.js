// Judging: who judges which pool, and what keys and buttons do. The work itself is in Work.

import { get } from "./api.js";
import { byId, counted, draw, el } from "./dom.js";
import { Work } from "./judge-work.js";
import { errorBox } from "./notices.js";

const NAME = "tandem.rater"; // the browser remembers who judges
const SHORTCUTS = "tandem.judging.shortcuts";

let work = null;

function show(section) {
  for (const id of ["entrance", "work", "end"]) byId(id).hidden = id !== section;
  byId("grading").hidden = section !== "work";
  for (const id of ["progress", "who"]) byId(id).hidden = section === "entrance";
}

function fail(error, again) {
  draw(byId("notices"), errorBox(error, { label: "Try again", onclick: again }));
}

async function enter() {
  work?.leave();
  work = null;
  show("entrance");
  byId("begin").hidden = true;
  let told;
  try {
    told = await get("/v1/judging/pools", {});
  } catch (error) {
    fail(error, enter);
    return;
  }
  const usable = told.pools.filter(({ fault }) => fault === null);
  const broken = told.pools.filter(({ fault }) => fault !== null);
  draw(byId("notices"), ...broken.map(brokenPool), usable.length ? null : noPool());
  byId("begin").hidden = !usable.length;
  drawGrades(told.grades);
  byId("pools").replaceChildren(...usable.map(poolOption));
  const given = new URLSearchParams(location.search).get("pool");
  if (usable.some(({ name }) => name === given)) byId("pools").value = given;
  byId("rater").value = localStorage.getItem(NAME) ?? "";
  if (usable.some(({ name }) => name === given) && byId("rater").value) begin();
}

const poolOption = ({ name, queries, documents }) =>
  el("option", { value: name }, `${name}: ${counted(documents, "document")} of ${counted(queries, "query", "queries")}`);

const brokenPool = ({ name, fault }) =>
  el("div", { className: "notice error" }, el("p", {}, `The pool ${name} cannot be judged: ${fault}`));

const noPool = () =>
  el("div", { className: "notice" }, el("p", {}, "There is no pool to judge yet. Make one where the server runs:"),
    el("p", {}, el("code", {}, "tandem eval pool QUERIES --configuration lexical --configuration semantic")),
    el("button", { type: "button", onclick: enter }, "Look again"));

function drawGrades(grades) {
  const button = ({ grade, meaning }) =>
    el("button", { type: "button", "aria-keyshortcuts": String(grade), "data-grade": String(grade),
      onclick: () => work?.rate(grade) }, el("b", {}, String(grade)), meaning);
  byId("grades").replaceChildren(...grades.map(button));
}

async function begin() {
  const [pool, rater] = [byId("pools").value, byId("rater").value.trim()];
  if (!rater) return;
  localStorage.setItem(NAME, rater);
  byId("as").textContent = `${rater} judges ${pool}`;
  work?.leave();
  work = new Work(pool, rater, { show, fail });
  await work.begin(new URLSearchParams(location.search).get("query"));
}

const KEYS = {
  s: () => work.rate(null),
  u: () => work.undo(),
  ArrowLeft: () => work.step(-1),
  ArrowRight: () => work.step(1),
  "[": () => work.stepQuery(-1),
  "]": () => work.stepQuery(1),
};

function onKey(event) {
  if (!work || byId("work").hidden || !byId("shortcuts").checked) return;
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.matches("select, input:not([type=checkbox]), textarea")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const grade = byId("grades").querySelector(`[data-grade="${CSS.escape(key)}"]`);
  const act = grade ? () => work.rate(Number(key)) : KEYS[key];
  if (!act) return;
  event.preventDefault();
  act();
}

function start() {
  byId("begin").addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  byId("leave").addEventListener("click", () => {
    history.replaceState(null, "", "/judge");
    enter();
    byId("judging").focus();
  });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("judging").focus();
  });
  byId("shortcuts").checked = localStorage.getItem(SHORTCUTS) !== "off";
  byId("shortcuts").addEventListener("change", (event) =>
    localStorage.setItem(SHORTCUTS, event.target.checked ? "on" : "off"));
  byId("unjudged").addEventListener("click", KEYS.s);
  byId("undo").addEventListener("click", KEYS.u);
  byId("back").addEventListener("click", KEYS.ArrowLeft);
  byId("on").addEventListener("click", KEYS.ArrowRight);
  byId("earlier").addEventListener("click", KEYS["["]);
  byId("later").addEventListener("click", KEYS["]"]);
  byId("queries").addEventListener("change", (event) => work.goToQuery(event.target.selectedIndex));
  document.addEventListener("keydown", onKey);
  enter();
}

start();
