"""One follower an index: beats, standing by, taking over, and an owner that comes too late."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.leases import Beats, Standby
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.errors import CatalogError, CheckpointConflict

NAME = "main-lexical-1"
PATIENCE = 0.6


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, five times as fast."""
    monkeypatch.setattr("indexer.leases.BEAT_SECONDS", 0.1)
    monkeypatch.setattr("indexer.leases.PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr("indexer.leases.MARGIN_SECONDS", 0.1)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A catalogue on disk."""
    opened = Catalog(f"sqlite:///{tmp_path / 'd.sqlite'}", f"sqlite:///{tmp_path / 'c.sqlite'}")
    yield opened
    opened.close()


def begin(catalog: Catalog, beats: Beats) -> Checkpoint:
    """An index whose lease these beats keep up."""
    started = time.monotonic()
    checkpoint = catalog.checkpoints.start(NAME, "id", catalog.documents.log_id, owner=beats.owner)
    beats.keep(checkpoint, started)
    return checkpoint


def free(standby: Standby) -> bool:
    """Whether the lease may be taken."""
    return standby.observe(PATIENCE)[0]


def test_nobody_has_it(catalog: Catalog) -> None:
    """An index without a checkpoint, or given back, is free at once."""
    standby = Standby(catalog.checkpoints, NAME)
    assert standby.observe() == (True, None)
    beats = Beats(catalog.checkpoints)
    begin(catalog, beats)
    assert not free(standby)
    beats.close()
    assert free(standby)
    assert not beats.holds(NAME)


def test_a_beating_owner_keeps_it(catalog: Catalog) -> None:
    """However long one waits; moving the checkpoint is no obstacle to the beat."""
    beats = Beats(catalog.checkpoints)
    held = begin(catalog, beats)
    standby = Standby(catalog.checkpoints, NAME)
    until = time.monotonic() + 3 * PATIENCE
    while time.monotonic() < until:
        assert not free(standby)
        assert beats.holds(NAME)
        held = catalog.checkpoints.advance(held, held.applied + 1)
        time.sleep(0.05)
    beats.close()


def test_an_owner_that_stands_still_is_followed_by_one(catalog: Catalog) -> None:
    """After the owner's silence the lease is free; it has known before that it is lost."""
    silent = Beats(catalog.checkpoints)
    started = time.monotonic()
    held = catalog.checkpoints.start(NAME, "id", catalog.documents.log_id, owner=silent.owner)
    silent._renewed[NAME] = started  # kept, but never renewed: a process that was stopped
    standby, other = (Standby(catalog.checkpoints, NAME) for _ in range(2))
    assert silent.holds(NAME)
    lost_at = None
    while not free(standby):
        free(other)
        if lost_at is None and not silent.holds(NAME):
            lost_at = time.monotonic()
        time.sleep(0.02)
    assert lost_at is not None, "the owner knew before anybody could take over"
    assert time.monotonic() - started < PATIENCE + 0.4
    time.sleep(0.1)
    is_free, lease = standby.observe(PATIENCE)
    assert is_free
    assert other.observe(PATIENCE) == (True, lease)
    catalog.checkpoints.take(held, owner="one", expected=lease)
    with pytest.raises(CheckpointConflict):
        catalog.checkpoints.take(held, owner="two", expected=lease)
    with pytest.raises(CheckpointConflict):
        catalog.checkpoints.advance(held, 7)


def test_a_taken_lease_is_noticed(catalog: Catalog) -> None:
    """The beat of the one before is refused, and he knows that he holds nothing."""
    beats = Beats(catalog.checkpoints)
    held = begin(catalog, beats)
    catalog.checkpoints.take(held, owner="another")
    until = time.monotonic() + 2
    while beats.holds(NAME):
        assert time.monotonic() < until
        time.sleep(0.02)
    beats.close()
    lease = catalog.checkpoints.observe(NAME)
    assert lease is not None
    assert lease.owner == "another", "what is lost is not given back for the other one"


def test_without_the_catalogue_the_lease_runs_out(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can be sure to hold what he cannot renew; when it is back, so is the lease."""
    beats = Beats(catalog.checkpoints)
    begin(catalog, beats)

    def refuse(*_: object) -> None:
        raise CatalogError("down")

    with monkeypatch.context() as broken:
        broken.setattr(catalog.checkpoints, "renew", refuse)
        until = time.monotonic() + 2
        while beats.holds(NAME):
            assert time.monotonic() < until
            time.sleep(0.02)
    until = time.monotonic() + 2
    while not beats.holds(NAME):
        assert time.monotonic() < until
        time.sleep(0.02)
    beats.close()


def test_no_error_ends_the_beating(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that nobody has foreseen either: one thread keeps up every lease."""
    beats = Beats(catalog.checkpoints)
    begin(catalog, beats)
    failed = threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(catalog.checkpoints, "renew", fail)
        assert failed.wait(5)
    time.sleep(2 * PATIENCE)
    assert beats.holds(NAME)
    beats.close()


def test_a_late_beat_does_not_end_a_lease_taken_anew(catalog: Catalog) -> None:
    """The beat for the epoch before is refused: what is held now is not forgotten for it."""
    beats = Beats(catalog.checkpoints)
    before = begin(catalog, beats)
    now = catalog.checkpoints.take(before, owner=beats.owner)
    beats.keep(now, time.monotonic())
    beats._renew(before)
    assert beats.holds(NAME)
    with pytest.raises(CheckpointConflict):
        beats.confirm(before)
    assert beats.holds(NAME)
    beats.confirm(now)
    beats.close()
