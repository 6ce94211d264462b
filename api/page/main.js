// The page: what the address asks is asked of the server and drawn.

import { get, Latest, wasDropped } from "./api.js";
import { compare } from "./compare.js";
import { drawControls, personOf, setUpControls } from "./controls.js";
import { byId, counted, el, say } from "./dom.js";
import { tellClick } from "./events.js";
import { drawChips, drawFacets } from "./facets.js";
import { countsFor, isBrowsing, Listing, PAGE, ranksWithoutPerson } from "./listing.js";
import { drawNotices, errorBox, nothingFound, skeleton } from "./notices.js";
import { drawMoves, entry, nameOf } from "./results.js";
import { address, readState } from "./state.js";
import { Suggestions } from "./suggestions.js";

const PAUSE_MS = 300; // without a key, and the search runs by itself

const latest = new Latest();
const list = byId("list");
let setup = {};
let state = readState();
let listing = null;
let timer = 0;

/** Ask for something else; a place in the history of its own, but where it only goes on typing. */
function go(changes, { isPreview = false } = {}) {
  clearTimeout(timer);
  const { name = history.state?.name, ...asked } = changes;
  state = { ...state, ...asked };
  const isSame = address(state) === location.pathname + location.search;
  const isTyping = history.state?.isPreview;
  const place = { isPreview, name: state.similar ? name : undefined };
  if (isSame || isTyping) history.replaceState(place, "", address(state));
  else history.pushState(place, "", address(state));
  run({ isRecorded: !isPreview });
}

/** The same with something changed beside it; what was typed meanwhile counts. */
function refine(changes) {
  const typed = state.similar ? {} : { q: byId("q").value };
  go({ ...typed, ...changes });
}

async function run({ isRecorded }) {
  drawControls(state, setup);
  drawChips(state.filter, (filter) => refine({ filter }));
  document.title = state.q ? `${state.q} - Tandem` : "Tandem";
  list.setAttribute("aria-busy", "true");
  const signal = latest.next();
  try {
    if (state.view === "compare" && !isBrowsing(state)) await drawComparison(signal);
    else await drawList(signal, isRecorded);
  } catch (error) {
    if (wasDropped(error)) return;
    drawError(error, () => run({ isRecorded }));
  }
  if (!signal.aborted) list.setAttribute("aria-busy", "false");
}

async function drawComparison(signal) {
  byId("notices").replaceChildren();
  byId("more").replaceChildren();
  byId("count").textContent = state.similar ? heading() : `Rankings for “${state.q}”`;
  byId("filters").hidden = true;
  listing = null;
  await compare(list, setup.configurations, state, signal);
  if (!signal.aborted) say("The rankings stand side by side");
}

async function drawList(signal, isRecorded) {
  const asked = state;
  if (!list.querySelector(".hits")) list.replaceChildren(skeleton(5));
  const next = new Listing(asked, setup.facets ?? [], isRecorded);
  const reply = await next.first(signal);
  listing = next;
  drawFirst(reply);
  say(reply.hits.length ? byId("count").textContent : "Nothing was found");
  await Promise.all([drawCounts(asked, reply, signal), drawPerson(asked, reply, signal)]);
}

function drawFirst(reply) {
  drawNotices(reply, state.q);
  byId("count").textContent = heading(reply);
  const hits = el("ol", { className: "hits" });
  list.replaceChildren(reply.hits.length ? hits : nothingFound(ways()));
  append(hits, reply);
}

async function drawCounts(asked, reply, signal) {
  if (!reply.facets) {
    byId("filters").hidden = true;
    return;
  }
  const types = Object.fromEntries((setup.fields ?? []).map(({ field, type }) => [field, type]));
  const counts = await unless(countsFor(asked, setup.facets ?? [], reply, signal), reply.facets);
  drawFacets(counts, types, asked.filter, (filter) => refine({ filter }));
}

async function drawPerson(asked, reply, signal) {
  const person = personOf(asked, setup);
  if (!person || isBrowsing(asked) || !reply.hits.length) return;
  const ranks = await unless(ranksWithoutPerson(asked, signal), null);
  if (ranks) drawMoves(list, reply.hits, ranks, person.name);
}

/** What is asked beside the list, or what stands in for it where that fails: the list is there. */
async function unless(asked, standIn) {
  try {
    return await asked;
  } catch (error) {
    if (wasDropped(error)) throw error;
    return standIn;
  }
}

function heading(reply) {
  const name = history.state?.name ?? state.similar;
  const like = state.similar ? `Like “${name}”` : "";
  if (!reply?.hits.length) return like;
  if (isBrowsing(state) && reply.total !== null) return counted(reply.total, "document");
  const count = reply.total === null ? "Results" : counted(reply.total, "result");
  return like ? `${like}: ${count}` : count;
}

function ways() {
  const known = [];
  if (Object.keys(state.filter).length) known.push(["Search without filters", () => go({ filter: {} })]);
  if (state.configuration !== "hybrid" && !isBrowsing(state)) {
    known.push(["Search by words and meaning", () => go({ configuration: "hybrid" })]);
  }
  return known;
}

function append(hits, page) {
  hits.append(...page.hits.map((hit) => entry(hit, state, does)));
  byId("more").replaceChildren(...(page.hits.length ? ending(page) : []));
}

function ending(page) {
  if (page.cursor) {
    const button = el("button", { type: "button", onclick: () => more(button) }, "More results");
    return [button];
  }
  const last = page.hits.at(-1).rank;
  const isAll = page.total === null || page.total <= last;
  if (isAll) return [el("p", { className: "small" }, last > PAGE ? "These are all results." : "")];
  const text = `Paging ends here, at ${last} of ${counted(page.total, "result")}. Narrow the search down to see others.`;
  return [el("p", { className: "small" }, text)];
}

async function more(button) {
  const current = listing;
  if (list.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-disabled", "true");
  list.setAttribute("aria-busy", "true");
  try {
    if (!(await current.record())) return redraw(current);
    if (!current.last.cursor) return redraw(current);
    const page = await current.next();
    if (listing !== current) return;
    const hits = list.querySelector(".hits");
    append(hits, page);
    drawNotices(page, state.q);
    const first = page.hits[0];
    if (first) {
      say(`Results ${first.rank} to ${page.hits.at(-1).rank}${page.total === null ? "" : ` of ${page.total}`}`);
      hits.children[first.rank - 1]?.querySelector("h3 > *")?.focus({ preventScroll: true });
    }
  } catch (error) {
    if (listing === current) drawMoreError(error, button);
  } finally {
    if (listing === current) list.setAttribute("aria-busy", "false");
  }
}

/** The list has changed between a preview and its use. */
function redraw(current) {
  if (listing !== current) return;
  drawFirst(current.last);
  say("The results have changed meanwhile and are shown anew");
}

function drawMoreError(error, button) {
  button.removeAttribute("aria-disabled");
  const isExpired = error.code === "cursor_expired";
  const again = isExpired
    ? { label: "Search again", onclick: () => run({ isRecorded: true }) }
    : { label: "Try again", onclick: () => more(button) };
  byId("more").replaceChildren(errorBox(error, again));
}

function drawError(error, again) {
  listing = null;
  byId("notices").replaceChildren();
  byId("more").replaceChildren();
  byId("count").textContent = "";
  byId("filters").hidden = !byId("facets").hasChildNodes();
  list.replaceChildren(errorBox(error, { label: "Try again", onclick: again }));
}

/** What can be done with a hit. */
const does = {
  async open(hit) {
    const current = listing;
    const person = state.person;
    try {
      await current.record();
    } catch {
      return; // the list cannot be recorded just now: the hit opens all the same
    }
    const query = current.queryOf(hit);
    if (query) await tellClick(query, hit, person);
  },
  explain: (hit) => listing.explain(hit),
  like(hit) {
    byId("q").value = "";
    go({ q: "", sort: "", view: "list", similar: hit.document_id, name: nameOf(hit) });
    window.scrollTo(0, 0);
    byId("results").focus({ preventScroll: true });
  },
};

function listenToTheBox() {
  const box = byId("q");
  const search = (q) => go({ q, similar: "", sort: q.trim() ? "" : state.sort });
  const filter = () => (Object.keys(state.filter).length ? JSON.stringify(state.filter) : null);
  const suggestions = new Suggestions({
    filter,
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
    const preview = () => {
      if (box.value !== state.q) go({ q: box.value, similar: "" }, { isPreview: true });
    };
    timer = setTimeout(preview, PAUSE_MS);
  });
  window.addEventListener("popstate", () => {
    clearTimeout(timer);
    const asked = readState();
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
  byId("q").value = state.q;
  list.replaceChildren(skeleton(5));
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
  setUpControls(setup, refine);
  listenToTheBox();
  const [entrance] = performance.getEntriesByType("navigation");
  const isOpened = entrance?.type === "navigate" && !isBrowsing(state);
  run({ isRecorded: isOpened });
}

start();
