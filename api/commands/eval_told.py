"""What ``tandem eval run`` says."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.commands.eval_findings import findings_data
from api.console import note, printable, say
from api.eval_running import Ran
from relevance_eval.findings import Finding
from relevance_eval.formulas import formula
from relevance_eval.measured import Measured
from relevance_eval.query_set import QuerySet
from relevance_eval.running import Holes

SHOWN = 3
Figures = Mapping[str, Measured]


def tell_holes(name: str, holes: Holes) -> None:
    """Which queries a run has no whole answer to."""
    if holes.unanswered:
        first, why = next(iter(holes.unanswered.items()))
        told = f"{len(holes.unanswered):,} queries were not answered, {first!r} first: {why}"
        note(f"warning: {name}: {printable(told)}")
    for part, query_ids in holes.incomplete.items():
        listed = ", ".join(repr(query_id) for query_id in query_ids[:SHOWN])
        told = f"{len(query_ids):,} answers are incomplete ({part}), such as {listed}"
        note(f"warning: {name}: {printable(told)}")
    if holes:
        note("  next: the command that made it asks those again; or take it so: --allow-holes")


def tell(queries: QuerySet, ran: Sequence[Ran], figures: Figures, reach: int) -> None:
    """The means as a table: a line a measure, a column a run."""
    names = [one.name for one in ran]
    say(printable(f"{queries.name}: {len(queries.queries):,} queries"))
    rows = _rows(figures, names, reach)
    width = max(len(label) for label, _ in rows)
    columns = [max(len(name), 8) for name in names]
    header = "  ".join(name.rjust(size) for name, size in zip(names, columns, strict=True))
    say(printable(f"{'':<{width}}  {header}"))
    for label, values in rows:
        shown = ("" if value is None else f"{value:.4f}" for value in values)
        cells = (cell.rjust(size) for cell, size in zip(shown, columns, strict=True))
        say(f"{label:<{width}}  {'  '.join(cells)}".rstrip())
    say()
    for measure in figures[names[0]].measures:
        say(f"{measure}: {formula(measure)}")
    if any(found.recalls for found in figures.values()):
        say(
            f"recall: R@{reach} of a stage's own list; oracle: the candidates in the order of "
            "their grades, which no reranker can better"
        )
    for one in ran:
        say(printable(f"run: {one.path}"))


def _rows(
    figures: Figures, names: Sequence[str], reach: int
) -> list[tuple[str, list[float | None]]]:
    found = [figures[name] for name in names]
    stages = dict.fromkeys(stage for each in found for stage in each.recalls)
    first = next(iter(found[0].measures))
    rows = [
        (measure, [each.measures.get(measure) for each in found]) for measure in found[0].measures
    ]
    rows += [
        (f"recall of {stage} @{reach}", [each.recalls.get(stage) for each in found])
        for stage in stages
    ]
    if any(each.oracle for each in found):
        rows.append((f"oracle {first}", [each.oracle.get(first) for each in found]))
    return rows


def summary(
    queries: QuerySet, ran: Sequence[Ran], figures: Figures, findings: Iterable[Finding]
) -> dict[str, Any]:
    """The same for a program."""
    return {
        **queries.about(),
        "findings": findings_data(findings),
        "runs": [
            {
                "name": one.name,
                "path": str(one.path),
                "queries": len(one.run),
                "measures": figures[one.name].measures,
                "recall": figures[one.name].recalls,
                "oracle": figures[one.name].oracle,
                "unanswered": one.holes.unanswered,
                "incomplete": one.holes.incomplete,
            }
            for one in ran
        ],
        "formulas": {name: formula(name) for name in figures[ran[0].name].measures},
    }
