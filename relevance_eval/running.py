"""Asks every query of a set, several at a time, and writes down what is answered."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Literal

from relevance_eval.run_record import Answer, RunFile
from tandem.errors import SearchUnavailable
from tandem.protocols import Searcher
from tandem.queries import Query
from tandem.rankings import Degradation, Part, Ranking

BUDGET_MS = 60_000
"""An evaluation measures order, not haste: no query is to lack a part for want of time."""

IN_A_ROW = 5
"""After so many queries without an answer, one after the other, nothing better is to come."""

AHEAD = 4
"""So many queries a worker are under way or wait to be written: lists take memory."""

CANDIDATES: Final = "candidates"
"""The fused list from which an order is made: what is not in it cannot be shown."""

Stage = Part | Literal["candidates"]

Progress = Callable[[int], None]
"""Told how many more queries are done with."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, for ``depth`` documents a query. ``stages`` are asked beside it, for ``reach``
    documents each: what they list is what the ``searcher``'s order is made from, each leg's own
    list and the fused candidates.
    """

    searcher: Searcher
    depth: int
    stages: Mapping[Stage, Searcher] = field(default_factory=dict)
    reach: int = 0

    def ask(self, query_id: str, text: str) -> Answer:
        """One query's answer. It is incomplete where a part of any of its lists is missing.

        Raises:
            SearchUnavailable: there is no answer at all; and as the searcher.
        """
        result = self.searcher.search(_query(text, self.depth))
        degraded = dict.fromkeys(result.degraded)
        lists: dict[str, Ranking] = {}
        for stage, searcher in self.stages.items():
            try:
                listed = searcher.search(_query(text, self.reach))
            except SearchUnavailable:
                if stage == CANDIDATES:
                    raise
                degraded |= {Degradation(stage, "unavailable"): None}
            else:
                lists[stage] = listed.page
                degraded |= dict.fromkeys(listed.degraded)
        return Answer(query_id, result.page, lists, result.milliseconds, tuple(degraded))


def _query(text: str, limit: int) -> Query:
    return Query(text=text, limit=limit, budget_ms=BUDGET_MS, wants_highlights=False)


@dataclass(slots=True)
class Holes:
    """What a run lacks: why a query was not answered at all, and of which queries the answer is
    incomplete, by what is missing.
    """

    unanswered: dict[str, str] = field(default_factory=dict)
    incomplete: dict[str, list[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.unanswered or self.incomplete)

    def add(self, query_id: str, degraded: Sequence[Degradation]) -> None:
        """Note what one query's answer lacks, if it lacks something."""
        for part in degraded:
            self.incomplete.setdefault(f"{part.leg} {part.reason}", []).append(query_id)


def run_into(
    file: RunFile, asking: Asking, queries: Mapping[str, str], workers: int, progress: Progress
) -> Holes:
    """Ask what the file has no answer to yet, and write it down in the order of the queries.

    Raises:
        SearchUnavailable: so many queries in a row were not answered that it was given up.
    """
    left = {name: text for name, text in queries.items() if name not in file.answered}
    progress(len(queries) - len(left))
    holes, in_a_row = Holes(), 0
    for query_id, asked in _in_order(asking, left.items(), workers):
        try:
            answer = asked.result()
        except SearchUnavailable as error:
            holes.unanswered[query_id] = str(error)
            in_a_row += 1
            if in_a_row == IN_A_ROW:
                raise SearchUnavailable(
                    f"given up: {IN_A_ROW} queries in a row were not answered, the last one was "
                    f"{query_id!r}: {error}",
                    hint=f"the rest is in {file.path}: the same command goes on from there",
                ) from error
        else:
            in_a_row = 0
            file.write(answer)
            holes.add(query_id, answer.degraded)
        progress(1)
    return holes


def _in_order(
    asking: Asking, queries: Iterable[tuple[str, str]], workers: int
) -> Iterator[tuple[str, Future[Answer]]]:
    """Each query with its answer, in the order of the queries. Whoever looks no further, for an
    error or Control-C, waits for what is under way alone.
    """
    under_way: deque[tuple[str, Future[Answer]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="evaluation")
    try:
        for query_id, text in queries:
            under_way.append((query_id, pool.submit(asking.ask, query_id, text)))
            if len(under_way) == AHEAD * workers:
                yield under_way.popleft()
        yield from under_way
    finally:
        pool.shutdown(cancel_futures=True)
