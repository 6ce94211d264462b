"""Verification and repair beside a writer that never stops: no false alarm, and nothing is lost."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.findings import Kind
from indexer.followers import Following, following
from indexer.redo import bring_up_to_date
from indexer.writers import LexicalWriter, VectorWriter
from tests.integration.crash.audit import exact
from tests.integration.verified_house import COLLECTION, LEGS, VerifiedHouse, text

BUSY = [f"busy{number}" for number in range(40)]
QUIET = [f"quiet{number}" for number in range(20)]
SECONDS = 6.0
PAUSE_SECONDS = 0.004


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
        assert exact(opened.house, COLLECTION).keys() >= {*QUIET}


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


def until(deadline: float) -> Iterator[None]:
    """At least twice, and until then."""
    turns = 0
    while turns < 2 or time.monotonic() < deadline:
        turns += 1
        yield


def test_no_false_alarm_beside_a_writer(house: VerifiedHouse) -> None:
    """However often both indexes are verified, nothing is found where nothing is wrong."""
    verified: Counter[str] = Counter()
    with following(house.collection.followers) as work, Writer(house, work).at_work() as writer:
        for _ in until(time.monotonic() + SECONDS):
            for leg in LEGS:
                result = house.verify(leg, repair=False, patience_seconds=30.0)
                assert result.error is None
                assert result.found.total == 0, result.found.examples
                assert result.behind == 0
                verified[leg] += result.sampled
    assert writer.written > 50
    assert writer.deleted > 10
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
def test_writing_again_beside_a_follower_loses_nothing(house: VerifiedHouse, leg: str) -> None:
    """Documents are brought to the log's newest state over and over while they change; in the end
    the index holds what the log says, as if the follower had been alone.
    """
    writer_of_leg = house.index(leg).writer
    turns = 0
    with following(house.collection.followers) as work, Writer(house, work).at_work() as writer:
        for _ in until(time.monotonic() + SECONDS):
            redone = bring_up_to_date(house.log, COLLECTION, writer_of_leg, BUSY)
            assert redone.sequences.keys() == {*BUSY}
            turns += 1
    assert writer.written > 50
    assert turns >= 2
    result = house.verify(leg)
    assert (result.found.total, result.is_clean) == (0, True), result.found.examples
