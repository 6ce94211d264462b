"""The fold of the event log that every query sees: what all people did with each document."""

import threading
from collections import deque
from collections.abc import Collection, Sequence
from typing import NamedTuple

from rerank.deeds import is_by
from rerank.everyone import Everyone
from rerank.numbers import Numbers
from rerank.person import DEEDS_READ
from tandem.behaviour import Deed, Rows, Who

ROWS_AT_ONCE = 1_000
"""Whoever reads waits no longer than so many rows take, a few thousandths of a second."""

RECENT_DEEDS = 10_000
"""So many of the last deeds are at hand, for whoever read a past that ends a little earlier."""


class Past(NamedTuple):
    """Somebody's last deeds up to ``as_of``, oldest first."""

    who: Who
    deeds: Sequence[Deed]
    as_of: int


class Behaviour:
    """What was done with every document, up to ``position`` in the log. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._position = 0
        self._numbers = Numbers()
        self._recent: deque[Deed] = deque(maxlen=RECENT_DEEDS)
        self._recent_after = 0

    @property
    def position(self) -> int:
        """How far the log was read."""
        return self._position

    def __len__(self) -> int:
        """How many documents have a past."""
        return len(self._numbers)

    def take(self, piece: Rows) -> None:
        """Fold the next piece of the log.

        Raises:
            ValueError: it does not follow what was taken.
        """
        rows, through = piece
        if rows and not self._position < rows[0].sequence <= rows[-1].sequence <= through:
            raise ValueError(
                f"rows {rows[0].sequence} to {rows[-1].sequence} of a piece through {through}"
                f" do not follow {self._position}"
            )
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            deeds = [row for row in part if isinstance(row, Deed) and row.document_id is not None]
            pages = [row for row in part if not isinstance(row, Deed)]
            with self._lock:
                self._numbers.add(deeds, pages)
                self._recent.extend(deeds)
                self._position = part[-1].sequence
        with self._lock:
            self._position = max(self._position, through)

    def forget_people(self) -> None:
        """Somebody was erased from what was taken: nothing of it is known any more to be anybody's.
        What was done with documents stays as it is.
        """
        with self._lock:
            self._recent.clear()
            self._recent_after = self._position

    def of(self, document_ids: Collection[str], seconds: float) -> Everyone:
        """What was done with documents, as of ``position``, seen at ``seconds`` since 1970."""
        with self._lock:
            return self._numbers.of(document_ids, seconds, self._position)

    def beside(
        self, past: Past, document_ids: Collection[str], seconds: float
    ) -> tuple[Everyone, Past] | None:
        """What was done with documents, and somebody's past up to the same position; ``None`` where
        what lies between is not at hand any more.

        A past is read from the log while others are written to it, so its end is added here.
        """
        with self._lock:
            newer = self._newer(past)
            if newer is None:
                return None
            deeds = [*past.deeds, *newer][-DEEDS_READ:]
            everyone = self._numbers.of(document_ids, seconds, self._position)
            return everyone, Past(past.who, deeds, self._position)

    def _newer(self, past: Past) -> list[Deed] | None:
        """What somebody did after a past of theirs, oldest first; ``None`` where it is unknown."""
        recent = self._recent
        if past.as_of == self._position:
            return []
        if not self._recent_after <= past.as_of < self._position:
            return None
        if len(recent) == RECENT_DEEDS and recent[0].sequence > past.as_of + 1:
            return None
        found = []
        for deed in reversed(recent):
            if deed.sequence <= past.as_of:
                break
            if is_by(deed, past.who):
                found.append(deed)
        return found[::-1]
