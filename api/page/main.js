// The page: what the address asks is asked of the server and drawn.

import { get, Latest, wasDropped } from "./api.js";
import { compare } from "./compare.js";
import { drawControls, setUpControls } from "./controls.js";
import { byId, draw, say } from "./dom.js";
import { drawChips } from "./facets.js";
import { Found } from "./found.js";
import { subject } from "./heading.js";
import { errorBox, skeleton } from "./notices.js";
import { address, filterText, isBrowsing, readState } from "./state.js";
import { Suggestions } from "./suggestions.js";

const PAUSE_MS = 300; // without a key, and the search runs by itself

const latest = new Latest();
const list = byId("list");
let setup = null;
let state = null;
let timer = 0;

/** Ask for something else; a place in the history of its own, but where one only goes on typing. */
function go(changes, { isPreview = false } = {}) {
  clearTimeout(timer);
  const { name = history.state?.name, ...asked } = changes;
  const next = { ...state, ...asked };
  const isSame = address(next) === address(state);
  const isTyping = history.state?.isPreview && address({ ...next, q: "" }) === address({ ...state, q: "" });
  const place = { isPreview, name: next.similar ? name : undefined };
  state = next;
  if (isSame || isTyping) history.replaceState(place, "", address(state));
  else {
    keepPlace();
    history.pushState(place, "", address(state));
  }
  run({ isRecorded: !isPreview });
}

/** Where the list stands, for who comes back to it; see also Found, which notes how long it is. */
function keepPlace() {
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
}

/** The same with something changed beside it; what was typed meanwhile counts. */
function refine(changes) {
  const typed = state.similar ? {} : { q: byId("q").value };
  go({ ...typed, ...changes });
}

/** The same for another text. */
function search(q, options) {
  go({ q, similar: "", sort: q.trim() ? "" : state.sort }, options);
}

async function run({ isRecorded }) {
  const signal = latest.next();
  const { pages = 1, scroll } = history.state ?? {};
  list.setAttribute("aria-busy", "true");
  try {
    drawControls(state, setup);
    drawChips(state.filter, (filter) => refine({ filter }));
    document.title = subject(state) ? `${subject(state)} - Tandem` : "Tandem";
    if (state.view === "compare" && !isBrowsing(state)) await drawComparison(signal);
    else await new Found(state, setup, signal, { go, refine }).draw(isRecorded, pages);
  } catch (error) {
    if (wasDropped(error)) return;
    drawError(error, () => run({ isRecorded }));
  }
  if (signal.aborted) return;
  if (scroll !== undefined) window.scrollTo(0, scroll);
  list.setAttribute("aria-busy", "false");
}

async function drawComparison(signal) {
  draw(byId("notices"));
  draw(byId("more"));
  byId("count").textContent = state.similar ? subject(state) : `Rankings for “${subject(state)}”`;
  byId("filters").hidden = true;
  await compare(list, setup.configurations, state, signal);
  if (!signal.aborted) say(`${byId("count").textContent}, side by side`);
}

function drawError(error, again) {
  draw(byId("notices"));
  draw(byId("more"));
  byId("count").textContent = "No answer";
  byId("filters").hidden = !byId("facets").hasChildNodes();
  draw(list, errorBox(error, { label: "Try again", onclick: again }));
}

function listenToTheBox() {
  const box = byId("q");
  const suggestions = new Suggestions({
    filter: () => filterText(state.filter),
    choose(text) {
      box.value = text;
      search(text);
    },
  });
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    suggestions.close();
    search(box.value);
  });
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (box.value !== state.q) search(box.value, { isPreview: true });
    }, PAUSE_MS);
  });
  window.addEventListener("popstate", () => {
    clearTimeout(timer);
    const asked = readState(setup.people);
    const isSame = address(asked) === address(state);
    state = asked;
    box.value = state.q;
    if (isSame) return; // only the place on the page is another
    suggestions.close();
    run({ isRecorded: false });
  });
}

async function start() {
  if (matchMedia("(max-width: 50rem)").matches) byId("filters").open = false;
  history.scrollRestoration = "manual"; // the browser's own comes before there are hits
  window.addEventListener("pagehide", keepPlace);
  draw(list, skeleton(5));
  byId("q").value = new URLSearchParams(location.search).get("q") ?? "";
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address is what is asked
    byId("results").focus();
  });
  try {
    setup = await get("/page/setup.json", {});
  } catch (error) {
    drawError(error, () => location.reload());
    return;
  }
  state = readState(setup.people);
  setUpControls(setup, refine);
  listenToTheBox();
  const [entrance] = performance.getEntriesByType("navigation");
  run({ isRecorded: entrance?.type === "navigate" && !isBrowsing(state) });
}

start();
