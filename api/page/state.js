// What is asked stands in the address: it can be shared, and Back goes back.

const DEFAULT = { q: "", filter: {}, configuration: "hybrid", sort: "", person: "", view: "list", similar: "" };

/** What the address asks for. A filter that is none is left out. */
export function readState(search = location.search) {
  const given = new URLSearchParams(search);
  const state = { ...DEFAULT };
  for (const name of Object.keys(DEFAULT)) if (given.get(name)) state[name] = given.get(name);
  state.filter = readFilter(given.get("filter"));
  return state;
}

function readFilter(text) {
  try {
    const filter = JSON.parse(text || "{}");
    return filter && typeof filter === "object" && !Array.isArray(filter) ? filter : {};
  } catch {
    return {};
  }
}

/** The address that asks for it. */
export function address(state) {
  const given = new URLSearchParams();
  for (const [name, usual] of Object.entries(DEFAULT)) {
    const value = name === "filter" ? JSON.stringify(state.filter) : state[name];
    if (value !== usual && value !== "{}") given.set(name, value);
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
