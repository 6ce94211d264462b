"""Forgets what the settings say need not be kept: soon after the start, then every hour; and drops
what cursors have held, once they expire.

Whoever leads a collection does it for that collection; with servers for engines so does who serves
it, since nobody need follow it there, and what two do at once is done once. It goes in steps with
pauses between them, so that whoever writes waits for one step at most.

It also ends what was begun of forgetting people, where whoever began has died.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from api.bootstrap import House
from api.erasing import finish, left_undone
from tandem.errors import TandemError
from tandem.telemetry import logger

EVERY_SECONDS = 3_600.0
LEFT_SECONDS = 60.0
"""How often generations are looked at that only wait for cursors to expire, and people who wait to
be forgotten.
"""

POLL_SECONDS = 5.0
"""How long after the start it begins, and how soon it notices what it leads now."""

PAUSE_SECONDS = 0.05
CURSORS_PER_STEP = 500
MEGABYTE = 1024 * 1024

Pause = Callable[[], bool]
"""Waits between two steps; true if this process is to end."""

Purge = Callable[[str, datetime], int]
"""One step for a collection: what is older than a moment."""


class Chore(NamedTuple):
    """What is forgotten, and one step of it: how many are gone, 0 when it is done."""

    what: str
    step: Callable[[], int]


class Retention:
    """A thread that does what is due until ``close``. ``drop_left`` drops the generations of a
    collection that only waited for cursors to expire.
    """

    def __init__(
        self,
        house: House,
        leading: Callable[[], Sequence[str]],
        drop_left: Callable[[str], None],
        *,
        poll_seconds: float | None = None,
    ) -> None:
        self._house = house
        self._leading = leading
        self._drop_left = drop_left
        self._poll_seconds = POLL_SECONDS if poll_seconds is None else poll_seconds
        self._done: dict[object, float] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(self._poll_seconds):
            try:
                self._do_what_is_due()
            except TandemError as error:
                logger("api").warning("what is too old is not forgotten: %s", error)
            except BaseException as error:  # nobody would start the thread again
                logger("api").warning("what is too old is not forgotten", exc_info=error)

    def _do_what_is_due(self) -> None:
        if self._is_due(None):  # every process has a cache of its own on its host
            self._work_off(cache_chores(self._house))
        for name in self._leading():
            if self._closed.is_set():
                return
            if self._is_due((name, "left"), LEFT_SECONDS):
                self._drop_left(name)
            if self._is_due((name, "erasures"), LEFT_SECONDS):
                self._erase_left(name)
            if self._is_due(name):
                self._work_off(chores(self._house, name, datetime.now(UTC)))

    def _erase_left(self, name: str) -> None:
        before = datetime.now(UTC) - timedelta(seconds=LEFT_SECONDS)
        for noted in left_undone(self._house.catalog, name, before):
            finish(self._house.catalog, noted, partial(self._closed.wait, PAUSE_SECONDS))

    def _is_due(self, what: object, every_seconds: float = EVERY_SECONDS) -> bool:
        """Also notes that it is done: what fails is tried again when it is due again."""
        before, now = self._done.get(what), time.monotonic()
        if before is not None and now - before < every_seconds:
            return False
        self._done[what] = now
        return True

    def _work_off(self, chosen: Iterator[Chore]) -> None:
        for chore in chosen:
            work_off(chore, partial(self._closed.wait, PAUSE_SECONDS))
            if self._closed.is_set():  # not later: the next chore may open the event log
                return

    def close(self) -> None:
        """Stop after the step in hand."""
        self._closed.set()
        self._thread.join(timeout=5)


def work_off(chore: Chore, pause: Pause) -> int:
    """Step by step until nothing is left or the process is to end; how many are gone."""
    gone = 0
    while step := chore.step():
        gone += step
        if pause():
            break
    if gone:
        logger("api").info("forgot %s %s", f"{gone:,}", chore.what)
    return gone


def chores(house: House, name: str, now: datetime) -> Iterator[Chore]:
    """What may be forgotten of a collection; what is kept for ever is not even opened."""
    catalog, kept = house.catalog, house.settings.retention

    def chore(what: str, purge: Purge, days: int) -> Chore:
        told = f"{what} of {name} from more than {days:,} days ago"
        return Chore(told, partial(purge, name, now - timedelta(days=days)))

    yield Chore(f"deletes of {name}", partial(_forget_deletes, house, name))
    yield chore("finished tasks", catalog.tasks.purge, kept.history_days)
    yield chore("dropped generations", catalog.releases.purge, kept.history_days)
    yield chore("models", catalog.models.purge, kept.history_days)
    if catalog.has_frozen():
        yield Chore("cursors that have expired", partial(catalog.frozen.purge, CURSORS_PER_STEP))
    # last: an event log that is damaged keeps nothing else from being done
    if kept.events_days is not None:
        yield chore("events", catalog.events.purge_events, kept.events_days)
    if kept.impressions_days is not None:
        yield chore("impressions", catalog.events.purge_impressions, kept.impressions_days)
    if catalog.has_events():
        yield chore("erasures", catalog.events.erasures.purge, kept.history_days)
        days = min(kept.features_days, kept.impressions_days or kept.features_days)
        yield chore("features", catalog.events.features.purge, days)


def _forget_deletes(house: House, name: str) -> int:
    """Those that every index of a retained generation has applied: nothing else wants to know."""
    catalog = house.catalog
    marks = [
        catalog.checkpoints.read(index)
        for generation in catalog.releases.generations(name)
        for index in (generation.lexical_name, generation.vector_name)
    ]
    passed = min((0 if mark is None else mark.applied for mark in marks), default=0)
    return catalog.documents.purge_tombstones(name, passed)


def cache_chores(house: House) -> Iterator[Chore]:
    """What may be forgotten of the embedding cache."""
    yield Chore("vectors of models that no generation has", partial(_forget_others, house))
    room = house.settings.retention.embedding_cache_mb
    if room is not None:
        shrink = partial(house.catalog.embeddings.shrink, room * MEGABYTE)
        yield Chore(f"vectors, the cache having more than {room:,} MB", shrink)


def _forget_others(house: House) -> int:
    """One step. Asked anew in each: a generation with another model may be made meanwhile."""
    releases = house.catalog.releases
    embedders = {
        generation.embedder
        for name in releases.collections()
        for generation in releases.generations(name)
    }
    if not embedders:  # an empty catalogue may be the wrong one
        return 0
    return house.catalog.embeddings.forget_others(embedders)
