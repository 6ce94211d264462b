"""Failures of documents that were applied beside the follower of an index."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.checkpoints import Failure
from tandem.documents import Document
from tandem.protocols import Refusal

COLLECTION = "main"
WHY = "why"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A log of ``a`` and ``b`` (sequences 1 and 2), both refused by ``index``."""
    opened = Catalog(f"sqlite:///{tmp_path}/d.db", f"sqlite:///{tmp_path}/e.db")
    write(opened, "a", "b")
    begun = opened.checkpoints.start("index", "identity", opened.documents.log_id)
    refusals = [(1, Refusal("a", WHY)), (2, Refusal("b", WHY))]
    opened.checkpoints.advance(begun, 2, changed="ab", refusals=refusals)
    yield opened
    opened.close()


def write(catalog: Catalog, *ids: str, body: str = "first") -> None:
    """Accept documents of that body."""
    documents = [Document(document_id, body=body) for document_id in ids]
    catalog.documents.append(COLLECTION, "source", documents)


def failures(catalog: Catalog) -> list[Failure]:
    """All failures of the index."""
    return catalog.checkpoints.failures("index")


def test_failures_are_found_by_document(catalog: Catalog) -> None:
    """Of that index alone; more ids than a statement takes; unknown ones are left out."""
    many = [f"x{number}" for number in range(1_200)]
    assert catalog.checkpoints.failures_of("index", ["a", *many, "b"]) == {
        "a": Failure("a", 1, WHY),
        "b": Failure("b", 2, WHY),
    }
    assert catalog.checkpoints.failures_of("other", ["a"]) == {}
    assert catalog.checkpoints.failures_of("index", []) == {}


def test_what_was_taken_is_no_failure_any_more(catalog: Catalog) -> None:
    """The others stay, and so do another index's."""
    other = catalog.checkpoints.start("other", "x", catalog.documents.log_id)
    catalog.checkpoints.advance(other, 2, refusals=[(1, Refusal("a", WHY))])
    catalog.checkpoints.settle("index", COLLECTION, {"a": 1}, [])
    assert failures(catalog) == [Failure("b", 2, WHY)]
    assert catalog.checkpoints.failure_count("other") == 1


def test_what_was_refused_again_is_noted_anew(catalog: Catalog) -> None:
    """With its new reason; what was never a failure becomes one."""
    write(catalog, "c")
    refusals = [(1, Refusal("a", "still")), (3, Refusal("c", "now"))]
    catalog.checkpoints.settle("index", COLLECTION, {"a": 1, "b": 2, "c": 3}, refusals)
    assert failures(catalog) == [Failure("a", 1, "still"), Failure("c", 3, "now")]


def test_a_newer_version_is_left_to_the_follower(catalog: Catalog) -> None:
    """It may have noted already how that one went, taken or refused."""
    write(catalog, "a", "b", body="second")
    held = catalog.checkpoints.read("index")
    assert held is not None
    catalog.checkpoints.advance(held, 4, changed="ab", refusals=[(4, Refusal("b", "new"))])
    refusals = [(1, Refusal("a", "late")), (2, Refusal("b", "late"))]
    catalog.checkpoints.settle("index", COLLECTION, {"a": 1, "b": 2}, refusals)
    assert failures(catalog) == [Failure("b", 4, "new")]


def test_a_document_of_another_collection_is_another(catalog: Catalog) -> None:
    """The same id there says nothing about this one."""
    documents = [Document("a", body="there")]
    catalog.documents.append("there", "source", documents)
    catalog.checkpoints.settle("index", "there", {}, [(1, Refusal("a", "late"))])
    assert failures(catalog) == [Failure("a", 1, WHY), Failure("b", 2, WHY)]
