"""What a reader has to know beside the figures."""

from collections.abc import Iterator, Sequence

from relevance_eval.compared import RunSummary

FEW_QUERIES = 20
"""With fewer, intervals are a little too narrow where most differences are 0."""

UNLIKE_JUDGED = 0.05
"""Shares of judged documents that differ by more favour who was judged."""


def remarks(runs: Sequence[RunSummary], queries: int, without_judgments: int) -> tuple[str, ...]:
    """Notes on queries that do not fit together, few queries, and lists that nobody judged."""
    return tuple(_remarks(runs, queries, without_judgments))


def _remarks(runs: Sequence[RunSummary], queries: int, without_judgments: int) -> Iterator[str]:
    if without_judgments:
        yield f"{without_judgments:,} queries without any judgment are left out"
    for run in runs:
        if run.missing:
            yield (
                f"{run.name} lacks {_some(run.missing)} of {queries:,} judged queries: they count "
                "as found nothing"
            )
        if run.empty:
            yield f"{run.name} found nothing for {_some(run.empty)} of {queries:,} queries"
        if run.unjudged:
            yield f"{run.name} has {_some(run.unjudged)} queries without judgments: left out"
    if queries < FEW_QUERIES:
        yield f"{queries:,} queries are few: believe an interval less than its 95 % say"
    yield from _unlike(runs)


def _some(query_ids: Sequence[str]) -> str:
    first = ", ".join(query_ids[:3])
    return f"{len(query_ids):,} ({first}{', …' if len(query_ids) > 3 else ''})"


def _unlike(runs: Sequence[RunSummary]) -> Iterator[str]:
    if not runs:
        return
    for name in runs[0].means:
        if not name.startswith("Judged@"):
            continue
        shares = {run.name: run.means[name].mean for run in runs}
        least, most = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
        if shares[most] - shares[least] > UNLIKE_JUDGED:
            yield (
                f"{shares[least]:.0%} of what {least} shows first is judged, of {most} "
                f"{shares[most]:.0%} ({name}): {least} may be better than it looks, judge more "
                "of it"
            )
