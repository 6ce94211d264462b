// One rater's way through a pool: where they are, what is kept, where to go on.

import { get, Latest, post, wasDropped } from "./api.js";
import { byId, counted, draw, el, say } from "./dom.js";
import { drawContent, drawEnd, drawFar, drawQuery, drawStrip, markGrades } from "./judge-draw.js";

export class Work {
  #pool;
  #rater;
  #on; // show(section), fail(error, again)
  #latest = new Latest();
  #isSaving = false;
  #isOver = false;
  #isShown = false; // the document that is to be judged can be seen
  #queries = [];
  #documents = [];
  #query = 0;
  #place = 0;

  constructor(pool, rater, on) {
    this.#pool = pool;
    this.#rater = rater;
    this.#on = on;
  }

  /** Go on where something is left to rate, or at the query of the address. */
  async begin(queryId) {
    byId("document").replaceChildren(); // of whoever judged here before
    await this.#try(async () => {
      const told = await this.#ask("queries", {}, this.#latest.next());
      this.#queries = told.queries;
      const options = this.#queries.map(({ text }, at) => el("option", {}, `${at + 1}. ${text}`));
      byId("queries").replaceChildren(...options);
      const asked = this.#queries.findIndex((each) => each.query_id === queryId);
      const open = this.#queries.findIndex(isOpen);
      if (asked < 0 && open < 0) this.#end();
      else await this.#openQuery(asked < 0 ? open : asked);
    });
  }

  /** The rater goes: what is under way is kept, and shown to nobody. */
  leave() {
    this.#isOver = true;
    this.#latest.cancel();
  }

  /** Keep a grade of the document that is seen, and go on to the next one that has none. */
  async rate(grade) {
    if (!this.#isShown) return;
    const query = this.#queries[this.#query];
    const document = this.#documents[this.#place];
    const what = { query_id: query.query_id, document_id: document.document_id, grade };
    await this.#save("ratings", what, async () => {
      Object.assign(document, { rated: true, grade });
      this.#count();
      await this.#goOn(grade === null ? "Left unjudged." : `Graded ${grade}.`);
    });
  }

  /** Take the last rating back, and go to where it was. */
  async undo() {
    await this.#save("undo", {}, async ({ undone }) => {
      const at = this.#queries.findIndex((each) => each.query_id === undone?.query_id);
      if (!undone) say("There is nothing to take back.");
      else if (at < 0) say("Taken back, of a query that is not in the pool any more.");
      else await this.#goTo(at, undone.document_id, `Took back ${undone.grade ?? "what was left unjudged"}.`);
    });
  }

  /** The document before or after, also over the ends of a query. */
  async step(by) {
    const to = this.#place + by;
    if (this.#documents[to]) await this.#see(to);
    else if (this.#queries[this.#query + by]) await this.#goTo(this.#query + by, by < 0 ? "last" : "first");
    else say(by < 0 ? "This is the first document." : "This is the last document.");
  }

  async stepQuery(by) {
    await this.goToQuery(this.#query + by);
  }

  async goToQuery(at) {
    if (this.#queries[at]) await this.#goTo(at, "first");
  }

  #goTo = (at, which, said) => this.#try(() => this.#openQuery(at, which, said));

  #see = (place, said) => this.#try(() => this.#openDocument(place, said));

  async #goOn(said) {
    const open = (each) => !each.rated;
    const next = nextOf(this.#documents, this.#place, open);
    if (next >= 0) {
      await this.#see(next, said);
      return;
    }
    const query = nextOf(this.#queries, this.#query, isOpen);
    if (query >= 0) await this.#goTo(query, undefined, said);
    else this.#end(said);
  }

  /** `which`: a document's id, "first" or "last"; by default the first that has no rating. */
  async #openQuery(at, which, said = "") {
    const query = this.#queries[at];
    const signal = this.#latest.next();
    this.#isShown = false;
    const told = await this.#ask("documents", { query_id: query.query_id }, signal);
    this.#query = at;
    this.#documents = told.documents;
    this.#count();
    this.#on.show("work");
    history.replaceState(null, "", `/judge?${new URLSearchParams({ pool: this.#pool, query: query.query_id })}`);
    drawQuery(query, at, this.#queries.length);
    drawStrip(this.#documents, (place) => this.#see(place));
    await this.#openDocument(this.#placeOf(which), `${said} Query: ${query.text}.`);
  }

  #placeOf(which) {
    if (which === "last") return this.#documents.length - 1;
    if (which === "first") return 0;
    const found = this.#documents.findIndex((each) => (which === undefined ? !each.rated : each.document_id === which));
    return Math.max(0, found);
  }

  async #openDocument(place, said = "") {
    const signal = this.#latest.next();
    this.#isShown = false;
    this.#place = place;
    const { document_id } = this.#documents[place];
    markGrades(this.#documents, place);
    byId("document").setAttribute("aria-busy", "true");
    const query_id = this.#queries[this.#query].query_id;
    const content = await get("/v1/judging/document", { pool: this.#pool, query_id, document_id }, { signal });
    const title = drawContent(content);
    byId("document").setAttribute("aria-busy", "false");
    window.scrollTo(0, 0);
    this.#isShown = true;
    say(`${said} Document ${place + 1} of ${this.#documents.length}: ${title}`.trim());
  }

  #end(said = "") {
    this.#count();
    this.#on.show("end");
    drawEnd(this.#pool, () => this.goToQuery(0), () => this.undo());
    byId("judging").focus();
    say(`${said} Every document of this pool is rated.`.trim());
  }

  /** What is rated, of this query and of all. */
  #count() {
    const query = this.#queries[this.#query];
    if (this.#documents.length) query.rated = this.#documents.filter((each) => each.rated).length;
    const total = (name) => this.#queries.reduce((sum, each) => sum + each[name], 0);
    const done = this.#queries.filter((each) => !isOpen(each)).length;
    const far = `${total("rated").toLocaleString("en")} of ${counted(total("documents"), "document")}, `;
    drawFar(total("rated"), total("documents"), `${far}${done} of ${counted(this.#queries.length, "query", "queries")}`);
  }

  #who = () => ({ pool: this.#pool, rater: this.#rater });

  #ask = (what, given, signal) => get(`/v1/judging/${what}`, { ...this.#who(), ...given }, { signal });

  /** Keep something, and go on from what is replied. One thing at a time: a key that comes meanwhile
   * was meant for what is not seen yet. Where to go on fails, that alone is tried again. */
  async #save(path, what, goOn) {
    if (this.#isSaving) return;
    await this.#try(async () => {
      this.#isSaving = true;
      let told;
      try {
        told = await post(`/v1/judging/${path}`, { ...this.#who(), ...what });
      } finally {
        this.#isSaving = false;
      }
      if (!this.#isOver) await goOn(told);
    });
  }

  /** What fails is told, and can be tried again. */
  async #try(act) {
    if (this.#isOver) return;
    try {
      draw(byId("notices"));
      await act();
    } catch (error) {
      if (wasDropped(error) || this.#isOver) return;
      byId("document").setAttribute("aria-busy", "false");
      if (!this.#isShown) byId("document").replaceChildren(); // what stood there is another one's
      this.#on.fail(error, () => this.#try(act));
    }
  }
}

const isOpen = (query) => query.rated < query.documents;

/** The place of the next one for which it holds, from the beginning again after the last; or -1. */
function nextOf(all, from, holds) {
  for (let step = 1; step <= all.length; step += 1) {
    const at = (from + step) % all.length;
    if (holds(all[at])) return at;
  }
  return -1;
}
