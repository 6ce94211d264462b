"""A part of an event log that is at hand."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

from rerank.deeds import is_by
from tandem.behaviour import Deed, Rows, Shown, Who


class KeptLog:
    """A ``BehaviourLog`` of these rows, which are in order of sequence; others are not in it."""

    def __init__(self, rows: Sequence[Deed | Shown]) -> None:
        self._rows = tuple(rows)

    @property
    def head(self) -> int:
        """The last sequence; 0 without rows."""
        return self._rows[-1].sequence if self._rows else 0

    @cached_property
    def _sequences(self) -> list[int]:
        return [row.sequence for row in self._rows]

    def rows(self, after: int, limit: int) -> Rows:
        """See ``BehaviourLog``."""
        start = bisect_right(self._sequences, after)
        found = self._rows[start : start + limit]
        return Rows(found, found[-1].sequence if found else after)

    def deeds_of(self, who: Who, *, as_of: int, limit: int) -> Sequence[Deed]:
        """See ``BehaviourLog``."""
        before = self._rows[: bisect_right(self._sequences, as_of)]
        found = [
            row
            for row in before
            if isinstance(row, Deed) and row.document_id is not None and is_by(row, who)
        ]
        return found[-limit:] if limit else []
