"""BEIR folders."""

import gzip
from pathlib import Path

import pytest

from indexer.sources.beir import BeirCorpus
from indexer.sources.records import Broken, Record
from tandem.errors import SourceError


def read(folder: Path, *lines: bytes) -> list[Record | Broken]:
    """What a BEIR folder of these corpus lines gives."""
    (folder / "corpus.jsonl").write_bytes(b"\n".join(lines))
    return list(BeirCorpus(folder))


def test_a_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    """The error says which files were expected."""
    with pytest.raises(SourceError, match=r"expected corpus\.jsonl or corpus\.jsonl\.gz"):
        BeirCorpus(tmp_path)


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (b'{"_id": "1", "metadata": [1]}', "metadata", "expected an object of attributes"),
        (b'{"_id": "1", "metadata": "x"}', "metadata", "found str"),
        (b'{"_id": "1", "year": 1, "metadata": {"year": 2}}', "year", "expected one of them"),
        (b'{"_id": "1", "": 1, "metadata": {"": 2}}', "(record)", "expected one of them"),
        (b'{"_id": "1", "metadata": {', "(record)", "not JSON"),
    ],
)
def test_metadata_that_cannot_be_flattened_breaks_its_record(
    tmp_path: Path, line: bytes, field: str, reason: str
) -> None:
    """A fault names the field; the next record is read."""
    broken, good = read(tmp_path, line, b'{"_id": "2"}')
    assert isinstance(broken, Broken)
    assert broken.field == field
    assert reason in broken.reason
    assert isinstance(good, Record)


@pytest.mark.parametrize("metadata", [b"{}", b"null"])
def test_empty_metadata_adds_nothing(tmp_path: Path, metadata: bytes) -> None:
    """BEIR's own files hold an empty object."""
    (record,) = read(tmp_path, b'{"_id": "1", "title": "t", "metadata": ' + metadata + b"}")
    assert isinstance(record, Record)
    assert record.fields == {"_id": "1", "title": "t"}


def test_metadata_becomes_attributes(tmp_path: Path) -> None:
    """Its entries stand beside the record's own."""
    (record,) = read(tmp_path, b'{"_id": "1", "lang": "en", "metadata": {"year": 1999}}')
    assert isinstance(record, Record)
    assert record.fields == {"_id": "1", "lang": "en", "year": 1999}


def test_the_plain_corpus_comes_before_the_packed_one(tmp_path: Path) -> None:
    """Where both stand, the first of the documented order is read; the packed one alone works."""
    (tmp_path / "corpus.jsonl.gz").write_bytes(gzip.compress(b'{"_id": "packed"}'))
    (packed,) = BeirCorpus(tmp_path)
    assert isinstance(packed, Record)
    assert packed.fields == {"_id": "packed"}
    (plain,) = read(tmp_path, b'{"_id": "plain"}')
    assert isinstance(plain, Record)
    assert plain.fields == {"_id": "plain"}
    assert plain.place.file == str(tmp_path / "corpus.jsonl")


def test_the_corpus_file_itself_can_be_named(tmp_path: Path) -> None:
    """The file gives what its folder gives."""
    folder = read(tmp_path, b'{"_id": "1", "metadata": {}}')
    source = BeirCorpus(tmp_path / "corpus.jsonl")
    assert list(source) == folder
    assert source.progress() == 1.0
