// How to search: which ranking, in which order, as whom.

import { nameOfRanking } from "./compare.js";
import { byId, el } from "./dom.js";
import { labelOf } from "./facets.js";
import { isBrowsing } from "./state.js";

const SIDE_BY_SIDE = "side by side";
const SORTED = new Set(["integer", "float", "datetime"]);

/** Fill the controls once. `change` gets what of the state is to be another. */
export function setUpControls(setup, change) {
  const choices = [...setup.configurations.map((name) => [name, nameOfRanking(name)]), [SIDE_BY_SIDE, "Side by side"]];
  for (const [value, text] of choices) {
    const onchange = () =>
      change(value === SIDE_BY_SIDE ? { view: "compare" } : { view: "list", configuration: value });
    const input = el("input", { type: "radio", name: "ranking", value, onchange });
    byId("configurations").append(el("label", {}, input, el("span", {}, text)));
  }
  const sorts = setup.fields.filter(({ type }) => SORTED.has(type));
  byId("sort").append(option("", "as they come"));
  for (const { field } of sorts) {
    byId("sort").append(option(field, `${labelOf(field)}, lowest first`));
    byId("sort").append(option(`-${field}`, `${labelOf(field)}, highest first`));
  }
  byId("sort").addEventListener("change", (event) => change({ sort: event.target.value }));
  byId("people").append(option("", "nobody in particular"));
  for (const { user_id: id, name } of setup.people) byId("people").append(option(id, name));
  byId("people").addEventListener("change", (event) => change({ person: event.target.value }));
}

const option = (value, text) => el("option", { value }, text);

/** Show what is chosen. */
export function drawControls(state, setup) {
  const ranking = state.view === "compare" ? SIDE_BY_SIDE : state.configuration;
  for (const input of byId("configurations").querySelectorAll("input")) input.checked = input.value === ranking;
  byId("configurations").hidden = isBrowsing(state);
  byId("sorting").hidden = !isBrowsing(state) || byId("sort").options.length === 1;
  byId("sort").value = state.sort;
  byId("person").hidden = setup.people.length === 0;
  byId("people").value = state.person;
  const about = personOf(state, setup)?.about ?? "";
  byId("about").textContent = about && !isPersonal(state) ? "Only the Hybrid order of a search knows who asks." : about;
}

/** Whether the order depends on who asks. */
export const isPersonal = (state) =>
  !isBrowsing(state) && (state.configuration === "hybrid" || state.view === "compare");

/** The demo's person as whom is searched, or undefined. */
export const personOf = (state, setup) => setup.people.find((each) => each.user_id === state.person);
