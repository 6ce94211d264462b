"""Several processes that answer: all of them begin, one that dies comes back, all of them end."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.answering import answer
from api.listening import bound_to
from api.metrics import FOLDER
from api.processes import (
    WELL_SECONDS,
    Order,
    Worker,
    Workers,
    _end_with_parent,
    answer_by_workers,
)
from api.until_stopped import stopped_by_signal
from tandem.errors import SettingsError, TandemError
from tandem.settings import Settings

ORDER = Order({}, "test", (), is_verbose=False)
ANSWERING = b"answers"
PATIENCE_SECONDS = 30

Work = Callable[[Order, socket.socket, Connection], None]


def well(_order: Order, _bound: socket.socket, ready: Connection) -> None:
    """Answers until it is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ready.send_bytes(ANSWERING)
    while True:
        signal.pause()


def stubborn(_order: Order, _bound: socket.socket, ready: Connection) -> None:
    """Does not end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.send_bytes(ANSWERING)
    while True:
        signal.pause()


def ending(code: int) -> Work:
    """Ends before it answers."""

    def work(_order: Order, _bound: socket.socket, _ready: Connection) -> None:
        sys.exit(code)

    return work


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Processes that need not load anything, and nobody waits long for them."""
    monkeypatch.setattr("api.processes._SPAWN", get_context("fork"))
    monkeypatch.setattr("api.processes.AGAIN_SECONDS", 0.01)
    monkeypatch.setattr("api.processes.POLL_SECONDS", 0.02)
    monkeypatch.setenv(FOLDER, str(tmp_path))


def made(monkeypatch: pytest.MonkeyPatch, work: Work, count: int = 2) -> Workers:
    """So many, which do that."""
    monkeypatch.setattr("api.processes.work", work)
    return Workers(ORDER, bound_to("127.0.0.1", 0), [Worker(number + 1) for number in range(count)])


def pid(worker: Worker) -> int:
    """Its process."""
    assert worker.process is not None
    assert worker.process.pid is not None
    return worker.process.pid


def is_gone(number: int) -> bool:
    """Whether there is no such process."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False


@contextmanager
def watched(all_of_them: Workers) -> Iterator[None]:
    """Begun and watched, as a parent does it, in a thread of its own; ended behind the block."""
    stop = threading.Event()
    all_of_them.begin(stop)
    watching = threading.Thread(target=all_of_them.watch, args=(stop,))
    watching.start()
    try:
        yield
    finally:
        stop.set()
        watching.join(PATIENCE_SECONDS)
        all_of_them.stop()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for other processes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


def test_one_that_dies_comes_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another process in its place; the other worker is left alone; all of them end at the end."""
    pair = made(monkeypatch, well)
    with watched(pair):
        first, second = map(pid, pair.workers)
        os.kill(first, signal.SIGKILL)
        until(lambda: pair.workers[0].is_answering and pair.workers[0].deaths == 1)
        third = pid(pair.workers[0])
        assert third != first
        assert pid(pair.workers[1]) == second
    assert is_gone(second)
    assert is_gone(third)
    assert pair.bound.fileno() == -1, "nobody can connect any more"
    assert "worker 1 has ended (signal 9); it is started again in 0 s" in capsys.readouterr().err


def test_one_that_dies_again_and_again_is_waited_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as long each time, and not for ever; once it has lived for long it is a new trouble."""
    monkeypatch.setattr("api.processes.AGAIN_SECONDS", 1.0)
    (worker,) = (alone := made(monkeypatch, well, 1)).workers
    alone.begin(threading.Event())
    waited = list[int]()
    for deaths in (0, 1, 2, 20):
        worker.deaths = deaths
        alone._bury(_killed(worker))
        waited.append(round(worker.due - time.monotonic()))
        alone.start(worker)
    worker.since -= WELL_SECONDS
    alone._bury(_killed(worker))
    assert [*waited, worker.deaths] == [1, 2, 4, 30, 1]
    alone.stop()


@pytest.mark.parametrize("has_answered", [True, False])
def test_what_the_dead_have_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has_answered: bool
) -> None:
    """Stays counted, but for what was true of them alone; who never answered leaves nothing."""
    (worker,) = (alone := made(monkeypatch, well, 1)).workers
    alone.begin(threading.Event())
    worker.is_answering = has_answered
    files = {f"counter_{pid(worker)}.db", f"gauge_livesum_{pid(worker)}.db", "counter_0.db"}
    for name in files:
        (tmp_path / name).touch()
    kept = {"counter_0.db"} | ({f"counter_{pid(worker)}.db"} if has_answered else set())
    alone._bury(_killed(worker))
    alone.stop()
    assert {file.name for file in tmp_path.iterdir()} == kept


def _killed(worker: Worker) -> Worker:
    assert worker.process is not None
    worker.process.kill()
    worker.process.join(PATIENCE_SECONDS)
    return worker


@pytest.mark.parametrize(("code", "kind"), [(1, TandemError), (2, SettingsError)])
def test_what_cannot_begin_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, code: int, kind: type[TandemError]
) -> None:
    """The settings, or what they name, are wrong: it would not be better in a second."""
    pair = made(monkeypatch, ending(code))
    with pytest.raises(TandemError, match=rf"ended before it answered \(exit code {code}\)") as got:
        pair.begin(threading.Event())
    pair.stop()
    assert type(got.value) is kind


def test_who_is_told_to_end_before_they_have_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for workers that come up slowly."""
    pair, stop = made(monkeypatch, lambda *_: signal.pause()), threading.Event()
    stop.set()
    pair.begin(stop)
    pids = [pid(worker) for worker in pair.workers]
    pair.stop()
    assert all(map(is_gone, pids))


def test_who_does_not_end_is_killed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the time in which what runs may be finished."""
    monkeypatch.setattr("api.processes.END_SECONDS", 0.05)
    (worker,) = (alone := made(monkeypatch, stubborn, 1)).workers
    alone.begin(threading.Event())
    alone.stop()
    assert is_gone(pid(worker))
    assert "worker-1 does not end, and is killed" in capsys.readouterr().err


@pytest.mark.parametrize(("bound", "ends"), [(None, True), (socket.socket(), False)])
def test_a_worker_may_be_told_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bound: socket.socket | None, ends: bool
) -> None:
    """By its parent, and by whoever ends a service: it still answers what it has in
    hand. A process of its own ends at the second signal.
    """
    asked = list[bool]()

    def stopped(_owner: object, *, ends_at_second: bool) -> None:
        asked.append(ends_at_second)
        raise TandemError("far enough")

    house = SimpleNamespace(catalog=SimpleNamespace(keys=None), ownership=None)
    monkeypatch.setattr("api.answering.open_house", lambda *_, **__: nullcontext(house))
    monkeypatch.setattr("api.answering.refuse_strangers", lambda *_: None)
    monkeypatch.setattr("api.answering.stopped_by_signal", stopped)
    with pytest.raises(TandemError, match="far enough"):
        answer(Settings(data_dir=tmp_path), "test", lambda _: None, bound=bound)
    assert asked == [ends]


@pytest.mark.parametrize("is_ending", [False, True])
def test_the_parent_is_gone(monkeypatch: pytest.MonkeyPatch, is_ending: bool) -> None:
    """That is a signal; where one has come before it is the second, which the parent has obeyed."""
    monkeypatch.setattr("api.processes.parent_process", lambda: SimpleNamespace(join=lambda: None))
    codes = list[int]()
    monkeypatch.setattr("os._exit", codes.append)
    with stopped_by_signal(None) as stop:
        if is_ending:
            signal.raise_signal(signal.SIGTERM)
        _end_with_parent()
        assert stop.wait(PATIENCE_SECONDS)
    assert codes == ([143] if is_ending else [])


@pytest.mark.parametrize(
    "engines",
    [{}, {"lexical": "opensearch+http://h:9200"}, {"vector": "qdrant+http://h:6333"}],
)
def test_embedded_engines_are_one_processs(engines: dict[str, str], tmp_path: Path) -> None:
    """Either of them; said before anything is started."""
    chosen = Settings(data_dir=tmp_path, server={"workers": 3}, engines=engines)
    with pytest.raises(SettingsError, match="3 processes cannot share embedded engines") as raised:
        answer_by_workers(chosen, "test", lambda _: None)
    assert "run-with-servers.md" in raised.value.hint
    assert list(tmp_path.iterdir()) == []
