// The same question through every ranking, side by side.

import { wasDropped } from "./api.js";
import { counted, el, marked, webAddress } from "./dom.js";
import { foundBy } from "./listing.js";
import { errorBox, lacking, skeleton } from "./notices.js";
import { nameOf } from "./results.js";

/** What the page calls a ranking. */
export const NAMES = { lexical: "Lexical", semantic: "Semantic", rrf: "RRF", hybrid: "Hybrid" };
const ABOUT = {
  lexical: "by words alone",
  semantic: "by meaning alone",
  rrf: "both, fused by their ranks",
  hybrid: "both, fused and ranked again",
};

export const nameOfRanking = (configuration) => NAMES[configuration] ?? configuration;

/** Draw a column a ranking into `place`, each as soon as it is there. */
export async function compare(place, configurations, state, signal) {
  const columns = configurations.map((configuration) => {
    const id = `ranking-${configuration}`;
    const content = el("div", { "aria-busy": "true" }, skeleton(5));
    const head = el("h3", { id }, nameOfRanking(configuration));
    const about = el("p", { className: "small" }, ABOUT[configuration] ?? "");
    return { configuration, content, made: el("section", { "aria-labelledby": id }, head, about, content) };
  });
  place.replaceChildren(el("div", { className: "columns" }, columns.map((column) => column.made)));
  const replies = await Promise.all(columns.map((column) => fill(column, state, signal)));
  if (signal.aborted) return;
  markShared(columns, replies);
}

async function fill({ configuration, content }, state, signal) {
  try {
    const reply = await foundBy(configuration, state, signal);
    const rows = reply.hits.map(row);
    const lacks = reply.degraded.length ? el("p", { className: "small lacks" }, lacking(reply.degraded).join(" ")) : null;
    const hits = rows.length ? el("ol", {}, rows) : el("p", { className: "small" }, "Nothing was found.");
    const total = reply.total === null ? null : el("p", { className: "small" }, counted(reply.total, "result"));
    content.replaceChildren(...[lacks, hits, total].filter(Boolean));
    return reply;
  } catch (error) {
    if (wasDropped(error)) return null;
    const again = () => fill({ configuration, content }, state, signal);
    content.replaceChildren(errorBox(error, { label: "Try again", onclick: again }));
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
function markShared(columns, replies) {
  const ranks = new Map();
  replies.forEach((reply, at) => {
    for (const hit of reply?.hits ?? []) {
      if (!ranks.has(hit.document_id)) ranks.set(hit.document_id, []);
      ranks.get(hit.document_id).push([columns[at].configuration, hit.rank]);
    }
  });
  for (const { configuration, content } of columns) {
    for (const row of content.querySelectorAll("li")) {
      const others = ranks.get(row.dataset.document).filter(([other]) => other !== configuration);
      const told = others.map(([other, rank]) => `${nameOfRanking(other)} ${rank}`).join(" · ");
      row.querySelector(".others").textContent = told || "only here";
      row.classList.toggle("alone", !told);
    }
  }
}
