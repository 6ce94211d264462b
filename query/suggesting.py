"""Suggestions while somebody types: titles, and what others have searched for."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from query.configurations import LEXICAL
from query.past_queries import PastQueries
from query.retrieval import Deadline, LegPools
from query.understanding import FORCED
from tandem.errors import FilterError, QueryError
from tandem.filters import check_text, parse_filters
from tandem.lexical import LexicalIndex
from tandem.queries import MAXIMUM_TEXT_CHARACTERS
from tandem.rankings import REBUILDING, Degradation
from tandem.schema import Schema
from tandem.suggestions import folded, line
from tandem.telemetry import Stopwatch

MAXIMUM_SUGGESTIONS = 50
BUDGET_MS = 500.0
"""Whoever types has typed the next letter long before."""

SHARE_OF_QUERIES = 0.5
"""How many of the places past queries take, at most, where titles could fill them."""


class Suggestion(NamedTuple):
    """Something to search for: a document's title, or what others have asked."""

    text: str
    kind: Literal["title", "query"]


class Suggested(NamedTuple):
    """The best first. ``degraded`` names the lexical leg where it gave no titles in time, or is
    being built again.
    """

    items: tuple[Suggestion, ...]
    degraded: tuple[Degradation, ...]
    milliseconds: Mapping[str, float]


class Suggester:
    """Suggests over one release. Thread-safe."""

    def __init__(
        self,
        index: LexicalIndex,
        schema: Schema,
        pools: LegPools,
        past: PastQueries,
        *,
        is_whole: bool = True,
        budget_ms: float = BUDGET_MS,
    ) -> None:
        """``is_whole``: the index is not just being built again."""
        self._index = index
        self._schema = schema
        self._pools = pools
        self._past = past
        self._is_whole = is_whole
        self._budget_ms = budget_ms

    def suggest(
        self,
        prefix: str,
        *,
        filters: Mapping[str, Any] | None = None,
        forced: Mapping[str, Any] | None = None,
        limit: int = 10,
    ) -> Suggested:
        """What ``prefix`` may become; a blank one becomes nothing.

        With a filter there are titles alone: nobody knows what a past query finds under it.
        ``forced`` is one that who asks has not chosen; both must hold.

        Raises:
            QueryError: the prefix is too long or no text, or the limit out of range.
            FilterError: a filter that the schema does not allow.
        """
        stopwatch = Stopwatch()
        _check(prefix, limit)
        typed = parse_filters(filters or {}, self._schema)
        typed += parse_filters(forced or {}, self._schema, FORCED)
        deadline = Deadline.after_ms(self._budget_ms)
        find = partial(
            self._index.suggest,
            prefix,
            filters=typed,
            limit=limit,
            timeout_seconds=deadline.remaining_seconds(),
        )
        waiting = self._pools.begin({LEXICAL: find} if line(prefix) else {}, deadline)
        past = [] if typed else self._past.completing(prefix, limit)
        answers = waiting()
        titles = answers.by_leg.get(LEXICAL, ())
        merged = merge(prefix, titles, past, limit)
        lacking = (
            () if self._is_whole or not answers.by_leg else (Degradation(LEXICAL, REBUILDING),)
        )
        return Suggested(merged, answers.degraded + lacking, stopwatch.total())


def merge(
    prefix: str, titles: Sequence[str], past: Sequence[str], limit: int
) -> tuple[Suggestion, ...]:
    """Past queries that begin with what was typed come first, on at most half of the places; then
    titles, then the rest of the past queries. Of two that differ in case or white space the first
    stays.
    """
    start = line(prefix)
    beginning = [text for text in past if line(text).startswith(start)]
    first = beginning[: int(SHARE_OF_QUERIES * limit)]
    rest = [text for text in past if text not in first]
    best: dict[str, Suggestion] = {}
    for texts, kind in ((first, "query"), (titles, "title"), (rest, "query")):
        for text in texts:
            best.setdefault(folded(text), Suggestion(text, "title" if kind == "title" else "query"))
    return tuple(best.values())[:limit]


def _check(prefix: str, limit: int) -> None:
    if len(prefix) > MAXIMUM_TEXT_CHARACTERS:
        raise QueryError(
            f"the text has {len(prefix):,} characters, at most {MAXIMUM_TEXT_CHARACTERS:,} are "
            "allowed",
            field="text",
        )
    if not 1 <= limit <= MAXIMUM_SUGGESTIONS:
        raise QueryError(f"limit is {limit}, expected 1 to {MAXIMUM_SUGGESTIONS}", field="limit")
    try:
        check_text(prefix, "query")
    except FilterError as error:
        raise QueryError(str(error), field="text") from None
