"""Several processes that answer at one address: each is a server of its own, and one that dies is
started again.

The parent holds the socket, answers nothing itself, and hands signals on. A worker ends when the
parent is gone.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from api.answering import People, Tell, answer
from api.console import BAD_USE, note, report_error
from api.engines import is_embedded
from api.listening import GRACE_SECONDS, address_of, bound_to
from api.metrics import FOLDER
from api.until_stopped import stopped_by_signal
from tandem.errors import SettingsError, TandemError
from tandem.settings import Settings
from tandem.telemetry import configure_logging, is_verbose

AGAIN_SECONDS, MOST_SECONDS = 1.0, 30.0
"""How long a worker that died is waited with, and at most if it dies again and again."""

WELL_SECONDS = 60.0
"""A worker that has lived so long is well: what ends it then is a new trouble."""

POLL_SECONDS = 0.2
END_SECONDS = GRACE_SECONDS + 15
"""How long workers may take to end: what runs is finished, what was shown is written."""

_SPAWN = get_context("spawn")


class Order(NamedTuple):
    """What a worker is to do."""

    settings: dict[str, Any]
    purpose: str
    people: People
    is_verbose: bool


@dataclass
class Worker:
    """One of them. ``deaths`` counts those in a row; ``due`` is when it is started again, a moment
    of ``time.monotonic``.
    """

    number: int
    process: SpawnProcess | None = None
    ready: Connection | None = None
    is_answering: bool = False
    since: float = 0.0
    deaths: int = 0
    due: float = 0.0


@dataclass
class Workers:
    """All of them, at one socket."""

    order: Order
    bound: socket.socket
    workers: list[Worker]

    def start(self, worker: Worker) -> None:
        """Start it, or start it again."""
        worker.ready, told = _SPAWN.Pipe(duplex=False)
        worker.process = _SPAWN.Process(
            target=work, args=(self.order, self.bound, told), name=f"worker-{worker.number}"
        )
        worker.process.start()
        told.close()  # the worker's end of it is the worker's
        worker.since, worker.is_answering = time.monotonic(), False

    def begin(self, stop: threading.Event) -> None:
        """Start all of them, and wait until they answer, or ``stop``.

        Raises:
            SettingsError: one has ended as the settings cannot be used; it has said why.
            TandemError: one has ended before it answered.
        """
        for worker in self.workers:
            self.start(worker)
        while not stop.is_set() and not all(worker.is_answering for worker in self.workers):
            if dead := self._news():
                raise _not_begun(dead[0])

    def watch(self, stop: threading.Event) -> None:
        """Start again whichever dies, until ``stop``."""
        while not stop.is_set():
            for worker in self._news():
                self._bury(worker)
            now = time.monotonic()
            for worker in self.workers:
                if worker.process is None and now >= worker.due and not stop.is_set():
                    self.start(worker)

    def _news(self) -> list[Worker]:
        """Those that have died meanwhile; who says that it answers is noted."""
        living = [worker for worker in self.workers if worker.process is not None]
        waiting = {_process(worker).sentinel: worker for worker in living}
        waiting |= {worker.ready.fileno(): worker for worker in living if worker.ready is not None}
        for found in connection.wait(list(waiting), POLL_SECONDS):
            worker = waiting[found]  # type: ignore[index] # it is one of those that were given
            if found != _process(worker).sentinel:
                _hear(worker)
        return [worker for worker in living if not _process(worker).is_alive()]

    def _bury(self, worker: Worker) -> None:
        """Note the death, and when it is started again."""
        process, now = _process(worker), time.monotonic()
        _forget_counts(process, has_answered=worker.is_answering)
        worker.deaths = 1 if now - worker.since >= WELL_SECONDS else worker.deaths + 1
        seconds = min(MOST_SECONDS, AGAIN_SECONDS * 2 ** (worker.deaths - 1))
        worker.process, worker.is_answering, worker.due = None, False, now + seconds
        note(
            f"worker {worker.number} has ended ({_how(process)}); "
            f"it is started again in {seconds:,.0f} s"
        )

    def stop(self) -> None:
        """Have them finish what runs; whoever takes too long is killed. Nobody connects any more:
        else a client would wait for a worker that never comes.
        """
        self.bound.close()
        living = [worker.process for worker in self.workers if worker.process is not None]
        for process in living:
            process.terminate()
        until = time.monotonic() + END_SECONDS
        for process in living:
            process.join(max(0.0, until - time.monotonic()))
            if process.is_alive():
                note(f"{process.name} does not end, and is killed")
                process.kill()
                process.join()


def answer_by_workers(chosen: Settings, purpose: str, tell: Tell, people: People = ()) -> None:
    """As ``answer``, by as many processes as the settings say.

    Raises:
        SettingsError: an engine is embedded: one process alone can have it.
        TandemError: a worker has ended before it answered.
    """
    place = chosen.server
    if is_embedded(chosen):
        raise SettingsError(
            f"setting 'server.workers': {place.workers} processes cannot share embedded engines, "
            "which belong to one",
            hint="leave it at 1, or name servers as engines: docs/howto/run-with-servers.md",
        )
    order = Order(chosen.model_dump(), purpose, people, is_verbose())
    numbers = range(1, place.workers + 1)
    with _shared_metrics(), stopped_by_signal(None, ends_at_second=True) as stop:
        bound = bound_to(place.host, place.port)
        address = address_of(bound)
        workers = Workers(order, bound, [Worker(number) for number in numbers])
        try:
            workers.begin(stop)
            if not stop.is_set():
                tell(address)
            workers.watch(stop)
        finally:
            workers.stop()


def work(order: Order, bound: socket.socket, ready: Connection) -> None:
    """What a worker does. Control-C is for the parent, which is in the same group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logging(verbose=order.is_verbose)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()

    def tell(_address: str) -> None:
        with suppress(OSError):  # the parent may be gone
            ready.send_bytes(b"answers")

    try:
        answer(Settings(**order.settings), order.purpose, tell, order.people, bound)
    except TandemError as error:
        raise SystemExit(report_error(error)) from None


def _end_with_parent() -> None:
    """As at a signal, where none has come yet, and at once where one has."""
    parent = parent_process()
    assert parent is not None, "a worker has one"
    parent.join()
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:  # it is ending: the parent had a second
        os._exit(128 + signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which workers share what they count, for as long as there are any."""
    with TemporaryDirectory(prefix="tandem-metrics-") as folder:
        os.environ[FOLDER] = str(Path(folder))
        try:
            yield
        finally:
            del os.environ[FOLDER]


def _forget_counts(process: SpawnProcess, *, has_answered: bool) -> None:
    """What was true of the process alone. What it counted stays counted, if it ever answered:
    one that cannot begin would leave files in the folder every time.
    """
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(process.pid)  # type: ignore[no-untyped-call]
    if not has_answered:
        for left in Path(os.environ[FOLDER]).glob(f"*_{process.pid}.db"):
            left.unlink(missing_ok=True)


def _process(worker: Worker) -> SpawnProcess:
    assert worker.process is not None, "it was started"
    return worker.process


def _hear(worker: Worker) -> None:
    """It answers, or its end of the pipe was closed: then it says no more."""
    assert worker.ready is not None
    with suppress(EOFError):
        worker.is_answering = worker.ready.recv_bytes() == b"answers"
    worker.ready.close()
    worker.ready = None


def _not_begun(worker: Worker) -> TandemError:
    process = _process(worker)
    said = f"worker {worker.number} has ended before it answered ({_how(process)})"
    kind = SettingsError if process.exitcode == BAD_USE else TandemError
    return kind(said, hint="see the lines above")


def _how(process: SpawnProcess) -> str:
    code = process.exitcode or 0
    return f"signal {-code}" if code < 0 else f"exit code {code}"
