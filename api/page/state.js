// What is asked stands in the address: it can be shared, and Back goes back.

const DEFAULT = { q: "", filter: {}, configuration: "hybrid", sort: "", person: "", view: "list", similar: "" };

/** What the address asks for. Left out are names that mean nothing here, as others add theirs to
 * links; an order of what is searched, which stands by relevance; and a person who is none of
 * `people`: a link that is sent around must not make its reader anybody. */
export function readState(people, search = location.search) {
  const given = new URLSearchParams(search);
  const state = { ...DEFAULT };
  for (const name of Object.keys(DEFAULT)) if (given.get(name)) state[name] = given.get(name);
  state.filter = readFilter(given.get("filter"));
  if (!isBrowsing(state)) state.sort = "";
  if (!people.some((each) => each.user_id === state.person)) state.person = "";
  return state;
}

/** Whether nothing is looked for: the collection is browsed, in an order. */
export const isBrowsing = (state) => !state.q.trim() && !state.similar;

/** A filter that is none stays the text that it is: the server says what is wrong with it. */
function readFilter(text) {
  if (!text) return {};
  try {
    const filter = JSON.parse(text);
    return filter && typeof filter === "object" && !Array.isArray(filter) ? filter : text;
  } catch {
    return text;
  }
}

/** The filter as the server reads it; null where everything is let through. */
export function filterText(filter) {
  const text = typeof filter === "string" ? filter : JSON.stringify(filter);
  return text === "{}" ? null : text;
}

/** The address that asks for it. */
export function address(state) {
  const given = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULT)) {
    const value = name === "filter" ? (filterText(state.filter) ?? usual) : state[name];
    if (value !== usual) given.set(name, value);
  }
  const text = given.toString();
  return text ? `/?${text}` : "/";
}

/** The values that a filter asks of a field: none, one or several. */
export function chosen(filter, field) {
  const value = filter[field];
  if (value === undefined || (typeof value === "object" && !Array.isArray(value))) return [];
  return Array.isArray(value) ? value : [value];
}

/** The filter with that value of a field chosen, or no longer. */
export function toggled(filter, field, value) {
  const values = chosen(filter, field);
  const left = values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
  return replaced(filter, field, left.length ? left : undefined);
}

/** The filter with another condition on a field; undefined = none. */
export function replaced(filter, field, condition) {
  const { [field]: _, ...rest } = filter;
  return condition === undefined ? rest : { ...rest, [field]: condition };
}
