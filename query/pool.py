"""The threads of one leg, and what keeps searches from waiting for them in vain."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from query.breaker import Breaker
from tandem.rankings import Reason

Answer = TypeVar("Answer")

OVERDUE_SECONDS = 1.0
"""A thread whose call is late by more than this hangs, or may as well."""


class Pool:
    """A bounded thread pool with a breaker. Thread-safe."""

    def __init__(self, name: str, threads: int, enough_seconds: float) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=f"leg-{name}")
        self._threads = threads
        self._breaker = Breaker(enough_seconds)
        self._lock = threading.Lock()
        self._late: dict[Future[Any], float] = {}

    def submit(
        self, call: Callable[[], Answer], seconds: float, *, is_counted: bool
    ) -> Future[Answer] | None:
        """Run a call from which an answer is wanted within ``seconds``. ``None`` if it is not worth
        trying: no thread is there for it, or the breaker is open. Without ``is_counted`` it is
        never the call that tries a leg again.
        """
        if self._is_stuck():
            return None
        breaker = self._breaker
        if not (breaker.allows(seconds) if is_counted else not breaker.is_open):
            return None
        return self._executor.submit(call)

    def give_up(self, future: Future[Any]) -> None:
        """Nobody waits for it any more. It is not run, or goes on for nobody."""
        if future.cancel():
            return
        with self._lock:
            self._late[future] = time.monotonic()

    def _is_stuck(self) -> bool:
        """Whether every thread is with a call that is overdue: another one would wait in vain, and
        stay in the queue for as long as they hang.
        """
        if not self._late:
            return False
        latest = time.monotonic() - OVERDUE_SECONDS
        with self._lock:
            self._late = {call: since for call, since in self._late.items() if not call.done()}
            return sum(since < latest for since in self._late.values()) >= self._threads

    def note(self, reason: Reason | None, seconds: float) -> None:
        """What became of a call that counts: ``None`` is an answer."""
        if reason is None:
            self._breaker.answered()
        else:
            self._breaker.missed(seconds, is_engines_fault=reason != "error")

    def close(self) -> None:
        """Let running calls end and take no more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
