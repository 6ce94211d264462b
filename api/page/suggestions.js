// The box completes what is typed: a combobox with a list, by WAI-ARIA's pattern.

import { get, Latest, wasDropped } from "./api.js";
import { byId, counted, el } from "./dom.js";

const PAUSE_MS = 60; // between two keys of who types fast: nothing is asked for what is not finished
const MOST = 8;

export class Suggestions {
  #input = byId("q");
  #list = byId("suggestions");
  #told = byId("suggested");
  #latest = new Latest();
  #timer = 0;
  #shown = [];
  #active = -1;
  #choose;
  #filter;

  /** `choose` gets the text of the chosen one; `filter` gives the filter's text, or null. */
  constructor({ choose, filter }) {
    this.#choose = choose;
    this.#filter = filter;
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("blur", () => this.close());
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus
    this.#list.addEventListener("click", (event) => this.#clicked(event));
  }

  /** Show none, and none of what is under way. */
  close() {
    clearTimeout(this.#timer);
    this.#latest.cancel();
    this.#show([]);
  }

  #typed() {
    clearTimeout(this.#timer);
    if (!this.#input.value.trim()) this.close();
    else this.#timer = setTimeout(() => this.#ask(this.#input.value), PAUSE_MS);
  }

  async #ask(text) {
    try {
      const asked = { q: text, limit: MOST, filter: this.#filter() };
      const reply = await get("/v1/suggest", asked, { signal: this.#latest.next() });
      this.#show(reply.suggestions);
      const count = reply.suggestions.length;
      this.#told.textContent = `${count ? counted(count, "suggestion") : "No suggestions"} for “${text}”`;
    } catch (error) {
      if (!wasDropped(error)) this.#show([]); // the search itself will say what is wrong
    }
  }

  #show(suggestions) {
    this.#shown = suggestions;
    this.#list.replaceChildren(...suggestions.map(option));
    this.#list.hidden = suggestions.length === 0;
    this.#input.setAttribute("aria-expanded", String(suggestions.length > 0));
    if (!suggestions.length) this.#told.textContent = "";
    this.#point(-1);
  }

  #point(place) {
    this.#active = place;
    const options = [...this.#list.children];
    options.forEach((each, at) => each.setAttribute("aria-selected", String(at === place)));
    if (place < 0) this.#input.removeAttribute("aria-activedescendant");
    else {
      this.#input.setAttribute("aria-activedescendant", options[place].id);
      options[place].scrollIntoView({ block: "nearest" });
    }
  }

  #pressed(event) {
    const count = this.#shown.length;
    if (event.isComposing) return;
    if (event.key === "Escape") this.close(); // and never what the browser does: empty the box
    else if (event.key === "ArrowDown" && count) this.#move(1);
    else if (event.key === "ArrowUp" && count) this.#move(-1);
    else if (event.key === "Enter" && this.#active >= 0) this.#take(this.#active);
    else return;
    event.preventDefault();
  }

  /** By one, through the box itself; the list stays as it is from then on. */
  #move(step) {
    clearTimeout(this.#timer);
    this.#latest.cancel();
    const places = this.#shown.length + 1;
    this.#point(((this.#active + 1 + step + places) % places) - 1);
  }

  #clicked(event) {
    const place = [...this.#list.children].indexOf(event.target.closest("[role=option]"));
    if (place >= 0) this.#take(place);
  }

  #take(place) {
    const { text } = this.#shown[place];
    this.close();
    this.#choose(text);
  }
}

function option({ text, kind }, place) {
  const from = kind === "query" ? el("span", { className: "kind" }, "asked before") : null;
  return el("li", { id: `suggestion-${place}`, role: "option" }, el("span", {}, text), from);
}
