"""The seam of an engine as a whole: it opens, creates and drops indexes. Only the indexer and the
entrance see it; who searches is handed an index.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tandem.analysis import Analysis
from tandem.lexical import LexicalIndex
from tandem.protocols import VectorIndex
from tandem.schema import Schema


class EngineHealth(NamedTuple):
    """What an engine says of itself. ``state`` is ``ok``, ``degraded`` where it works all the
    same, ``unusable`` where it answers, but some index does not, or ``unreachable``.
    """

    engine: str
    version: str
    state: str
    detail: str = ""


class Store(Protocol):
    """What an engine of either kind does with its indexes.

    ``identity`` is random, kept in the index and in the catalogue: an index that was wiped or
    exchanged is recognised.
    """

    def identity(self, name: str) -> str | None:
        """The identity of the index of that name; ``None`` if there is none."""
        ...

    def drop(self, name: str) -> None:
        """Remove the index of that name, if there is one."""
        ...

    def names(self) -> Sequence[str]:
        """The names of the indexes that there are. On a server also of what an interrupted create
        or drop has left, so that it can be dropped.
        """
        ...

    def publish(self, alias: str, name: str) -> None:
        """Let people outside find the index under ``alias`` too; engines in process have none."""
        ...

    def bytes_on_disk(self, name: str) -> int | None:
        """How much room the index takes; ``None`` where nobody can tell."""
        ...

    def health(self) -> EngineHealth:
        """What the engine says of itself; it never raises."""
        ...

    def close(self) -> None:
        """Close connections."""
        ...


class LexicalStore(Store, Protocol):
    """Opens and creates generations of a lexical index. Those of several analyses stand beside
    each other; ``open`` is given the one that the index was created with.
    """

    def create(self, name: str, identity: str, schema: Schema, analysis: Analysis) -> LexicalIndex:
        """An empty index in place of whatever was there."""
        ...

    def open(self, name: str, schema: Schema, analysis: Analysis) -> LexicalIndex:
        """The index of that name.

        Raises:
            EngineError: it cannot be opened.

        """
        ...


class VectorStore(Store, Protocol):
    """As ``LexicalStore``, for a vector space of ``dimension``."""

    def create(self, name: str, identity: str, schema: Schema, dimension: int) -> VectorIndex:
        """An empty index in place of whatever was there."""
        ...

    def open(self, name: str, schema: Schema, dimension: int) -> VectorIndex:
        """The index of that name.

        Raises:
            EngineError: it cannot be opened.

        """
        ...
