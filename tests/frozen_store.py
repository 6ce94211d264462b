"""A store of frozen rankings in memory."""

from collections.abc import Callable
from typing import NamedTuple


class Kept(NamedTuple):
    """A frozen ranking, and for how long it was to be kept."""

    collection: str
    generation: int
    content: bytes
    seconds: float


class MemoryStore:
    """A ``FrozenStore``; ``before`` may fail or wait."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.before: Callable[[], None] = lambda: None

    def keep(
        self, ranking_id: str, collection: str, generation: int, content: bytes, seconds: float
    ) -> None:
        """See ``FrozenStore``."""
        self.before()
        self.kept[ranking_id] = Kept(collection, generation, content, seconds)

    def find(self, ranking_id: str) -> Kept | None:
        """See ``FrozenStore``."""
        self.before()
        return self.kept.get(ranking_id)
