"""How the engines are, asked all at once and not waited for long."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from tandem.stores import EngineHealth

PATIENCE_SECONDS = 1.0
"""How long an engine may take to say how it is: who asks for readiness waits for that."""


class Healths:
    """Asks each leg's engine in a thread of its own. One that has not answered yet is not asked
    again, so that one that hangs takes up no more than that thread. Thread-safe.
    """

    def __init__(self, ask: Callable[[str], EngineHealth], engines: Mapping[str, str]) -> None:
        """``ask`` is given the leg. ``engines`` are leg -> the engine's name, for while it says
        nothing.
        """
        self._ask = ask
        self._engines = engines
        self._pools = {
            leg: ThreadPoolExecutor(1, thread_name_prefix=f"health-{leg}") for leg in engines
        }
        self._asked: dict[str, Future[EngineHealth]] = {}
        self._lock = threading.Lock()

    def ask(self) -> dict[str, EngineHealth]:
        """How each leg's engine is; ``unreachable`` is one that does not say so in time."""
        with self._lock:
            for leg, pool in self._pools.items():
                if leg not in self._asked or self._asked[leg].done():
                    self._asked[leg] = pool.submit(self._ask, leg)
            asked = dict(self._asked)
        wait(asked.values(), PATIENCE_SECONDS)
        return {
            leg: answer.result() if answer.done() else self._silent(leg)
            for leg, answer in asked.items()
        }

    def _silent(self, leg: str) -> EngineHealth:
        return EngineHealth(self._engines[leg], "", "unreachable", "did not answer")

    def close(self) -> None:
        """Ask no more."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
