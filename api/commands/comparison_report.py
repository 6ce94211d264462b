"""How a terminal shows a comparison."""

from collections.abc import Iterator, Mapping, Sequence

from relevance_eval.compared import Comparison, Difference, Listed, Moved
from relevance_eval.sentences import chance

SHOWN_HITS = 5


def lines(
    comparison: Comparison, judgments: str, texts: Mapping[str, str], moved: int
) -> Iterator[str]:
    """Means, what to believe, all tests, ``moved`` queries of each pair, notes, formulas."""
    yield f"{comparison.queries:,} queries of {judgments}; decided by {comparison.primary}"
    yield ""
    yield from _table(_means(comparison))
    for found in comparison.of(comparison.primary):
        yield ""
        yield found.sentence
    if comparison.differences:
        yield ""
        yield from _table(_tests(comparison.differences))
    for found in comparison.of(comparison.primary):
        for change in found.moved[:moved]:
            yield ""
            yield from _sides(comparison, found, change, texts)
    yield ""
    yield from (f"note: {told}" for told in comparison.notes)
    yield from (f"{name}: {formula}" for name, formula in comparison.formulas.items())


def _means(comparison: Comparison) -> list[list[str]]:
    rows = [["mean (95 %)", *(run.name for run in comparison.runs)]]
    for measure in comparison.formulas:
        means = [run.means[measure] for run in comparison.runs]
        rows.append([measure, *(f"{at.mean:.4f} ({at.low:.4f} to {at.high:.4f})" for at in means)])
    return rows


def _tests(differences: Sequence[Difference]) -> list[list[str]]:
    rows = [["measure", "pair", "difference (95 %)", "p", "p (Holm)", "wins/losses/ties"]]
    for one in differences:
        mean, low, high = one.estimate
        rows.append(
            [
                one.measure,
                f"{one.first} -> {one.second}",
                f"{mean:+.4f} ({low:+.4f} to {high:+.4f})",
                _bare(one.p),
                _bare(one.p_holm),
                f"{one.wins}/{one.losses}/{one.ties}",
            ]
        )
    return rows


def _bare(p: float) -> str:
    return chance(p).removeprefix("p ").removeprefix("= ")


def _sides(
    comparison: Comparison, found: Difference, change: Moved, texts: Mapping[str, str]
) -> Iterator[str]:
    text = f" {texts[change.query_id]!r}" if change.query_id in texts else ""
    yield (f"{change.query_id}{text}: {found.measure} {change.first:.4f} -> {change.second:.4f}")
    lists = comparison.lists[change.query_id]
    first, second = lists[found.first][:SHOWN_HITS], lists[found.second][:SHOWN_HITS]
    rows = [
        [str(place + 1), _hit(first, place), _hit(second, place)]
        for place in range(max(len(first), len(second)))
    ]
    heading = ["", found.first, found.second]
    yield from (f"  {row}" for row in _table([heading, *rows]))


def _hit(hits: Sequence[Listed], place: int) -> str:
    if place >= len(hits):
        return ""
    document, grade = hits[place]
    return f"{document} [{'unjudged' if grade is None else grade}]"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
