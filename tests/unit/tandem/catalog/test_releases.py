"""Generations and releases: the pointer moves by compare-and-set."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation, Release, Releases
from tandem.errors import ReleaseConflict
from tandem.schema import Schema
from tests.builders import schema_of

SCHEMA = schema_of(genre="keyword", abstract="text", is_open=True)


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[Releases]:
    """No release yet."""
    catalog = Catalog(f"sqlite:///{tmp_path}/d.db", f"sqlite:///{tmp_path}/e.db")
    yield catalog.releases
    catalog.close()


def generation(releases: Releases, collection: str = "main", schema: Schema = SCHEMA) -> Generation:
    """A new generation."""
    return releases.create_generation(
        collection,
        schema,
        analysis="english-1",
        embedder="model@1",
        dimension=8,
        passage_tokens=128,
    )


def test_generations_keep_what_they_were_built_with(releases: Releases) -> None:
    """Numbered over all collections, read back equal, with index names of their own."""
    first, second = generation(releases), generation(releases, "other", Schema())
    assert (first.number, second.number) == (1, 2)
    assert releases.generation(1) == first
    assert releases.generation(2) == second
    names = {first.lexical_name, first.vector_name, second.lexical_name, second.vector_name}
    assert names == {"main-lexical-1", "main-vector-1", "other-lexical-2", "other-vector-2"}


def test_promoting(releases: Releases) -> None:
    """The first release has no parent; the next one points back to it."""
    assert releases.live("main") is None
    first = releases.promote("main", generation(releases).number, parent=None)
    assert first == Release(1, "main", 1, None)
    assert releases.live("main") == first
    second = releases.promote("main", generation(releases).number, parent=first.number)
    assert releases.live("main") == second == Release(2, "main", 2, 1)


def test_a_promotion_from_an_old_parent_is_refused(releases: Releases) -> None:
    """What was promoted meanwhile is not lost, and the refusal names both."""
    first = releases.promote("main", 1, parent=None)
    second = releases.promote("main", 2, parent=first.number)
    for parent in (None, first.number, 99):
        with pytest.raises(ReleaseConflict, match=f"main: release 2 is live, .* from {parent}"):
            releases.promote("main", 3, parent=parent)
    assert releases.live("main") == second


def test_a_parent_that_never_was(releases: Releases) -> None:
    """A first release cannot claim a parent."""
    with pytest.raises(ReleaseConflict, match="release None is live"):
        releases.promote("main", 1, parent=1)
    assert releases.live("main") is None


def test_collections_are_apart(releases: Releases) -> None:
    """Each has a pointer of its own; only those with a live release are listed."""
    generation(releases, "unreleased")
    for name in ("b", "a"):
        releases.promote(name, generation(releases, name).number, parent=None)
    assert releases.collections() == ["a", "b"]
    live = releases.live("a")
    assert live is not None
    assert live.collection == "a"
