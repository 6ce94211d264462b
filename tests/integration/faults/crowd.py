"""Clients that search all the time and write down every reply."""

import random
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from api.collection import OpenCollection
from tandem.queries import Query
from tests.integration.crash.stream import DOCUMENTS

TICK_SECONDS = 0.01


class Reply(NamedTuple):
    """One answer. ``began`` is on the monotonic clock; ``degraded`` maps a leg to the reason;
    ``missing`` counts hits of the page without their document.
    """

    began: float
    took_ms: float
    degraded: dict[str, str]
    legs_ms: dict[str, float]
    hits: int
    missing: int
    release: int


@dataclass
class Seen:
    """What a crowd saw. ``errors`` are searches that failed; ``late_ms`` is by how much, at most, a
    thread of this process slept longer than it had asked: what the machine adds to every wait.
    """

    replies: list[Reply] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    late_ms: float = 0.0

    def after(self, moment: float) -> list[Reply]:
        """The replies to searches that began later."""
        return [reply for reply in self.replies if reply.began > moment]


def leg_median_ms(replies: Sequence[Reply], leg: str) -> float:
    """The median of a leg's own time, milliseconds."""
    taken = [reply.legs_ms[leg] for reply in replies if leg not in reply.degraded]
    assert taken, f"the {leg} leg never answered"
    return statistics.median(taken)


class Crowd:
    """``clients`` threads, each with a pause of ``pause_seconds`` between two searches."""

    def __init__(
        self,
        collection: OpenCollection,
        clients: int,
        *,
        pause_seconds: float = 0.02,
        budget_ms: float | None = None,
    ) -> None:
        self.seen = Seen()
        self._searcher = collection.searcher("hybrid")
        self._pause = pause_seconds
        self._budget_ms = budget_ms
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._search, args=(seed,), daemon=True)
            for seed in range(clients)
        ]
        self._threads.append(threading.Thread(target=self._tick, daemon=True))
        for thread in self._threads:
            thread.start()

    def _search(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self._stopping.wait(self._pause):
            text = f"title d{chance.randrange(DOCUMENTS)} w{chance.randrange(500)}"
            query = Query(text, budget_ms=self._budget_ms)
            began = time.monotonic()
            try:
                result = self._searcher.search(query)
            except BaseException as error:
                self.seen.errors.append(f"{type(error).__name__}: {error}")
                continue
            took_ms = (time.monotonic() - began) * 1_000
            self.seen.replies.append(
                Reply(
                    began,
                    took_ms,
                    {part.leg: part.reason for part in result.degraded},
                    dict(result.milliseconds),
                    len(result.page),
                    len(set(result.page.document_ids) - result.documents.keys()),
                    result.release,
                )
            )

    def _tick(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            time.sleep(TICK_SECONDS)
            late = time.monotonic() - began - TICK_SECONDS
            self.seen.late_ms = max(self.seen.late_ms, late * 1_000)

    def await_replies(self, more: int, seconds: float = 60.0) -> None:
        """Wait for so many more replies or errors."""
        target, until = self._count() + more, time.monotonic() + seconds
        while self._count() < target:
            assert time.monotonic() < until, f"{self._count()} of {target} replies"
            time.sleep(0.02)

    def _count(self) -> int:
        return len(self.seen.replies) + len(self.seen.errors)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No more searches; ``seen`` is complete on return."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
