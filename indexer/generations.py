"""Opening the indexes of a generation: as the one who follows, or to look only.

Who follows decides whether an index goes on or starts from zero. Who only looks changes nothing.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import uuid4

from indexer.unavailable import UnavailableIndex
from tandem.analysis import Analysis
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.catalog.leases import Lease
from tandem.catalog.releases import Generation
from tandem.errors import (
    CheckpointConflict,
    EngineError,
    EngineUnavailable,
    IndexOutdated,
    LogMismatch,
)
from tandem.lexical import LexicalIndex
from tandem.protocols import VectorIndex
from tandem.stores import LexicalStore, VectorStore


class _Index(Protocol):
    """What both kinds of index have and opening needs."""

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[Any]: ...
    def close(self) -> None: ...


Index = TypeVar("Index", bound=_Index)


@dataclass(frozen=True, slots=True)
class IndexFactory(Generic[Index]):
    """How one index of a generation is found, made and opened."""

    name: str
    generation: int
    identity: Callable[[], str | None]
    create: Callable[[str], Index]
    reopen: Callable[[], Index]
    unavailable: Callable[[EngineError], Index]


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


def lexical_factory(
    store: LexicalStore, generation: Generation, analysis: Analysis
) -> IndexFactory[LexicalIndex]:
    """The generation's lexical index; ``analysis`` is the chain that the generation names."""
    name, schema = generation.lexical_name, generation.schema
    return IndexFactory(
        name,
        generation.number,
        lambda: store.identity(name),
        lambda identity: store.create(name, identity, schema, analysis),
        lambda: store.open(name, schema, analysis),
        UnavailableIndex,
    )


def vector_factory(store: VectorStore, generation: Generation) -> IndexFactory[VectorIndex]:
    """The generation's vector index."""
    name, schema, dimension = generation.vector_name, generation.schema, generation.dimension
    return IndexFactory(
        name,
        generation.number,
        lambda: store.identity(name),
        lambda identity: store.create(name, identity, schema, dimension),
        lambda: store.open(name, schema, dimension),
        UnavailableIndex,
    )


Taken = Callable[[Checkpoint, float], None]
"""Told of a checkpoint that is this process's now, and when the monotonic clock showed that."""


def _untold(_checkpoint: Checkpoint, _taken_at: float) -> None:
    """Nobody keeps up a lease."""


def own(
    catalog: Catalog,
    factory: IndexFactory[Index],
    *,
    owner: str | None = None,
    expected: Lease | None = None,
    taken: Taken = _untold,
) -> Opened[Index]:
    """Open an index to follow the log with it, or begin it anew where it cannot go on.

    ``expected`` is the lease as it was seen last: it must still stand so. From an ``owner``,
    ``None`` says that there was none. ``taken`` is told before the engine, perhaps slow, is asked.

    Raises:
        CheckpointConflict: another one took the lease meanwhile, or dropped the generation.
        LogMismatch: the index follows another log.
        EngineError: the engine cannot say what it has, or cannot begin an index.
    """
    known = catalog.checkpoints.read(factory.name)
    if known is not None and known.log_id != catalog.documents.log_id:
        raise LogMismatch(
            f"{factory.name} follows another document log",
            hint="the catalogue was restored or exchanged while this process ran: start it again",
        )
    found = factory.identity()
    generation = catalog.releases.generation(factory.generation)
    if generation.state == "dropped":
        raise CheckpointConflict(f"{factory.name}: its generation was dropped")
    if known is not None:
        if owner is not None and expected is None:
            raise CheckpointConflict(f"{factory.name}: another process has begun it")
        began = time.monotonic()
        known = catalog.checkpoints.take(known, owner=owner, expected=expected)
        taken(known, began)
    reason = None
    # With nothing applied there is nothing to keep, and the index may be only half made.
    if known is not None and known.applied > 0:
        held = _held(catalog, factory, known, found)
        if isinstance(held, Opened):
            return held
        reason = held
    # The checkpoint comes first: an index without one would be trusted with nothing in it.
    began = time.monotonic()
    checkpoint = catalog.checkpoints.start(
        factory.name,
        uuid4().hex,
        catalog.documents.log_id,
        owner=owner,
        known_epoch=0 if known is None else known.epoch,
        awaited=_awaited(catalog, generation.collection),
    )
    taken(checkpoint, began)
    return Opened(factory.create(checkpoint.identity), checkpoint, reason)


def _awaited(catalog: Catalog, collection: str) -> int:
    """What an index that is begun now must have applied to be whole: nothing, before there is
    anything.
    """
    head = catalog.documents.head()
    return head if catalog.documents.behind(collection, 0) else 0


def _held(
    catalog: Catalog, factory: IndexFactory[Index], known: Checkpoint, found: str | None
) -> Opened[Index] | str:
    """The index that goes on, or stands in for one that is damaged; or why it must start from zero.
    ``found`` is the identity that the engine has.
    """
    if found is None:
        return "is missing"
    if found != known.identity:
        return "is not the one that was built here"
    try:
        index = factory.reopen()
    except IndexOutdated:
        return "was written by another version of Tandem"
    except EngineError as fault:
        return Opened(factory.unavailable(fault), known, fault=fault)
    reason = _ahead(catalog, index, known)
    if reason is None:
        return Opened(index, known)
    index.close()
    return reason


def own_or_tell(catalog: Catalog, factory: IndexFactory[Index]) -> Opened[Index]:
    """As ``own``, but a server that cannot be reached is the index's ``fault``: the other leg goes
    on without it.

    Raises:
        LogMismatch: the index follows another log.
        EngineError: the engine cannot begin an index.
    """
    try:
        return own(catalog, factory)
    except EngineUnavailable as fault:
        known = catalog.checkpoints.read(factory.name) or _no_checkpoint(catalog, factory)
        return Opened(factory.unavailable(fault), known, fault=fault)


def look(catalog: Catalog, factory: IndexFactory[Index]) -> Opened[Index]:
    """Open an index for reading beside the process that follows; nothing is written.

    Raises:
        EngineError: the engine cannot be reached.
    """
    known = catalog.checkpoints.read(factory.name)
    if known is None or known.applied == 0:
        return _missing(factory, "is not built yet", known or _no_checkpoint(catalog, factory))
    try:
        found = factory.identity()
        if found == known.identity:
            return Opened(factory.reopen(), known)
    except EngineError as fault:
        return Opened(factory.unavailable(fault), known, fault=fault)
    return _missing(factory, "is missing" if found is None else "is another one", known)


def beside(catalog: Catalog, factory: IndexFactory[Index]) -> Opened[Index]:
    """Stand in for an index that another process has open, and no second one can open."""
    fault = EngineError(
        f"the index {factory.name} is open in another process",
        hint="embedded engines serve one process at a time: ask that one, or stop it",
    )
    known = catalog.checkpoints.read(factory.name)
    return Opened(
        factory.unavailable(fault), known or _no_checkpoint(catalog, factory), fault=fault
    )


def _no_checkpoint(catalog: Catalog, factory: IndexFactory[Index]) -> Checkpoint:
    return Checkpoint(factory.name, "", catalog.documents.log_id, 0, 0)


def _missing(factory: IndexFactory[Index], reason: str, checkpoint: Checkpoint) -> Opened[Index]:
    fault = EngineError(
        f"the index {factory.name} {reason}",
        hint="the process that follows the log builds it: tandem follow, or tandem index",
    )
    return Opened(factory.unavailable(fault), checkpoint, fault=fault)


def _ahead(catalog: Catalog, index: _Index, known: Checkpoint) -> str | None:
    """Why an index that is ahead of the log cannot be trusted: the log was restored from an older
    state, and gives its sequences once more.
    """
    head = catalog.documents.head()
    if known.applied > head or next(index.versions(first=head + 1), None) is not None:
        return f"is ahead of the document log, which ends at {head:,}"
    return None
