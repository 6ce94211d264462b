"""How the engines are, asked all at once and not waited for long."""

from collections.abc import Callable, Mapping
from concurrent.futures import wait
from functools import partial

from api.asked_apart import PATIENCE_SECONDS, AskedApart
from api.collection import OpenCollection
from query.configurations import VECTOR
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.rankings import REBUILDING
from tandem.stores import EngineHealth

NO_INDEX, LOADING, NO_MODEL = "no index", "loading", "no model"
"""Why a leg does not answer though its engine is well."""


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


def engine_of(url: str) -> str:
    """Its name: what its URL begins with."""
    return url.partition(":")[0].partition("+")[0]


def obstacle(collection: OpenCollection, leg: str) -> str | None:
    """Why the leg does not answer, or with a part alone, though its engine is well."""
    if leg in collection.faults:
        return NO_INDEX
    embedder = collection.embedder
    if leg == VECTOR and isinstance(embedder, LazyEmbedder):
        if embedder.failure is not None:
            return NO_MODEL
        if not embedder.is_loaded:
            return LOADING
    return REBUILDING if leg in collection.incomplete else None
