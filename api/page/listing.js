// One list of hits, as the server gives it page by page.

import { get } from "./api.js";
import { CLIENT, SESSION } from "./events.js";
import { chosen, filterText, isBrowsing, replaced } from "./state.js";

export const PAGE = 10;
const WITHOUT_PERSON = 100; // how deep it is looked where a hit stood without the person

/** Where it is asked: what is like a document has an address of its own. */
const path = (state) =>
  state.similar ? `/v1/documents/${encodeURIComponent(state.similar)}/similar` : "/v1/search";

function parameters(state, facets) {
  const asked = {
    filter: filterText(state.filter),
    facets: facets.join(","),
    limit: PAGE,
    user_id: state.person,
    client_id: CLIENT,
    session_id: SESSION,
  };
  if (isBrowsing(state)) return { ...asked, sort: state.sort };
  if (state.similar) return { ...asked, configuration: state.configuration };
  return { ...asked, q: state.q, configuration: state.configuration };
}

/** The pages shown so far of what `state` asks for. `isRecorded`: the event log knows that they
 * were shown; see events.js for when. */
export class Listing {
  #state;
  #facets;
  #cursors = [null];
  #explained = new Map();
  #recording = null;

  constructor(state, facets, isRecorded) {
    this.#state = state;
    this.#facets = facets;
    this.isRecorded = isRecorded;
    this.pages = [];
  }

  get last() {
    return this.pages.at(-1);
  }

  get hits() {
    return this.pages.flatMap((page) => page.hits);
  }

  /** The first page. */
  async first(signal) {
    this.pages = [await this.#ask({ record: this.isRecorded }, signal)];
    return this.last;
  }

  /** The page after those. */
  async next(signal) {
    const cursor = this.last.cursor;
    const page = await this.#ask({ cursor, record: this.isRecorded }, signal);
    this.#cursors.push(cursor);
    this.pages.push(page);
    return page;
  }

  /** Have the event log know of the list. False where the list has changed meanwhile: `pages` then
   * holds the new one. */
  async record() {
    if (this.isRecorded) return true;
    this.#recording ??= this.#record().finally(() => (this.#recording = null));
    return this.#recording;
  }

  async #record() {
    const again = new Listing(this.#state, this.#facets, true);
    await again.first();
    while (again.pages.length < this.pages.length && again.last.cursor) await again.next();
    const [before, now] = [this, again].map(({ hits }) => hits.map((hit) => hit.document_id));
    this.isRecorded = true;
    this.pages = again.pages;
    this.#cursors = again.#cursors;
    this.#explained.clear();
    return before.length === now.length && before.every((id, place) => id === now[place]);
  }

  /** The query under which a document was recorded, and its hit there: `[query_id, hit]`, or null
   * where no page holds it. */
  recordOf({ document_id: id }) {
    for (const page of this.pages) {
      const hit = page.hits.find((each) => each.document_id === id);
      if (hit) return [page.query_id, hit];
    }
    return null;
  }

  /** Why a hit stands where it does, and what rules took part; null where it is found no more. What
   * a model saw is not kept with the pages of a search that did not ask for it: where a page tells
   * no features, the whole list is asked anew. */
  async explain(hit) {
    const place = this.pages.findIndex((page) => page.hits.some((each) => each.rank === hit.rank));
    if (!this.#explained.has(place)) this.#explained.set(place, this.#explain(place));
    try {
      const page = await this.#explained.get(place);
      const found = page.hits.find((each) => each.document_id === hit.document_id);
      return found?.explain ? { ...found, applied: page.applied ?? [] } : null;
    } catch (error) {
      this.#explained.delete(place);
      throw error;
    }
  }

  async #explain(place) {
    const asked = { record: false, explain: true };
    const page = await this.#ask({ ...asked, cursor: this.#cursors[place] });
    const isTold = page.hits.some(({ explain }) => explain?.features.length);
    return isTold || !place ? page : this.#ask({ ...asked, limit: PAGE * (place + 1) });
  }

  #ask(more, signal) {
    return get(path(this.#state), { ...parameters(this.#state, this.#facets), ...more }, { signal });
  }
}

/** What one ranking finds, for the comparison. Never recorded. */
export function foundBy(configuration, state, signal) {
  const asked = parameters({ ...state, configuration }, []);
  return get(path(state), { ...asked, record: false }, { signal });
}

/** document_id -> rank, of the same list for nobody in particular. */
export async function ranksWithoutPerson(state, signal) {
  const asked = { ...parameters(state, []), user_id: null, limit: WITHOUT_PERSON, fields: "title", record: false };
  const page = await get(path(state), asked, { signal });
  return new Map(page.hits.map((hit) => [hit.document_id, hit.rank]));
}

/** field -> counts. What a field's own filter leaves out is counted too, so that several of its
 * values can be chosen: that is asked for without this filter. Chosen values keep the count of the
 * list: under a filter meaning finds documents that stood too far down without it. */
export async function countsFor(state, facets, reply, signal) {
  const counts = { ...reply.facets };
  const filtered = facets.filter((field) => chosen(state.filter, field).length);
  const ask = async (field) => {
    const others = { ...state, filter: replaced(state.filter, field, undefined) };
    const asked = { ...parameters(others, [field]), limit: 1, record: false };
    const page = await get(path(state), asked, { signal });
    if (page.facets) counts[field] = withChosen(page.facets[field], reply.facets[field], chosen(state.filter, field));
  };
  await Promise.all(filtered.map(ask));
  return counts;
}

function withChosen(all, listed, values) {
  const own = values.map((value) => listed.find((each) => each.value === String(value)) ?? { value: String(value), count: 0 });
  const names = new Map(own.map((each) => [each.value, each]));
  const others = own.filter(({ value }) => !all.some((each) => each.value === value));
  return [...all.map((each) => names.get(each.value) ?? each), ...others];
}
