const report = JSON.parse(document.getElementById("data").textContent);

/** An element with attributes and children; text is text, never markup. */
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "rect", "circle", "text", "title"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") for (const [event, does] of Object.entries(value)) made.addEventListener(event, does);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const figure = (value) => value.toFixed(4);
const signed = (value) => (value > 0 ? "+" : "") + value.toFixed(4);
const colour = (run) => `var(--run-${report.runs.findIndex((known) => known.name === run) % 6})`;
const dashes = ["", "6 3", "2 3", "8 3 2 3", "12 4", "4 2"];
const dash = (run) => dashes[report.runs.findIndex((known) => known.name === run) % 6];
const way = (value) => (value > 1e-9 ? "up" : value < -1e-9 ? "down" : "");
const measures = Object.keys(report.formulas);
const primary = measures.indexOf(report.primary);

/** A mean with its interval under it. */
function between([mean, low, high], tell = figure) {
  return [tell(mean), make("span", { class: "between" }, `${tell(low)} to ${tell(high)}`)];
}

function section(heading, ...children) {
  const id = heading.toLowerCase().replace(/\W+/g, "-");
  return make("section", { "aria-labelledby": id }, make("h2", { id }, heading), ...children);
}
