"""Where the process kills itself: named places in the write path, wrapped from outside."""

import functools
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from indexer.writers import LexicalWriter, VectorWriter
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache
from tandem.catalog.releases import Releases
from tandem.engines import qdrant_edge_index, tantivy_writing
from tandem.engines.folders import IndexFolders
from tandem.engines.tantivy_index import TantivyIndex
from tests.fakes import HashEmbedder

Occasion = Literal["stream", "generation", "rebuild"]
"""A stream of batches; the same into a new collection; or after an index folder went missing."""


class Fuse:
    """SIGKILL at the n-th passage."""

    def __init__(self, passages: int) -> None:
        self._left = passages
        self._lock = threading.Lock()

    def burn(self) -> None:
        """One passage."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


Install = Callable[[Fuse], None]


@dataclass(frozen=True, slots=True)
class Phase:
    """A place, when it is passed, and among how many passages the fatal one is drawn."""

    name: str
    occasion: Occasion
    passages: int
    install: Install


def before(owner: Any, *names: str) -> Install:
    """Die when the call begins."""
    return lambda fuse: _wrap(owner, names, fuse, first=True)


def after(owner: Any, *names: str) -> Install:
    """Die when the call has done its work and not yet answered."""
    return lambda fuse: _wrap(owner, names, fuse, first=False)


def _wrap(owner: Any, names: tuple[str, ...], fuse: Fuse, *, first: bool) -> None:
    for name in names:
        setattr(owner, name, _fused(getattr(owner, name), fuse, first=first))


def _fused(original: Callable[..., Any], fuse: Fuse, *, first: bool) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        if first:
            fuse.burn()
        result = original(*arguments, **options)
        if not first:
            fuse.burn()
        return result

    return wrapped


class _Shard:
    """A Qdrant Edge shard, whose methods cannot be wrapped in place."""

    def __init__(self, shard: Any) -> None:
        self._shard = shard
        self.update, self.flush = shard.update, shard.flush

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shard, name)


def in_shard(place: Callable[..., Install], name: str) -> Install:
    """``before`` or ``after`` a method of the opened shard."""

    def install(fuse: Fuse) -> None:
        opened = qdrant_edge_index._open_shard

        def open_fused(*arguments: Any) -> Any:
            shard = _Shard(opened(*arguments))
            place(shard, name)(fuse)
            return shard

        setattr(qdrant_edge_index, "_open_shard", open_fused)  # noqa: B010 - typed otherwise

    return install


Row = tuple[str, int, Install]

STREAM: tuple[Row, ...] = (
    ("before-append-commit", 6, after(DocumentLog, "_write")),
    ("after-append-before-ack", 6, after(DocumentLog, "append", "delete")),
    ("during-embedding", 4, before(HashEmbedder, "embed_documents")),
    ("between-cache-write-and-engine", 4, after(DatabaseEmbeddingCache, "put")),
    ("inside-lexical-apply", 30, after(tantivy_writing, "engine_document")),
    ("between-lexical-write-and-checkpoint", 6, after(LexicalWriter, "apply")),
    ("inside-vector-apply", 12, in_shard(after, "update")),
    ("between-vector-write-and-delete-of-old", 6, before(qdrant_edge_index, "stale")),
    ("before-vector-flush", 6, in_shard(before, "flush")),
    ("after-vector-flush-before-checkpoint", 6, in_shard(after, "flush")),
    ("between-vector-write-and-checkpoint", 6, after(VectorWriter, "apply")),
    ("before-checkpoint-commit", 12, after(Checkpoints, "_replace_failures")),
    ("after-checkpoint", 12, after(Checkpoints, "advance")),
    ("while-closing", 1, after(TantivyIndex, "close")),
)
GENERATION: tuple[Row, ...] = (
    ("generation-recorded", 1, after(Releases, "create_generation")),
    ("generation-promoted", 1, after(Releases, "promote")),
    ("checkpoint-without-index", 2, after(Checkpoints, "start")),
    ("index-folder-without-name", 2, before(Path, "rename")),
    ("index-folder-without-engine", 2, after(IndexFolders, "create")),
    ("inside-engine-creation", 2, before(qdrant_edge_index, "index_params")),
)
REBUILD: tuple[Row, ...] = (
    ("rebuild-checkpoint-without-index", 1, after(Checkpoints, "start")),
    ("rebuild-folder-without-engine", 1, after(IndexFolders, "create")),
    ("rebuild-before-checkpoint", 4, before(Checkpoints, "advance")),
    ("rebuild-inside-vector-write", 4, in_shard(after, "update")),
    ("rebuild-after-checkpoint", 4, after(Checkpoints, "advance")),
)
BY_OCCASION: dict[Occasion, tuple[Row, ...]] = {
    "stream": STREAM,
    "generation": GENERATION,
    "rebuild": REBUILD,
}
PHASES = {
    name: Phase(name, occasion, passages, install)
    for occasion, rows in BY_OCCASION.items()
    for name, passages, install in rows
}
