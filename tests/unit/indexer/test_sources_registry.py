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


def test_hidden_entries_are_left_out(tmp_path: Path) -> None:
    """What the folder holds is told without what nobody meant to index."""
    (tmp_path / ".tandem").mkdir()
    with pytest.raises(SourceError, match="found nothing readable"):
        open_source(str(tmp_path))
    (tmp_path / "a.csv").touch()
    with pytest.raises(SourceError, match=r"found a\.csv$"):
        open_source(str(tmp_path))


def test_standard_input_is_not_read_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash says so; a file of that name can still be named."""
    monkeypatch.chdir(tmp_path)
    Path("-").write_text('{"id": 1}\n')
    with pytest.raises(SourceError, match="standard input is not read yet") as caught:
        open_source("-", "jsonl")
    assert "./-" in caught.value.hint
    assert len(list(open_source("./-", "jsonl"))) == 1


@pytest.mark.parametrize("format_name", [None, "beir"])
def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_name: str | None
) -> None:
    """The system's refusal becomes an error of ours, wherever it comes up."""
    is_file = Path.is_file

    def refuse(path: Path) -> bool:
        if path.name.startswith("corpus"):
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(SourceError, match="cannot be opened: Permission denied"):
        open_source(str(tmp_path), format_name)


def test_links_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    """In a circle or to what is gone, alone or inside a folder."""
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "b.jsonl")
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "a.jsonl")
    (tmp_path / "c.jsonl").symlink_to(tmp_path / "gone.jsonl")
    for name in ("a.jsonl", "c.jsonl"):
        with pytest.raises(SourceError, match="a link that leads nowhere"):
            open_source(str(tmp_path / name))
    with pytest.raises(SourceError):
        open_source(str(tmp_path / "a.jsonl" / "corpus.jsonl"))


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
    assert source.files == [path]
    assert len(list(source)) == 1


def test_a_beir_folder_is_recognised(tmp_path: Path) -> None:
    """By its layout, without a word about its format."""
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1"}\n')
    source = open_source(str(tmp_path))
    assert type(source) is BeirCorpus
    assert source.files == [tmp_path / "corpus.jsonl"]


def test_every_format_says_what_it_looks_like() -> None:
    """The error for unknown names is built from these words."""
    assert all(known.looks_like for known in FORMATS.values())
