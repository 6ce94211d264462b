"""Which source reads what."""

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.sources.beir import BeirCorpus
from indexer.sources.delimited import DelimitedFile
from indexer.sources.jsonl import JsonLines
from indexer.sources.parquet import ParquetFile
from indexer.sources.registry import FORMATS, open_source
from tandem.errors import SourceError


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    """The error helps out of a slip of the finger."""
    with pytest.raises(SourceError, match="'jsnol'; known ones: beir, jsonl, csv") as caught:
        open_source(str(tmp_path), "jsnol")
    assert caught.value.hint == "did you mean 'jsonl'?"


def test_a_missing_file_hints_at_its_neighbour(tmp_path: Path) -> None:
    """A file of a similar name is suggested."""
    (tmp_path / "corpus.jsonl").touch()
    with pytest.raises(SourceError, match="no such file or folder") as caught:
        open_source(str(tmp_path / "corpsu.jsonl"))
    assert "corpus.jsonl" in caught.value.hint


@pytest.mark.parametrize("location", ["nowhere/at/all.csv", "a\0b.jsonl", "x" * 5_000, ""])
def test_impossible_paths_are_input_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """Whatever was typed, the answer is an error of ours."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError):
        open_source(location)


def test_a_folder_of_files_says_what_was_expected(tmp_path: Path) -> None:
    """A folder that is not BEIR is refused with what it holds and what to do."""
    (tmp_path / "a.csv").touch()
    with pytest.raises(SourceError, match=r"BEIR collection\), found a\.csv") as caught:
        open_source(str(tmp_path))
    assert "name the files" in caught.value.hint


def test_a_folder_is_no_single_file(tmp_path: Path) -> None:
    """Naming a format does not make a file of a folder."""
    with pytest.raises(SourceError, match="a folder, and csv is read from a single file"):
        open_source(str(tmp_path), "csv")


def test_an_unknown_suffix_asks_for_the_format(tmp_path: Path) -> None:
    """The error lists what is recognised; --format then decides."""
    path = tmp_path / "export.txt"
    path.write_text('{"id": 1}\n')
    with pytest.raises(SourceError, match=r"\*\.parquet") as caught:
        open_source(str(path))
    assert "--format" in caught.value.hint
    assert len(list(open_source(str(path), "jsonl"))) == 1


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    """A source is read twice, which a pipe cannot be."""
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)
    with pytest.raises(SourceError, match="a pipe or a device"):
        open_source(str(path))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jsonl", JsonLines),
        ("a.NDJSON", JsonLines),
        ("a.jsonl.gz", JsonLines),
        ("a.csv", DelimitedFile),
        ("a.tsv.gz", DelimitedFile),
        ("a.parquet", ParquetFile),
        ("corpus.jsonl", BeirCorpus),
    ],
)
def test_the_name_tells_the_format(tmp_path: Path, name: str, kind: type) -> None:
    """Every suffix, packed or not, finds its source."""
    path = tmp_path / name
    if kind is ParquetFile:
        pq.write_table(pa.table({"id": [1]}), path)
    else:
        content = b"id,title\n1,a\n" if kind is DelimitedFile else b'{"id": 1}\n'
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    source = open_source(str(path))
    assert type(source) is kind
    assert len(list(source)) == 1


def test_a_beir_folder_is_recognised(tmp_path: Path) -> None:
    """By its layout, without a word about its format."""
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1"}\n')
    assert type(open_source(str(tmp_path))) is BeirCorpus


def test_every_format_says_what_it_looks_like() -> None:
    """The error for unknown names is built from these words."""
    assert all(known.looks_like for known in FORMATS.values())
