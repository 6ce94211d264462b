// The same question through every ranking, side by side.

import { wasDropped } from "./api.js";
import { counted, draw, el, marked, webAddress } from "./dom.js";
import { foundBy, PAGE } from "./listing.js";
import { errorBox, lacking, skeleton } from "./notices.js";
import { nameOf } from "./results.js";

const NAMES = { lexical: "Lexical", semantic: "Semantic", rrf: "RRF", hybrid: "Hybrid" };
const ABOUT = {
  lexical: "by words alone",
  semantic: "by meaning alone",
  rrf: "both, fused by their ranks",
  hybrid: "both, fused and ranked again",
};

/** What the page calls a ranking. */
export const nameOfRanking = (configuration) => NAMES[configuration] ?? configuration;

/** Draw a column a ranking into `place`, each as soon as it is there. */
export async function compare(place, configurations, state, signal) {
  const columns = configurations.map(column);
  const ask = async (each) => {
    const again = async () => {
      await ask(each);
      if (!signal.aborted) markShared(columns);
    };
    each.reply = await fill(each, state, signal, again);
  };
  draw(place, el("div", { className: "columns" }, columns.map((each) => each.made)));
  await Promise.all(columns.map(ask));
  if (!signal.aborted) markShared(columns);
}

/** `reply` is null while there is none. */
function column(configuration) {
  const id = `ranking-${configuration}`;
  const content = el("div", { "aria-busy": "true" }, skeleton(5));
  const head = el("h3", { id }, nameOfRanking(configuration));
  const about = el("p", { className: "small" }, ABOUT[configuration] ?? "");
  const made = el("section", { "aria-labelledby": id }, head, about, content);
  return { configuration, content, made, reply: null };
}

async function fill({ configuration, content }, state, signal, again) {
  content.setAttribute("aria-busy", "true");
  try {
    const reply = await foundBy(configuration, state, signal);
    const rows = reply.hits.map(row);
    const lacks = reply.degraded.length ? el("p", { className: "small lacks" }, lacking(reply.degraded).join(" ")) : null;
    const hits = rows.length ? el("ol", {}, rows) : el("p", { className: "small" }, "Nothing was found.");
    const total = reply.total === null ? null : el("p", { className: "small" }, counted(reply.total, "result"));
    draw(content, lacks, hits, total);
    return reply;
  } catch (error) {
    if (!wasDropped(error)) draw(content, errorBox(error, { label: "Try again", onclick: again }));
    return null;
  } finally {
    content.setAttribute("aria-busy", "false");
  }
}

function row(hit) {
  const shown = hit.highlights?.title ? marked(hit.highlights.title) : hit.gone ? "no longer there" : nameOf(hit);
  const href = webAddress(hit.attributes?.url);
  const title = href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, shown) : el("span", {}, shown);
  const made = el("li", { value: hit.rank }, title, el("span", { className: "others" }));
  made.dataset.document = hit.document_id;
  return made;
}

/** Beside each hit: who else finds it, and where. */
function markShared(columns) {
  for (const own of columns) {
    const others = columns.filter((each) => each !== own && each.reply);
    for (const place of own.content.querySelectorAll("li")) {
      const told = others.flatMap((other) => standing(other, place.dataset.document));
      place.querySelector(".others").textContent = told.join(" · ") || missedBy(others, columns.length - 1);
      place.classList.toggle("alone", !told.length);
    }
  }
}

function standing({ configuration, reply }, documentId) {
  const found = reply.hits.find((hit) => hit.document_id === documentId);
  return found ? [`${nameOfRanking(configuration)} ${found.rank}`] : [];
}

/** Who does not find it so far up. Of a ranking that failed, or lacks a part, that is not known. */
function missedBy(others, count) {
  const whole = others.filter(({ reply }) => !reply.degraded.length);
  if (whole.length === count) return `not in the others’ first ${PAGE}`;
  const names = whole.map(({ configuration }) => nameOfRanking(configuration));
  return names.length ? `not in the first ${PAGE} of ${names.join(", ")}` : "";
}
