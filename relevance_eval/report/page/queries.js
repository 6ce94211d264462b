const AT_ONCE = 100;

function grade(value) {
  const known = value === null ? "none" : String(Math.max(0, Math.min(3, value)));
  const told = value === null ? "unjudged" : `grade ${value}`;
  return make("span", { class: "grade", "data-grade": known, title: told }, value === null ? "?" : String(value), make("span", { class: "unseen" }, ` ${told}: `));
}

function side(run, hits) {
  const row = ([id, value]) => make("li", { class: "hit" }, grade(value), make("span", {}, report.titles[id] || id));
  const list = hits.length ? make("ol", {}, ...hits.map(row)) : make("p", { class: "small" }, "nothing found");
  return make("div", {}, make("h3", {}, run), list);
}

/** Every query: sorted, filtered, with its lists side by side. */
function queries() {
  const runs = report.runs.map((run) => run.name), opened = new Set();
  const state = { measure: primary, text: "", which: "all", slices: {}, shown: AT_ONCE };
  const last = runs[runs.length - 1];
  const value = (query, run) => query.values[run][state.measure];
  const difference = (query) => value(query, last) - value(query, runs[0]);

  function name(query) {
    const text = query.text || query.id;
    if (!Object.keys(query.lists).length) return text;
    const isOpen = opened.has(query.id);
    return make("button", { class: "open", type: "button", "data-query": query.id, "aria-expanded": String(isOpen), on: { click: () => flip(query) } }, text);
  }

  function flip(query) {
    if (!opened.delete(query.id)) opened.add(query.id);
    drawn.draw();
    const buttons = [...drawn.whole.querySelectorAll("button.open")];
    buttons.find((button) => button.dataset.query === query.id)?.focus();
  }

  const wide = runs.length + 1 + (runs.length > 1 ? 1 : 0);
  const lists = (query) => (opened.has(query.id)
    ? [make("tr", { class: "lists" }, make("td", { colspan: wide }, make("div", { class: "sides" }, ...runs.map((run) => side(run, query.lists[run])))))]
    : []);
  const columns = [
    { head: "query", of: (query) => query.text || query.id, show: name },
    ...runs.map((run) => ({ head: run, figure: true, of: (query) => value(query, run), show: (query) => figure(value(query, run)) })),
  ];
  if (runs.length > 1) {
    columns.push({ head: `${last} - ${runs[0]}`, figure: true, of: difference, show: (query) => make("span", { class: way(difference(query)) }, signed(difference(query))) });
  }
  const drawn = table("Every query; open one to see its lists", columns, [], lists);
  const told = make("p", { class: "small", role: "status" });
  const more = make("button", { class: "plain", type: "button", on: { click: () => { state.shown += AT_ONCE; show(); } } }, "Show more");

  function fits(query) {
    const found = `${query.text} ${query.id}`.toLowerCase().includes(state.text.toLowerCase());
    const parts = Object.entries(state.slices).every(([slice, part]) => !part || query.slices[slice] === part);
    const moved = { all: true, won: difference(query) > 1e-9, lost: difference(query) < -1e-9, zero: runs.every((run) => value(query, run) === 0) };
    return found && parts && moved[state.which];
  }

  function show() {
    const kept = report.queries.filter(fits);
    if (runs.length > 1) kept.sort((one, other) => Math.abs(difference(other)) - Math.abs(difference(one)));
    drawn.show(kept, state.shown);
    more.hidden = kept.length <= state.shown;
    told.textContent = `${kept.length} of ${report.queries.length} queries` + (more.hidden ? "" : `, the first ${state.shown} shown`);
  }

  const again = (change) => (chosen) => { change(chosen); state.shown = AT_ONCE; show(); };
  const box = make("input", { type: "search", on: { input: () => again((text) => { state.text = text; })(box.value) } });
  const sliced = [...new Set(report.slices.map((row) => row.slice))];
  const which = [["all", "all queries"], ["zero", "found nothing good"]];
  if (runs.length > 1) which.push(["won", `better in ${last}`], ["lost", `better in ${runs[0]}`]);
  const choices = make("div", { class: "choices" },
    make("label", {}, "Query contains", box),
    choice("Which", which, again((chosen) => { state.which = chosen; })),
    choice("Measure", measures.map((measure, at) => [at, measure]), again((chosen) => { state.measure = Number(chosen); })),
    ...sliced.map((slice) => choice(slice, [["", "any"], ...report.slices.filter((row) => row.slice === slice).map((row) => [row.part, row.part])], again((chosen) => { state.slices[slice] = chosen; }))));
  choices.querySelectorAll("select")[1].value = String(primary);
  show();
  return section("Queries", choices, told, drawn.whole, more);
}
