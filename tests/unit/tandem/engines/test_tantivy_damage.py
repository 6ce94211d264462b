"""A document that tantivy holds twice pushes no other one out of an answer."""

from pathlib import Path

from tandem.analysis import ENGLISH
from tandem.engines.tantivy_store import TantivyStore
from tests.builders import document, schema_of, upserts
from tests.integration.drift import LexicalDrift


def test_a_doubled_document_hides_no_other(tmp_path: Path) -> None:
    """All rows of every id asked for are told, however many there are."""
    schema = schema_of()
    index = TantivyStore(tmp_path).create("index", "identity", schema, ENGLISH)
    index.apply(upserts(document(name, "words") for name in "abc"))
    drift = LexicalDrift(index, schema)
    drift.hold("b", [(number, document("b", f"version {number}")) for number in (2, 5, 7)])

    assert sorted(index.versions_of("abc")) == [("a", 1), ("b", 2), ("b", 5), ("b", 7), ("c", 3)]
    assert index.documents("abc").keys() == {*"abc"}
    index.close()
