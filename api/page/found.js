// A list on the page: the hits, what stands around them, and what is done with them.

import { wasDropped } from "./api.js";
import { isPersonal, personOf } from "./controls.js";
import { byId, counted, draw, el, say } from "./dom.js";
import { tellClick } from "./events.js";
import { drawFacets } from "./facets.js";
import { heading, spoken } from "./heading.js";
import { countsFor, Listing, PAGE, ranksWithoutPerson } from "./listing.js";
import { drawNotices, errorBox, nothingFound, skeleton } from "./notices.js";
import { drawMoves, entry, nameOf } from "./results.js";
import { filterText, isBrowsing } from "./state.js";

export class Found {
  #state;
  #setup;
  #signal;
  #asking;
  #listing;
  #moves = null;
  #list = byId("list");

  /** What `state` asks for, until `signal` says that something else is asked. `asking`: how that is
   * done, `go(changes)` and `refine(changes)`. */
  constructor(state, setup, signal, asking) {
    this.#state = state;
    this.#setup = setup;
    this.#signal = signal;
    this.#asking = asking;
  }

  /** Ask and draw; `pages` were shown when the list was left. */
  async draw(isRecorded, pages) {
    this.#listing = new Listing(this.#state, this.#setup.facets, isRecorded);
    if (!this.#list.querySelector(".hits")) draw(this.#list, skeleton(5));
    const reply = await this.#listing.first(this.#signal);
    this.#drawPages();
    say(spoken(this.#state, reply));
    await Promise.all([this.#drawCounts(reply), this.#drawPerson(), this.#unless(this.#refill(pages))]);
  }

  async #refill(pages) {
    while (this.#listing.pages.length < pages && this.#listing.last.cursor) {
      this.#append(await this.#listing.next(this.#signal));
    }
  }

  /** All pages, in the place of what is shown. */
  #drawPages() {
    const [first, ...others] = this.#listing.pages;
    drawNotices(first, this.#state.q);
    byId("count").textContent = heading(this.#state, first);
    draw(this.#list, first.hits.length ? el("ol", { className: "hits" }) : nothingFound(this.#ways()));
    draw(byId("more"));
    if (first.hits.length) for (const page of [first, ...others]) this.#append(page);
  }

  #append(page) {
    this.#list.querySelector(".hits").append(...page.hits.map((hit) => entry(hit, this.#state, this)));
    draw(byId("more"), ...this.#ending());
    this.#drawMoves();
  }

  async #drawCounts(reply) {
    if (!reply.facets) {
      byId("filters").hidden = true;
      return;
    }
    const { facets, fields } = this.#setup;
    const types = Object.fromEntries(fields.map(({ field, type }) => [field, type]));
    const counts = await this.#unless(countsFor(this.#state, facets, reply, this.#signal), reply.facets);
    drawFacets(counts, types, this.#state.filter, (filter) => this.#asking.refine({ filter }));
  }

  async #drawPerson() {
    const person = personOf(this.#state, this.#setup);
    if (!person || !isPersonal(this.#state) || !this.#listing.hits.length) return;
    const ranks = await this.#unless(ranksWithoutPerson(this.#state, this.#signal));
    if (ranks) this.#moves = { ranks, name: person.name };
    this.#drawMoves();
  }

  #drawMoves() {
    if (this.#moves) drawMoves(this.#list, this.#listing.hits, this.#moves.ranks, this.#moves.name);
  }

  /** What is asked beside the list, or what stands in for it where that fails: the list is there. */
  async #unless(asked, standIn = null) {
    try {
      return await asked;
    } catch (error) {
      if (wasDropped(error)) throw error;
      return standIn;
    }
  }

  #ways() {
    const known = [];
    const { go } = this.#asking;
    if (filterText(this.#state.filter)) known.push(["Search without filters", () => go({ filter: {} })]);
    if (this.#state.configuration !== "hybrid" && !isBrowsing(this.#state)) {
      known.push(["Search by words and meaning", () => go({ configuration: "hybrid" })]);
    }
    return known;
  }

  /** What stands below the last hit. */
  #ending() {
    const { cursor, degraded, total } = this.#listing.last;
    const last = this.#listing.hits.at(-1).rank;
    const told = (text) => el("p", { className: "small" }, text);
    if (cursor) {
      const button = el("button", { type: "button", onclick: () => this.#more(button) }, "More results");
      return [button];
    }
    if (degraded.some(({ leg }) => leg === "cursor")) {
      const again = el("button", { type: "button", onclick: () => this.#asking.go({}) }, "Search again");
      return [told(`Where to go on after ${last} could not be kept.`), again];
    }
    if (total === null) return [told(`The list ends here, at ${last}.`)];
    if (total > last) {
      return [told(`Paging ends here, at ${last} of ${counted(total, "result")}. Narrow the search down to see others.`)];
    }
    return last > PAGE ? [told("These are all results.")] : [];
  }

  async #more(button) {
    if (this.#list.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-disabled", "true");
    this.#list.setAttribute("aria-busy", "true");
    try {
      if ((await this.#listing.record()) && this.#listing.last.cursor) await this.#drawNext();
      else this.#redraw();
    } catch (error) {
      if (!this.#signal.aborted) this.#drawMoreError(error, button);
    } finally {
      if (!this.#signal.aborted) this.#list.setAttribute("aria-busy", "false");
    }
  }

  async #drawNext() {
    const page = await this.#listing.next(this.#signal);
    this.#append(page);
    drawNotices(page, this.#state.q);
    history.replaceState({ ...history.state, pages: this.#listing.pages.length }, "");
    const first = page.hits[0];
    if (!first) return;
    say(`Results ${first.rank} to ${page.hits.at(-1).rank}${page.total === null ? "" : ` of ${page.total}`}`);
    this.#list.querySelectorAll(".hit")[first.rank - 1]?.querySelector("h3 > *")?.focus({ preventScroll: true });
  }

  /** The list has changed between a preview and its use. */
  #redraw() {
    if (this.#signal.aborted) return;
    this.#drawPages();
    say("The results have changed meanwhile and are shown anew");
  }

  #drawMoreError(error, button) {
    button.removeAttribute("aria-disabled");
    const again =
      error.code === "cursor_expired"
        ? { label: "Search again", onclick: () => this.#asking.go({}) }
        : { label: "Try again", onclick: () => this.#more(button) };
    draw(byId("more"), errorBox(error, again));
  }

  /** A hit was opened. Where the list has changed since it was a preview, the click counts at the
   * place that is recorded; of a document that is there no more it is not told. */
  async open(hit) {
    const { person } = this.#state;
    try {
      if (!(await this.#listing.record())) this.#redraw();
    } catch {
      return; // the list cannot be recorded just now: the hit opens all the same
    }
    const recorded = this.#listing.recordOf(hit);
    if (recorded) await tellClick(...recorded, person);
  }

  explain(hit) {
    return this.#listing.explain(hit);
  }

  like(hit) {
    byId("q").value = "";
    this.#asking.go({ q: "", sort: "", view: "list", similar: hit.document_id, name: nameOf(hit) });
    window.scrollTo(0, 0);
    byId("results").focus({ preventScroll: true });
  }
}
