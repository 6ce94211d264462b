"""What a crash or a fault may leave in an index of tantivy."""

from pathlib import Path

from tandem.analysis import ENGLISH
from tandem.documents import Change
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


def test_what_a_killed_writer_has_left_does_not_stop_the_next_one(tmp_path: Path) -> None:
    """It was killed amid a commit: the files are there, and the index does not know them yet."""
    schema, store = schema_of(), TantivyStore(tmp_path)
    index = store.create("index", "identity", schema, ENGLISH)
    index.apply(upserts(document(str(number), "words") for number in range(40)))
    index.close()
    (known,) = tmp_path.rglob("meta.json")
    before = known.read_bytes()
    change = Change(50, "3", document("3", "others"))
    index = store.open("index", schema, ENGLISH)
    index.apply([change])
    index.close()
    assert [*tmp_path.rglob("*.del")], "it was about to delete the version before"
    known.write_bytes(before)

    index = store.open("index", schema, ENGLISH)
    index.apply([change])
    assert index.documents(["3"]) == {"3": change.document}
    assert index.count() == 40
    index.close()
