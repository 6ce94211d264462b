"""How the engines are, asked all at once and not waited for long."""

from collections.abc import Callable, Mapping
from concurrent.futures import wait
from functools import partial

from api.asked_apart import PATIENCE_SECONDS, AskedApart
from tandem.stores import EngineHealth


class Healths:
    """Asks each leg's engine in a thread of its own. Thread-safe."""

    def __init__(self, ask: Callable[[str], EngineHealth], engines: Mapping[str, str]) -> None:
        """``ask`` is given the leg. ``engines`` are leg -> the engine's name, for while it says
        nothing.
        """
        self._engines = engines
        self._asked = {leg: AskedApart(f"health-{leg}", partial(ask, leg)) for leg in engines}

    def ask(self) -> dict[str, EngineHealth]:
        """How each leg's engine is; ``unreachable`` is one that does not say so in time."""
        asked = {leg: each.begin() for leg, each in self._asked.items()}
        wait(asked.values(), PATIENCE_SECONDS)
        return {
            leg: answer.result() if answer.done() else self._silent(leg)
            for leg, answer in asked.items()
        }

    def _silent(self, leg: str) -> EngineHealth:
        return EngineHealth(self._engines[leg], "", "unreachable", "did not answer")

    def close(self) -> None:
        """Ask no more."""
        for asked in self._asked.values():
            asked.close()
