/** A table whose heads sort it. A column is {head, of, show, figure}: `of` gives what is sorted by. */
function table(caption, columns, rows, after = () => []) {
  const body = make("tbody");
  const state = { column: -1, down: false, kept: rows, most: Infinity };
  const heads = columns.map((column, at) => make("th", { scope: "col", class: column.figure ? "figure" : null, "aria-sort": "none" },
    make("button", { type: "button", on: { click: () => sort(at) } }, column.head)));

  function draw() {
    const cell = (column, row, at) => make(at === 0 ? "th" : "td", { scope: at === 0 ? "row" : null, class: column.figure ? "figure" : null }, ...[column.show(row)].flat());
    body.replaceChildren(...state.kept.slice(0, state.most).flatMap((row) => [make("tr", {}, ...columns.map((column, at) => cell(column, row, at))), ...after(row)]));
  }

  function sort(at) {
    state.down = state.column === at ? !state.down : Boolean(columns[at].figure);
    state.column = at;
    heads.forEach((head, place) => head.setAttribute("aria-sort", place !== at ? "none" : state.down ? "descending" : "ascending"));
    order();
    draw();
  }

  function order() {
    if (state.column < 0) return;
    const of = columns[state.column].of;
    const compared = (one, other) => (typeof of(one) === "number" ? of(one) - of(other) : String(of(one)).localeCompare(String(of(other))));
    state.kept = [...state.kept].sort((one, other) => (state.down ? -1 : 1) * compared(one, other));
  }

  const whole = make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, ...heads)), body));
  draw();
  return { whole, show(kept, most) { Object.assign(state, { kept, most }); order(); draw(); }, draw };
}

/** A choice with a label. */
function choice(label, options, chosen) {
  const select = make("select", { on: { change: () => chosen(select.value) } }, ...options.map(([value, text]) => make("option", { value }, text)));
  return make("label", {}, label, select);
}
