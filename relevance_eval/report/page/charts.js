const WIDE = 420, HIGH = 220, LEFT = 38, BOTTOM = 22, TOP = 8;

function chart(title, note, label, draw, runs) {
  const svg = make("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label });
  draw(svg);
  return make("figure", {}, make("figcaption", {}, title, make("span", {}, note)), svg, legend(runs));
}

function legend(runs) {
  const key = (run) => make("li", {}, swatch(run), run);
  return runs.length ? make("ul", { class: "legend" }, ...runs.map(key)) : null;
}

function swatch(run) {
  return make("svg", { class: "swatch", viewBox: "0 0 24 8", "aria-hidden": "true" },
    make("line", { x1: 0, x2: 24, y1: 4, y2: 4, stroke: colour(run), "stroke-width": 3, "stroke-dasharray": dash(run) }));
}

/** A scale from values to pixels. */
const across = (low, high) => (value) => LEFT + ((value - low) / (high - low || 1)) * (WIDE - LEFT - 6);
const upward = (low, high) => (value) => HIGH - BOTTOM - ((value - low) / (high - low || 1)) * (HIGH - BOTTOM - TOP);

function axes(svg, x, y, xs, ys, tell) {
  for (const value of ys) {
    svg.append(make("line", { class: "axis", x1: LEFT, x2: WIDE - 6, y1: y(value), y2: y(value) }));
    svg.append(make("text", { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end" }, tell(value)));
  }
  for (const value of xs) {
    svg.append(make("text", { x: x(value), y: HIGH - 6, "text-anchor": "middle" }, String(value)));
  }
}

/** One line a run through points (x, y). */
function lines(title, note, key, xs) {
  const runs = report.runs.map((run) => run.name).filter((run) => report.curves[run]?.[key]);
  const all = runs.flatMap((run) => report.curves[run][key].map((point) => point[1]));
  const top = Math.max(0.1, Math.ceil(Math.max(...all, 0) * 10) / 10);
  const x = across(xs[0], xs[xs.length - 1]), y = upward(0, top);
  const last = runs.map((run) => `${run} ends at ${figure(report.curves[run][key].at(-1)[1])}`);
  return chart(title, note, `${title}: ${last.join(", ")}`, (svg) => {
    axes(svg, x, y, xs, [0, top / 2, top], (value) => value.toFixed(2));
    for (const run of runs) {
      const points = report.curves[run][key].map(([at, value]) => `${x(at)},${y(value)}`);
      svg.append(make("path", { d: "M" + points.join("L"), fill: "none", "stroke-width": 2.25, stroke: colour(run), "stroke-dasharray": dash(run) }, make("title", {}, run)));
    }
  }, runs);
}

/** How the queries' values are spread: of each run, how many stand in each tenth. */
function spread(measure) {
  const runs = report.runs.map((run) => run.name), bins = 10;
  const counts = runs.map((run) => {
    const found = Array(bins).fill(0);
    for (const query of report.queries) found[Math.min(bins - 1, Math.floor(query.values[run][measure] * bins))] += 1;
    return found;
  });
  const top = Math.max(1, ...counts.flat());
  const x = across(0, 1), y = upward(0, top), step = (WIDE - LEFT - 6) / bins;
  const label = runs.map((run, at) => `${run}: ${counts[at][0]} of ${report.queries.length} queries below 0.1`).join("; ");
  return chart("Queries by value", `how many queries have which ${measures[measure]}`, label, (svg) => {
    axes(svg, x, y, [0, 0.2, 0.4, 0.6, 0.8, 1], [0, top], (value) => String(Math.round(value)));
    const wide = (step - 4) / runs.length;
    counts.forEach((found, at) => found.forEach((count, bin) => {
      const left = LEFT + bin * step + 2 + at * wide;
      svg.append(make("rect", { x: left, width: Math.max(1, wide - 1), y: y(count), height: y(0) - y(count), fill: colour(runs[at]) }, make("title", {}, `${runs[at]}: ${count} queries from ${bin / 10} to ${(bin + 1) / 10}`)));
    }));
  }, runs);
}

/** Wins and losses of a pair: every query's difference, the largest win first. */
function winsAndLosses(first, second, measure) {
  const differences = report.queries.map((query) => query.values[second][measure] - query.values[first][measure]).sort((one, other) => other - one);
  const most = Math.max(0.1, ...differences.map(Math.abs));
  const x = across(0, differences.length), y = upward(-most, most);
  const wins = differences.filter((value) => value > 1e-9).length, losses = differences.filter((value) => value < -1e-9).length;
  const note = `${wins} wins, ${losses} losses, ${differences.length - wins - losses} ties`;
  return chart(`${second} against ${first}`, `${note}; ${measures[measure]} of each query`, `${second} against ${first}: ${note}`, (svg) => {
    axes(svg, x, y, [], [-most, 0, most], (value) => signed(value).slice(0, 5).replace("0.000", "0"));
    const shape = (kept, name) => {
      const steps = differences.map((value, at) => (kept(value) ? `M${x(at)},${y(0)}V${y(value)}H${x(at + 1)}V${y(0)}Z` : "")).join("");
      svg.append(make("path", { d: steps, fill: `var(--${name})` }));
    };
    shape((value) => value > 0, "up");
    shape((value) => value < 0, "down");
  }, []);
}
