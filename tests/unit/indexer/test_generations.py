"""Opening a generation: which index is trusted, which is built anew, which is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from indexer.generations import open_lexical, open_vector
from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Checkpoint
from tandem.catalog.releases import Generation
from tandem.errors import CheckpointConflict, LogMismatch
from tandem.protocols import LexicalStore, VectorStore
from tandem.schema import Schema
from tests.builders import document

GENERATION = Generation(1, "main", Schema(), "english-1", "model@1", 8, 128)


class Store:
    """Keeps identities only, as both stores do; an index is told by how it came to be."""

    def __init__(self) -> None:
        self.identities: dict[str, str] = {}

    def identity(self, name: str) -> str | None:
        """See ``LexicalStore``."""
        return self.identities.get(name)

    def create(self, name: str, identity: str, *_built_with: object) -> str:
        """See ``LexicalStore``."""
        self.identities[name] = identity
        return f"{name} created"

    def open(self, name: str, *_built_with: object) -> str:
        """See ``LexicalStore``."""
        return f"{name} reopened"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A catalogue whose log holds three documents."""
    opened = Catalog(f"sqlite:///{tmp_path}/d.db", f"sqlite:///{tmp_path}/e.db")
    opened.documents.append("main", "s", [document(name) for name in "abc"])
    yield opened
    opened.close()


def opened(catalog: Catalog, store: Store) -> tuple[object, Checkpoint, str | None]:
    """The lexical index of the generation."""
    found = open_lexical(catalog, cast("LexicalStore", store), GENERATION)
    return found.index, found.checkpoint, found.rebuilt


def test_the_first_opening_creates(catalog: Catalog) -> None:
    """An empty index and a checkpoint at 0 that name each other; nothing was lost."""
    store = Store()
    index, checkpoint, rebuilt = opened(catalog, store)
    assert index == "main-lexical-1 created"
    assert (checkpoint.applied, checkpoint.log_id) == (0, catalog.documents.log_id)
    assert store.identities == {"main-lexical-1": checkpoint.identity}
    assert rebuilt is None


def test_a_known_index_is_reopened(catalog: Catalog) -> None:
    """It goes on where it was, and its earlier follower can move nothing any more."""
    store = Store()
    _, begun, _ = opened(catalog, store)
    applied = catalog.checkpoints.advance(begun, 2)
    index, checkpoint, rebuilt = opened(catalog, store)
    assert index == "main-lexical-1 reopened"
    assert (checkpoint.applied, checkpoint.identity) == (2, begun.identity)
    assert rebuilt is None
    with pytest.raises(CheckpointConflict):
        catalog.checkpoints.advance(applied, 3)


@pytest.mark.parametrize(
    ("left", "reason"), [({}, "missing"), ({"main-lexical-1": "x"}, "not the one")]
)
def test_a_lost_index_is_built_from_zero(
    catalog: Catalog, left: dict[str, str], reason: str
) -> None:
    """An index that is wiped or exchanged starts over with a new identity, and says why."""
    store = Store()
    _, begun, _ = opened(catalog, store)
    catalog.checkpoints.advance(begun, 3)
    store.identities = dict(left)
    index, checkpoint, rebuilt = opened(catalog, store)
    assert index == "main-lexical-1 created"
    assert checkpoint.applied == 0
    assert checkpoint.identity not in {begun.identity, "x"}
    assert rebuilt is not None
    assert reason in rebuilt


def test_an_index_that_held_nothing_is_not_missed(catalog: Catalog) -> None:
    """Where nothing had been applied there is nothing to say."""
    store = Store()
    opened(catalog, store)
    store.identities = {}
    index, _, rebuilt = opened(catalog, store)
    assert index == "main-lexical-1 created"
    assert rebuilt is None


def test_a_checkpoint_ahead_of_the_log_is_refused(catalog: Catalog) -> None:
    """The log ends before what was applied: it was restored from an older state."""
    store = Store()
    _, begun, _ = opened(catalog, store)
    catalog.checkpoints.advance(begun, 4)
    with pytest.raises(LogMismatch, match="sequence 4, but the document log ends at 3") as raised:
        opened(catalog, store)
    assert "restore the newer one" in raised.value.hint
    assert store.identities == {"main-lexical-1": begun.identity}, "nothing was thrown away"


def test_another_log_is_refused(catalog: Catalog) -> None:
    """An index that followed another log is not trusted, and not thrown away."""
    store = Store()
    catalog.checkpoints.start("main-lexical-1", "identity", "another log")
    store.identities = {"main-lexical-1": "identity"}
    with pytest.raises(LogMismatch, match="main-lexical-1 follows another document log"):
        opened(catalog, store)
    assert store.identities == {"main-lexical-1": "identity"}


def test_both_indexes_of_a_generation_are_apart(catalog: Catalog) -> None:
    """Each has its own name and checkpoint; one that is lost leaves the other alone."""
    words, meaning = Store(), Store()
    _, lexical, _ = opened(catalog, words)
    vector = open_vector(catalog, cast("VectorStore", meaning), GENERATION)
    assert vector.checkpoint.index_name == "main-vector-1"
    catalog.checkpoints.advance(lexical, 3)
    catalog.checkpoints.advance(vector.checkpoint, 2)
    meaning.identities = {}
    again = open_vector(catalog, cast("VectorStore", meaning), GENERATION)
    assert again.rebuilt == "is missing"
    assert opened(catalog, words)[1].applied == 3
