"""A report for a pull request or a notebook."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

MOVED = 10


def as_markdown(contents: Any) -> str:
    """The same figures as tables; queries only where they moved most."""
    parts = [
        [f"# {_plain(contents['name'])}", ""],
        [f"{contents['queries_judged']:,} judged queries, {contents['made_at']}.", ""],
        _sentences(contents),
        _summary(contents),
        _differences(contents),
        _slices(contents),
        _moved(contents),
        _formulas(contents),
        _notes(contents),
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _sentences(contents: Any) -> Iterable[str]:
    told = [
        f"- {_plain(found['sentence'])}"
        for found in contents["differences"]
        if found["measure"] == contents["primary"]
    ]
    return [*told, ""] if told else []


def _summary(contents: Any) -> Iterable[str]:
    names = list(contents["formulas"])
    rows = [
        [run["name"], *(_interval(run["means"][name]) for name in names)]
        for run in contents["runs"]
    ]
    return ["## Means with their 95 % intervals", "", *_table(["run", *names], rows)]


def _differences(contents: Any) -> Iterable[str]:
    rows = [
        [
            f"{found['second']} against {found['first']}",
            found["measure"],
            _interval(found["difference"], signed=True),
            f"{found['p']:.4f}",
            f"{found['p_holm']:.4f}",
            f"{found['wins']} / {found['losses']} / {found['ties']}",
        ]
        for found in contents["differences"]
    ]
    if not rows:
        return []
    heads = ["pair", "measure", "difference", "p", "p (Holm)", "wins / losses / ties"]
    return ["## Differences", "", *_table(heads, rows)]


def _slices(contents: Any) -> Iterable[str]:
    names = [run["name"] for run in contents["runs"]]
    rows = [
        [row["slice"], row["part"], str(row["queries"])]
        + [f"{row['means'][name]:.4f}" for name in names]
        + [_interval(found, signed=True) for found in row["differences"].values()]
        for row in contents["slices"]
    ]
    if not rows:
        return []
    heads = ["slice", "part", "queries", *names, *(f"{name} - {names[0]}" for name in names[1:])]
    return [f"## Slices by {contents['primary']}", "", *_table(heads, rows)]


def _moved(contents: Any) -> Iterable[str]:
    primary = list(contents["formulas"]).index(contents["primary"])
    queries = {query["id"]: query for query in contents["queries"]}
    lines = []
    for found in contents["differences"]:
        if found["measure"] != contents["primary"] or not found["moved"]:
            continue
        first, second = found["first"], found["second"]
        rows = []
        for query_id in found["moved"][:MOVED]:
            query = queries[query_id]
            before, after = (query["values"][run][primary] for run in (first, second))
            figures = [f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}"]
            rows.append([query["text"] or query_id, *figures])
        lines += [f"## Moved most: {_plain(second)} against {_plain(first)}", ""]
        lines += _table(["query", first, second, "difference"], rows)
    return lines


def _formulas(contents: Any) -> Iterable[str]:
    told = [f"- `{name}`: {formula}" for name, formula in contents["formulas"].items()]
    return ["## Measures", "", *told, ""]


def _notes(contents: Any) -> Iterable[str]:
    notes = [f"- {_plain(note)}" for note in contents["notes"]]
    return ["## Notes", "", *notes, ""] if notes else []


def _interval(value: Sequence[float], *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    mean, low, high = (f"{number:{sign}.4f}" for number in value)
    return f"{mean} ({low} to {high})"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(_plain(cell) for cell in line)} |" for line in lines] + [""]


def _plain(text: str) -> str:
    """On one line, and without what would end a cell or begin an element."""
    return escape(" ".join(text.split()), quote=False).replace("|", "&#124;")
