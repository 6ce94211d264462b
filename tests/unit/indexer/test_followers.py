"""Followers with writers that fail, wait and count as they are told."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from indexer.followers import Follower
from indexer.following import Following, following
from indexer.indexing import catch_up
from tandem.catalog.catalog import Catalog
from tandem.documents import Change, Document
from tandem.errors import CheckpointConflict, EngineError
from tests.fakes import FakeWriter

COLLECTION = "main"
PATIENCE_SECONDS = 10.0


class Panic(BaseException):
    """What a panic of a native library arrives as."""


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalogue on disk."""
    opened = Catalog(
        f"sqlite:///{tmp_path / 'documents.sqlite'}", f"sqlite:///{tmp_path / 'cache.sqlite'}"
    )
    yield opened
    opened.close()


def follower(catalog: Catalog, writer: FakeWriter) -> Follower:
    """A follower of the collection, from where its index stands."""
    checkpoints = catalog.checkpoints
    checkpoint = checkpoints.read(writer.name)
    if checkpoint is None:
        checkpoint = checkpoints.start(writer.name, "identity", catalog.documents.log_id)
    return Follower(catalog.documents, checkpoints, writer, COLLECTION, checkpoint)


def write(catalog: Catalog, *ids: str, body: str = "first") -> None:
    """Append documents of that body."""
    documents = [Document(document_id, body=body) for document_id in ids]
    catalog.documents.append(COLLECTION, "source", documents)


def applied(catalog: Catalog, name: str = "lexical") -> int:
    """The checkpoint as it is kept."""
    checkpoint = catalog.checkpoints.read(name)
    assert checkpoint is not None
    return checkpoint.applied


def fail_on(sequence: int, error: BaseException) -> Callable[[Sequence[Change]], None]:
    """Fail when a batch holds that change."""

    def check(changes: Sequence[Change]) -> None:
        if any(change.sequence == sequence for change in changes):
            raise error

    return check


def test_changes_are_applied_in_batches_and_counted(catalog: Catalog) -> None:
    """Every change arrives once, in order, in batches; the checkpoint ends at the log's head."""
    write(catalog, *"abcdefg")
    writer = FakeWriter()
    told: list[tuple[str, int]] = []
    count = follower(catalog, writer).catch_up(lambda leg, changes: told.append((leg, changes)))
    assert count == 7
    assert writer.batches == [[1, 2, 3], [4, 5, 6], [7]]
    assert told == [("lexical", 3), ("lexical", 3), ("lexical", 1)]
    assert applied(catalog) == 7
    assert follower(catalog, writer).catch_up() == 0


def test_updates_and_deletes_arrive(catalog: Catalog) -> None:
    """The newest version of a document replaces the old one; a tombstone removes it."""
    writer = FakeWriter()
    following_one = follower(catalog, writer)
    write(catalog, "a", "b", "c")
    following_one.catch_up()
    write(catalog, "a", body="second")
    catalog.documents.delete(COLLECTION, ["b", "unknown"])
    assert following_one.catch_up() == 2
    assert writer.held == {"a": (4, "second"), "c": (3, "first")}


def test_other_collections_are_passed_by(catalog: Catalog) -> None:
    """Their changes are not applied, and not waited for."""
    catalog.documents.append("other", "source", [Document("x"), Document("y")])
    write(catalog, "a")
    catalog.documents.append("other", "source", [Document("z")])
    writer = FakeWriter()
    assert follower(catalog, writer).catch_up() == 1
    assert writer.held == {"a": (3, "first")}
    assert applied(catalog) == 4


@pytest.mark.parametrize("place", ["before_prepare", "before_apply"])
def test_a_failed_batch_is_done_again(catalog: Catalog, place: str) -> None:
    """The checkpoint stays before the batch that failed; the next call goes on from there."""
    write(catalog, *"abcdefgh")
    writer = FakeWriter()
    setattr(writer, place, fail_on(5, EngineError("the disk is full")))
    one = follower(catalog, writer)
    with pytest.raises(EngineError, match="disk is full"):
        one.catch_up()
    assert applied(catalog) == 3
    assert set(writer.held) == set("abc")
    setattr(writer, place, lambda _: None)
    assert one.catch_up() == 5
    assert set(writer.held) == set("abcdefgh")
    assert writer.batches == [[1, 2, 3], [4, 5, 6], [7, 8]]


def test_a_batch_applied_without_its_checkpoint_is_applied_again(catalog: Catalog) -> None:
    """What a kill between the index and the checkpoint leaves behind: nothing changes by it."""
    write(catalog, *"abcd")
    writer = FakeWriter()
    start = catalog.checkpoints.start("lexical", "identity", catalog.documents.log_id)
    follower(catalog, writer).catch_up()
    held = dict(writer.held)
    moved = catalog.checkpoints.read("lexical")
    assert moved is not None
    catalog.checkpoints.advance(moved, start.applied)
    assert follower(catalog, writer).catch_up() == 4
    assert writer.held == held
    assert writer.batches == [[1, 2, 3], [4], [1, 2, 3], [4]]


def test_a_follower_that_was_taken_over_moves_nothing(catalog: Catalog) -> None:
    """A new epoch fences the old follower out."""
    write(catalog, "a")
    late = follower(catalog, FakeWriter())
    catalog.checkpoints.take(late.checkpoint)
    with pytest.raises(CheckpointConflict):
        late.catch_up()
    assert applied(catalog) == 0


def test_a_refused_document_stalls_nothing(catalog: Catalog) -> None:
    """It goes to the failure table, with its sequence and the reason; the rest is applied."""
    write(catalog, *"ab")
    write(catalog, "bad", body="poison")
    write(catalog, *"cde")
    writer = FakeWriter()
    writer.refused = {"poison"}
    assert follower(catalog, writer).catch_up() == 6
    assert set(writer.held) == set("abcde")
    (failure,) = catalog.checkpoints.failures("lexical")
    assert (failure.document_id, failure.sequence) == ("bad", 3)
    assert failure.reason == "cannot take poison"
    assert applied(catalog) == 6


@pytest.mark.parametrize("mended", ["update", "delete"])
def test_a_later_change_clears_the_failure(catalog: Catalog, mended: str) -> None:
    """A good version, or the document's end, takes it off the failure table; others stay."""
    write(catalog, "bad", "worse", body="poison")
    writer = FakeWriter()
    writer.refused = {"poison"}
    one = follower(catalog, writer)
    one.catch_up()
    assert catalog.checkpoints.failure_count("lexical") == 2
    if mended == "update":
        write(catalog, "bad", body="good")
    else:
        catalog.documents.delete(COLLECTION, ["bad"])
    one.catch_up()
    assert [item.document_id for item in catalog.checkpoints.failures("lexical")] == ["worse"]
    assert ("bad" in writer.held) == (mended == "update")


def test_a_refused_update_takes_the_old_version_away(catalog: Catalog) -> None:
    """The failure names the newest sequence, once, however often it is refused."""
    writer = FakeWriter()
    writer.refused = {"poison", "poison again"}
    one = follower(catalog, writer)
    for body in ("good", "poison", "poison again"):
        write(catalog, "a", body=body)
        one.catch_up()
    assert writer.held == {}
    (failure,) = catalog.checkpoints.failures("lexical")
    assert (failure.sequence, failure.reason) == (3, "cannot take poison again")


def test_the_next_batch_is_prepared_while_one_is_applied(catalog: Catalog) -> None:
    """Applying the first batch waits until the second is being prepared, and sees it happen."""
    write(catalog, *"abcdef")
    writer = FakeWriter()
    preparing_second = threading.Event()

    def before_prepare(changes: Sequence[Change]) -> None:
        if changes[0].sequence == 4:
            preparing_second.set()

    def before_apply(changes: Sequence[Change]) -> None:
        assert preparing_second.wait(PATIENCE_SECONDS), "the second batch was not prepared"

    writer.before_prepare, writer.before_apply = before_prepare, before_apply
    assert follower(catalog, writer).catch_up() == 6


def test_batches_are_applied_one_after_the_other(catalog: Catalog) -> None:
    """However far preparation is ahead, the checkpoint is moved in the order of the log."""
    write(catalog, *"abcdefghijkl")
    writer = FakeWriter()
    seen: list[tuple[int, int]] = []
    writer.before_apply = lambda changes: seen.append((changes[0].sequence, applied(catalog)))
    follower(catalog, writer).catch_up()
    assert seen == [(1, 0), (4, 3), (7, 6), (10, 9)]


def test_one_leg_fails_and_the_other_stays_current(catalog: Catalog) -> None:
    """The error is found with its leg, beside what it had applied before."""
    write(catalog, *"abcdefgh")
    lexical, vector = FakeWriter("lexical"), FakeWriter("vector")
    vector.before_apply = fail_on(7, EngineError("the engine is gone"))
    with following([follower(catalog, writer) for writer in (lexical, vector)]) as work:
        pass
    assert work.legs["lexical"].error is None
    assert (work.legs["lexical"].applied, work.legs["vector"].applied) == (8, 6)
    assert str(work.legs["vector"].error) == "the engine is gone"
    assert (applied(catalog, "lexical"), applied(catalog, "vector")) == (8, 6)
    vector.before_apply = lambda _: None
    assert catch_up([follower(catalog, vector)]) == []
    assert vector.held == lexical.held


@pytest.mark.parametrize("place", ["before_prepare", "before_apply"])
@pytest.mark.parametrize("error", [ZeroDivisionError("unforeseen"), Panic("unforeseen")])
def test_an_unexpected_failure_is_reported(
    catalog: Catalog, place: str, error: BaseException
) -> None:
    """Neither a bug nor a panic of a native library may leave a leg behind in silence."""
    write(catalog, "a")
    writer = FakeWriter()
    setattr(writer, place, fail_on(1, error))
    (reported,) = catch_up([follower(catalog, writer)])
    assert str(reported) == f"{type(error).__name__}: unforeseen"
    assert reported.__cause__ is error
    assert applied(catalog) == 0


def test_following_applies_what_is_written_meanwhile(catalog: Catalog) -> None:
    """A notified leg does not wait for the end of the block."""
    writer = FakeWriter()
    arrived = threading.Event()
    with following([follower(catalog, writer)], lambda *_: arrived.set()) as work:
        write(catalog, "a")
        work.notify()
        assert arrived.wait(PATIENCE_SECONDS)
        write(catalog, "b", "c")
    assert set(writer.held) == set("abc")
    assert work.legs["lexical"].applied == 3


def test_a_failing_block_leaves_both_legs_current(catalog: Catalog) -> None:
    """What was accepted before the failure is applied, and the failure is raised."""
    writer = FakeWriter()

    def fail() -> None:
        with following([follower(catalog, writer)]):
            write(catalog, *"abcdefg")
            raise ValueError("intake")

    with pytest.raises(ValueError, match="intake"):
        fail()
    assert set(writer.held) == set("abcdefg")


@pytest.mark.parametrize("interrupted", ["intake", "waiting"])
def test_an_interrupt_leaves_the_rest_to_the_next_run(
    catalog: Catalog, interrupted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control-C neither hangs nor waits for everything, and no thread works on behind it."""
    write(catalog, *"abcdefghijklmnopqrst")
    writer = FakeWriter(batch_size=2)
    applying, let_go = threading.Event(), threading.Event()

    def before_apply(changes: Sequence[Change]) -> None:
        applying.set()
        assert let_go.wait(PATIENCE_SECONDS)

    def interrupt() -> None:
        assert applying.wait(PATIENCE_SECONDS)
        threading.Timer(0.05, let_go.set).start()
        raise KeyboardInterrupt

    writer.before_apply = before_apply
    one = follower(catalog, writer)

    def run() -> None:
        with following([one]) as work:
            if interrupted == "intake":
                interrupt()
            monkeypatch.setattr(work, "finish", interrupt)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not any(thread.name.startswith("follow-") for thread in threading.enumerate())
    done = applied(catalog)
    assert 0 < done == len(writer.held) < 20
    writer.before_apply = lambda _: None
    assert one.catch_up() == 20 - done
    assert len(writer.held) == 20


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Interrupts raise, even if this process was started with them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_no_writer_lives_on_however_often_it_is_interrupted(catalog: Catalog) -> None:
    """Three real interrupts while it waits: it still waits until the batch in hand is applied."""
    write(catalog, *"abcdefghij")
    writer = FakeWriter(batch_size=2)
    applying, let_go = threading.Event(), threading.Event()

    def before_apply(changes: Sequence[Change]) -> None:
        applying.set()
        assert let_go.wait(PATIENCE_SECONDS)

    def press() -> None:
        waiting = threading.main_thread().ident
        assert waiting is not None
        assert applying.wait(PATIENCE_SECONDS)
        for _ in range(3):
            time.sleep(0.1)
            signal.pthread_kill(waiting, signal.SIGINT)
        time.sleep(0.1)
        let_go.set()

    writer.before_apply = before_apply
    pressing = threading.Thread(target=press)

    def run() -> None:
        with following([follower(catalog, writer)]):
            pressing.start()

    with pytest.raises(KeyboardInterrupt):
        run()
    left = let_go.is_set(), applied(catalog), len(writer.held)
    pressing.join()
    assert left[0], "the wait was cut short"
    assert left[1] == left[2] > 0
    assert not any(thread.name.startswith("follow-") for thread in threading.enumerate())


def test_what_never_began_is_not_waited_for(catalog: Catalog) -> None:
    """An interrupt amid starting: a follower without a thread does not hang the stopping."""
    write(catalog, "a")
    writer = FakeWriter()
    work = Following([follower(catalog, writer)], lambda *_: None)
    stopping = threading.Thread(target=work.stop, daemon=True)
    stopping.start()
    stopping.join(PATIENCE_SECONDS)
    assert not stopping.is_alive()
    work.start()
    work.finish()
    assert writer.held == {}
