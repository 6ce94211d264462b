"""Opening a generation: both its indexes, each with the checkpoint that belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import uuid4

from indexer.unavailable import UnavailableIndex
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.catalog.releases import Generation
from tandem.errors import EngineError, LogMismatch
from tandem.protocols import LexicalIndex, LexicalStore, VectorIndex, VectorStore

Index = TypeVar("Index")


@dataclass(frozen=True, slots=True)
class Opened(Generic[Index]):
    """An index with its checkpoint.

    ``rebuilt`` says why it starts from zero, if it had begun. ``fault`` says why it could not be
    opened: every call on the index then raises ``EngineUnavailable``.
    """

    index: Index
    checkpoint: Checkpoint
    rebuilt: str | None = None
    fault: EngineError | None = None


def open_lexical(
    catalog: Catalog, store: LexicalStore, generation: Generation
) -> Opened[LexicalIndex]:
    """The generation's lexical index, created anew if it is missing or not the one known."""
    name, schema = generation.lexical_name, generation.schema
    return _open(
        catalog,
        name,
        store.identity(name),
        lambda identity: store.create(name, identity, schema),
        lambda: store.open(name, schema),
        UnavailableIndex,
    )


def open_vector(
    catalog: Catalog, store: VectorStore, generation: Generation
) -> Opened[VectorIndex]:
    """As ``open_lexical``, for the vector index."""
    name, schema, dimension = generation.vector_name, generation.schema, generation.dimension
    return _open(
        catalog,
        name,
        store.identity(name),
        lambda identity: store.create(name, identity, schema, dimension),
        lambda: store.open(name, schema, dimension),
        UnavailableIndex,
    )


def _open(
    catalog: Catalog,
    name: str,
    found: str | None,
    create: Callable[[str], Index],
    reopen: Callable[[], Index],
    unavailable: Callable[[EngineError], Index],
) -> Opened[Index]:
    log = catalog.documents
    known = catalog.checkpoints.read(name)
    if known is not None and known.log_id != log.log_id:
        raise LogMismatch(
            f"{name} follows another document log",
            hint="the catalogue was exchanged; restore the one that belongs to this index",
        )
    if known is not None and known.applied > log.head():
        raise LogMismatch(
            f"{name} has applied sequence {known.applied}, but the document log ends at "
            f"{log.head()}",
            hint="the catalogue was restored from an older state; restore the newer one",
        )
    # With nothing applied there is nothing to keep, and the index may be only half made.
    if known is not None and known.applied > 0 and found == known.identity:
        try:
            return Opened(reopen(), catalog.checkpoints.take(known))
        except EngineError as fault:
            return Opened(unavailable(fault), known, fault=fault)
    # The checkpoint comes first: an index without one would be trusted with nothing in it.
    checkpoint = catalog.checkpoints.start(name, uuid4().hex, log.log_id)
    rebuilt = None
    if known is not None and known.applied > 0:
        rebuilt = "is missing" if found is None else "is not the one that was built here"
    return Opened(create(checkpoint.identity), checkpoint, rebuilt)
