"""Verification and repair beside a writer that never stops: no false alarm, and nothing is lost."""

import random
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from indexer.findings import Kind
from indexer.following import Following, following
from indexer.holdings import Held, Holdings
from indexer.redo import bring_up_to_date
from indexer.writers import LexicalWriter, VectorWriter
from tandem.documents import Change
from tandem.protocols import Refusal
from tests.integration.crash.audit import exact
from tests.integration.verified_house import COLLECTION, LEGS, VerifiedHouse, text

BUSY = [f"busy{number}" for number in range(40)]
QUIET = [f"quiet{number}" for number in range(20)]
SECONDS = 4.0
PAUSE_SECONDS = 0.004
ANSWER_SECONDS = 0.02
PATIENCE_SECONDS = 120.0


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VerifiedHouse]:
    """A collection, part of which will be written to; in the end both indexes are what the log
    says.
    """
    monkeypatch.setattr(LexicalWriter, "batch_size", 9)
    monkeypatch.setattr(VectorWriter, "batch_size", 7)
    opened = VerifiedHouse.open(tmp_path / "data")
    opened.accept(*(text(name, 1) for name in BUSY + QUIET))
    opened.follow()
    yield opened
    with opened.house:
        assert exact(opened.house, COLLECTION)


class Writer:
    """Upserts and deletes documents at random, in small batches, until it is stopped."""

    def __init__(self, house: VerifiedHouse, work: Following) -> None:
        self._house = house
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer")
        self.written = self.deleted = 0
        self.error: BaseException | None = None

    def _run(self) -> None:
        chance = random.Random(7)
        version = 1
        try:
            while not self._stop.wait(PAUSE_SECONDS):
                version += 1
                names = chance.sample(BUSY, chance.randint(1, 5))
                if chance.random() < 0.4:
                    self.deleted += len(self._house.log.delete(COLLECTION, names))
                else:
                    words = chance.choice((5, 40, 100))
                    self._house.accept(*(text(name, version, words) for name in names))
                    self.written += len(names)
                if chance.random() < 0.05:
                    applied = min(self._house.index(leg).applied() for leg in LEGS)
                    self._house.log.purge_tombstones(COLLECTION, applied)
                self._work.notify()
        except BaseException as error:
            self.error = error

    def has_written_enough(self) -> bool:
        """Whether there was anything to trip over."""
        return (self.error is not None) or (self.written > 50 and self.deleted > 10)

    @contextmanager
    def at_work(self) -> Iterator["Writer"]:
        """Write while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()
        if self.error is not None:
            raise self.error


class OvertakenWriter:
    """Writes when what it has read is old: after reading, every other document is deleted or
    changed, and the follower applies that first.
    """

    def __init__(self, house: VerifiedHouse, leg: str, work: Following) -> None:
        self._house = house
        self._index = house.index(leg)
        self._work = work
        self._overtaken: set[str] = set()
        self.name = leg
        self.batch_size = self._index.writer.batch_size

    def prepare(self, changes: Sequence[Change]) -> Any:
        """Let the follower pass, once for every document."""
        fresh = [name for change in changes if (name := change.document_id) not in self._overtaken]
        self._overtaken |= {*fresh}
        self._house.log.delete(COLLECTION, fresh[::3])
        self._house.accept(*(text(name, 1_000, 60) for name in fresh[1::3]))
        head = self._house.log.head()
        self._work.notify()
        begun = time.monotonic()
        while self._index.applied() < head:
            assert time.monotonic() - begun < PATIENCE_SECONDS, "the follower does not get on"
            time.sleep(0.005)
        return self._index.writer.prepare(changes)

    def apply(self, changes: Sequence[Change], prepared: Any) -> Sequence[Refusal]:
        """See ``IndexWriter``."""
        return self._index.writer.apply(changes, prepared)

    def refresh(self) -> None:
        """Nothing reads in between."""


class SlowHoldings:
    """``Holdings`` whose answers take as long to arrive as those of a busy server."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self.refresh = holdings.refresh
        self.forget = holdings.forget
        self.contents = holdings.contents
        self.differences = holdings.differences

    def versions(self, first: int, last: int | None) -> Iterator[Held]:
        """See ``Holdings``."""
        rows = list(self._holdings.versions(first, last))
        time.sleep(ANSWER_SECONDS)
        return iter(rows)

    def versions_of(self, document_ids: Collection[str]) -> list[Held]:
        """See ``Holdings``."""
        rows = self._holdings.versions_of(document_ids)
        time.sleep(ANSWER_SECONDS)
        return rows


def until(writer: Writer, seconds: float) -> Iterator[None]:
    """At least twice, that long, and until enough was written meanwhile."""
    turns, begun = 0, time.monotonic()
    while turns < 2 or time.monotonic() - begun < seconds or not writer.has_written_enough():
        assert time.monotonic() - begun < PATIENCE_SECONDS, "the writer does not get on"
        turns += 1
        yield


def test_no_false_alarm_beside_a_writer(house: VerifiedHouse) -> None:
    """However often both indexes are verified, nothing is found where nothing is wrong."""
    verified: Counter[str] = Counter()
    with following(house.collection.followers) as work, Writer(house, work).at_work() as writer:
        for _ in until(writer, SECONDS):
            for leg in LEGS:
                result = house.verify(leg, SlowHoldings, patience_seconds=30.0, sample=15)
                assert result.error is None
                assert result.found.total == 0, result.found.examples
                assert result.behind == 0
                verified[leg] += result.documents
    assert min(verified[leg] for leg in LEGS) >= 2 * len(QUIET)


def test_drift_is_mended_beside_a_writer(house: VerifiedHouse) -> None:
    """Found exactly and mended, while other documents change all the time."""
    planted = dict(zip(QUIET, (Kind.STALE, Kind.ALTERED, Kind.MISSING, Kind.AHEAD), strict=False))
    expected = Counter(planted.values())
    with following(house.collection.followers) as work, Writer(house, work).at_work() as writer:
        for leg in LEGS:
            if leg == "vector":  # the only writer of a tantivy folder is the follower's
                for name, kind in planted.items():
                    house.plant(leg, kind, name)
            result = house.verify(leg, repair=True, patience_seconds=30.0)
            assert result.error is None
            assert result.found.counts == (expected if leg == "vector" else {})
            assert result.remaining == 0
    assert writer.written > 0


@pytest.mark.parametrize("leg", LEGS)
def test_writing_again_behind_the_follower_loses_nothing(house: VerifiedHouse, leg: str) -> None:
    """Documents are brought to the log's newest state with what was read too early: nothing that
    was deleted comes back, and nothing old stays.
    """
    with following(house.collection.followers) as work:
        late = OvertakenWriter(house, leg, work)
        redone = bring_up_to_date(house.log, COLLECTION, late, BUSY + QUIET)
        assert redone.sequences.keys() == {*BUSY, *QUIET}
    result = house.verify(leg)
    assert (result.found.total, result.is_clean) == (0, True), result.found.examples


@pytest.mark.parametrize("leg", LEGS)
def test_writing_again_beside_a_writer_loses_nothing(house: VerifiedHouse, leg: str) -> None:
    """Over and over while documents change; in the end all is as if the follower had been alone."""
    with following(house.collection.followers) as work, Writer(house, work).at_work() as writer:
        for _ in until(writer, SECONDS):
            redone = bring_up_to_date(house.log, COLLECTION, house.index(leg).writer, BUSY)
            assert redone.sequences.keys() == {*BUSY}
    result = house.verify(leg)
    assert (result.found.total, result.is_clean) == (0, True), result.found.examples
