"""One question, asked in a thread of its own: who wants the answer need not wait for ever."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 1.0
"""How long whoever watches the process waits for what an engine or the catalogue says."""


class AskedApart(Generic[Answer]):
    """Asks when it is wanted. While it has not answered yet it is not asked again, so that one that
    hangs takes up no more than that thread. Thread-safe.
    """

    def __init__(self, name: str, ask: Callable[[], Answer]) -> None:
        self._ask = ask
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._asked: Future[Answer] | None = None
        self._lock = threading.Lock()

    def begin(self) -> "Future[Answer]":
        """Its answer, now or later."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self._pool.submit(self._ask)
            return self._asked

    def close(self) -> None:
        """Ask no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
