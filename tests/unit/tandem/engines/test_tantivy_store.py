"""What becomes of folders that tantivy's store did not make, or an earlier version did."""

import json
import time
from pathlib import Path

import pytest
import tantivy

from tandem.analysis import ENGLISH
from tandem.engines.tantivy_mapping import WORDS
from tandem.engines.tantivy_order import ORDER
from tandem.engines.tantivy_store import TantivyStore
from tandem.errors import EngineError, IndexOutdated
from tests.builders import document, schema_of, upserts

SCHEMA = schema_of(genre="keyword")


def test_an_index_of_another_mapping_is_told_with_what_to_do(tmp_path: Path) -> None:
    """An earlier version's folder cannot be read: an error of its own, and nothing is lost."""
    folder = tmp_path / "words" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "identity").write_text("1", encoding="ascii")
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("document_id", stored=True, tokenizer_name="raw", index_option="basic")
    tantivy.Index(builder.build(), path=str(folder))
    before = sorted(path.name for path in folder.iterdir())
    store = TantivyStore(tmp_path)
    assert store.identity("words") == "1"
    with pytest.raises(IndexOutdated, match="other fields") as raised:
        store.open("words", SCHEMA, ENGLISH)
    assert str(folder) in str(raised.value)
    assert "builds it again" in raised.value.hint
    assert sorted(path.name for path in folder.iterdir()) == before


def test_an_index_of_the_mapping_before_is_told(tmp_path: Path) -> None:
    """One without words as they are typed and without the ids' order answers no question wrongly:
    it is refused, and built anew by who follows the log.
    """
    store = TantivyStore(tmp_path)
    store.create("words", "1", SCHEMA, ENGLISH).close()
    meta = tmp_path / "words" / "data" / "meta.json"
    held = json.loads(meta.read_text(encoding="utf-8"))
    fields = [item for item in held["schema"] if item["name"] not in {WORDS, ORDER}]
    assert len(fields) == len(held["schema"]) - 2
    meta.write_text(json.dumps(held | {"schema": fields}), encoding="utf-8")
    with pytest.raises(IndexOutdated, match="other fields than this version"):
        store.open("words", SCHEMA, ENGLISH)
    index = store.create("words", "2", SCHEMA, ENGLISH)
    index.apply(upserts([document("a", "zebra")]))
    assert index.count() == 1
    index.close()


def test_a_damaged_index_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A broken meta.json is an ``EngineError``, too."""
    store = TantivyStore(tmp_path)
    store.create("words", "1", SCHEMA, ENGLISH).close()
    (tmp_path / "words" / "data" / "meta.json").write_text("{", encoding="ascii")
    with pytest.raises(EngineError, match="cannot be opened") as raised:
        store.open("words", SCHEMA, ENGLISH)
    assert "delete the folder" in raised.value.hint


def test_names_are_those_of_whole_indexes(tmp_path: Path) -> None:
    """Folders without identity or data, and what a crash left half built, are none."""
    store = TantivyStore(tmp_path / "lexical")
    assert store.names() == []
    store.create("whole", "1", SCHEMA, ENGLISH).close()
    for name in (".half-0123", "empty", "nodata"):
        (tmp_path / "lexical" / name).mkdir()
    (tmp_path / "lexical" / "nodata" / "identity").write_text("1", encoding="ascii")
    (tmp_path / "lexical" / "file").write_text("1", encoding="ascii")
    assert store.names() == ["whole"]
    assert store.bytes_on_disk("nodata") is None


def test_bytes_on_disk_grow_with_the_index(tmp_path: Path) -> None:
    """What documents take is counted."""
    store = TantivyStore(tmp_path)
    index = store.create("words", "1", SCHEMA, ENGLISH)
    empty = store.bytes_on_disk("words")
    texts = (" ".join(f"w{n}x{k}" for k in range(200)) for n in range(500))
    index.apply(upserts(document(f"d{n}", text) for n, text in enumerate(texts)))
    index.close()
    full = store.bytes_on_disk("words")
    assert empty is not None
    assert full is not None
    assert full > empty + 500_000


def test_health_tells_a_place_that_is_no_folder(tmp_path: Path) -> None:
    """A file where the folder should be: unreachable, and why; never an exception."""
    healthy = TantivyStore(tmp_path / "not" / "yet").health()
    assert (healthy.engine, healthy.state, healthy.detail) == ("tantivy", "ok", "")
    (tmp_path / "file").write_text("", encoding="ascii")
    broken = TantivyStore(tmp_path / "file").health()
    assert broken.state == "unreachable"
    assert str(tmp_path / "file") in broken.detail


def test_a_commit_is_taken_up_by_whoever_made_it(tmp_path: Path) -> None:
    """Not by tantivy's own thread, which looks twice a second: an older commit could come last."""
    store = TantivyStore(tmp_path)
    index, other = store.create("words", "1", SCHEMA, ENGLISH), store.open("words", SCHEMA, ENGLISH)
    index.apply(upserts([document("a", "words")]))
    assert index.count() == 1
    time.sleep(1.5)
    assert other._index.searcher().num_docs == 0
    other.close()
    index.close()
