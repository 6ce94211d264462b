"""Where a reindex, a promotion or a rollback dies: places wrapped as in ``phases``."""

from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from api.promotion import RefusedGate
from indexer.writers import LexicalWriter, VectorWriter
from tandem.catalog import releases
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.releases import Releases
from tandem.engines.folders import IndexFolders
from tandem.engines.qdrant_edge_index import QdrantEdgeStore
from tandem.engines.tantivy_store import TantivyStore
from tests.integration.crash.phases import Fuse, Install, after, before

Verb = Literal["reindex", "promote", "rollback"]


@dataclass(frozen=True, slots=True)
class ReleasePhase:
    """A place, the command that passes it, whether another release is live by then, and at which
    passage it dies.
    """

    verb: Verb
    install: Install
    has_moved: bool = False
    passage: int = 1


RELEASE_PHASES = {
    "reindex-generation-recorded": ReleasePhase("reindex", after(Releases, "create_generation")),
    "reindex-index-half-made": ReleasePhase("reindex", after(IndexFolders, "create")),
    "reindex-amid-building": ReleasePhase("reindex", before(Checkpoints, "advance"), passage=4),
    "reindex-built-not-examined": ReleasePhase("reindex", before(RefusedGate, "examine")),
    "reindex-before-commit": ReleasePhase("reindex", before(releases, "_point")),
    "reindex-after-commit": ReleasePhase("reindex", after(Releases, "promote"), has_moved=True),
    "reindex-between-pointer-and-prune": ReleasePhase(
        "reindex", before(import_module("api.owner"), "outlived"), has_moved=True
    ),
    "reindex-dropped-in-the-catalogue": ReleasePhase(
        "reindex", after(Releases, "drop"), has_moved=True
    ),
    "reindex-dropped-in-one-engine": ReleasePhase(
        "reindex", after(TantivyStore, "drop"), has_moved=True
    ),
    "reindex-dropped-in-both": ReleasePhase(
        "reindex", after(QdrantEdgeStore, "drop"), has_moved=True
    ),
    "promote-before-commit": ReleasePhase("promote", before(releases, "_point")),
    "promote-after-commit": ReleasePhase("promote", after(Releases, "promote"), has_moved=True),
    "rollback-before-commit": ReleasePhase("rollback", before(releases, "_point")),
    "rollback-after-commit": ReleasePhase("rollback", after(Releases, "point"), has_moved=True),
}


def install(name: str) -> None:
    """Let this process die there. Batches are small, so that twenty documents are some of them."""
    LexicalWriter.batch_size = VectorWriter.batch_size = 5
    phase = RELEASE_PHASES[name]
    phase.install(Fuse(phase.passage))
