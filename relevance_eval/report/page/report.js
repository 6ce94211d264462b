function head() {
  const when = new Date(report.made_at).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  const verdicts = report.differences.filter((found) => found.measure === report.primary).map((found) => make("p", { class: found.is_believed ? "verdict" : "verdict unsure" }, found.sentence));
  return make("header", {}, make("h1", {}, report.name), make("p", { class: "small" }, `${report.queries_judged} judged queries, ${when}`), ...verdicts,
    report.notes.length ? make("div", { class: "notice" }, make("h3", {}, "To know beside the figures"), make("ul", {}, ...report.notes.map((note) => make("li", {}, note)))) : null);
}

function summary() {
  const columns = [{ head: "run", of: (run) => run.name, show: (run) => [swatch(run.name), " ", run.name] },
    ...measures.map((measure) => ({ head: measure, figure: true, of: (run) => run.means[measure][0], show: (run) => between(run.means[measure]) }))];
  return section("Summary", table("Means over all judged queries, with their 95 % intervals", columns, report.runs).whole);
}

function differences() {
  if (!report.differences.length) return null;
  const columns = [
    { head: "pair", of: (found) => found.second + found.first, show: (found) => `${found.second} against ${found.first}` },
    { head: "measure", of: (found) => found.measure, show: (found) => found.measure },
    { head: "difference", figure: true, of: (found) => found.difference[0], show: (found) => make("span", { class: found.is_believed ? way(found.difference[0]) : "" }, ...between(found.difference, signed)) },
    { head: "p", figure: true, of: (found) => found.p, show: (found) => figure(found.p) },
    { head: "p (Holm)", figure: true, of: (found) => found.p_holm, show: (found) => figure(found.p_holm) },
    { head: "detectable (80 % power)", figure: true, of: (found) => found.detectable ?? Infinity, show: (found) => (found.detectable === null ? "-" : figure(found.detectable)) },
    { head: "wins / losses / ties", of: (found) => found.wins - found.losses, show: (found) => `${found.wins} / ${found.losses} / ${found.ties}` },
  ];
  return section("Differences", table("Paired, query by query; coloured where it is to be believed", columns, report.differences).whole);
}

function charts() {
  const pairs = report.differences.filter((found) => found.measure === report.primary);
  return section("Curves", make("div", { class: "charts" },
    spread(primary),
    lines("nDCG by rank", "mean over all judged queries", "nDCG", [1, 5, 10, 15, 20]),
    lines("Precision by recall", "interpolated, mean over all judged queries", "precision", [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ...pairs.map((found) => winsAndLosses(found.first, found.second, primary))));
}

function slices() {
  if (!report.slices.length) return null;
  const runs = report.runs.map((run) => run.name);
  const columns = [
    { head: "part", of: (row) => `${row.slice} ${row.part}`, show: (row) => [make("span", { class: "small" }, `${row.slice}: `), row.part] },
    { head: "queries", figure: true, of: (row) => row.queries, show: (row) => String(row.queries) },
    ...runs.map((run) => ({ head: run, figure: true, of: (row) => row.means[run], show: (row) => figure(row.means[run]) })),
    ...runs.slice(1).map((run) => ({ head: `${run} - ${runs[0]}`, figure: true, of: (row) => row.differences[run][0], show: (row) => between(row.differences[run], signed) })),
  ];
  return section("Slices", table(`${report.primary} in parts of the queries`, columns, report.slices).whole);
}

function repeat() {
  const told = (value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  const about = (run) => make("details", {}, make("summary", {}, run.name), make("dl", { class: "about" },
    ...Object.entries({ ...run.about, "queries without an answer": run.missing, "queries without a hit": run.empty, "queries without judgments": run.unjudged }).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, told(value))])));
  const formulas = Object.entries(report.formulas).flatMap(([name, formula]) => [make("dt", {}, make("code", {}, name)), make("dd", {}, formula)]);
  return section("How it was measured", make("dl", { class: "about" }, ...formulas), make("p", { class: "note" }, `Seed ${report.seed}.`), ...report.runs.map(about));
}

document.getElementById("main").append(...[head(), summary(), differences(), charts(), slices(), queries(), repeat()].filter((part) => part !== null));
