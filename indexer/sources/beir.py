"""A BEIR collection: a folder with ``corpus.jsonl`` or ``corpus.jsonl.gz``."""

from collections.abc import Iterator
from pathlib import Path

from indexer.sources.jsonl import JsonLines
from indexer.sources.records import Broken, Record, excerpt, shown_name
from tandem.errors import SourceError

CORPUS_FILES = ("corpus.jsonl", "corpus.jsonl.gz")
"""Looked for in this order."""


def is_beir(path: Path) -> bool:
    """Whether this is such a folder, or its corpus file itself."""
    if path.is_dir():
        return any((path / name).is_file() for name in CORPUS_FILES)
    return path.name in CORPUS_FILES


class BeirCorpus:
    """JSON lines whose ``metadata`` object is flattened: each of its entries is an attribute.

    Raises:
        SourceError: the folder holds no corpus, or the file cannot be opened.

    """

    def __init__(self, path: Path) -> None:
        if path.is_dir() and not is_beir(path):
            raise SourceError(f"{path}: expected {' or '.join(CORPUS_FILES)} in a BEIR folder")
        self._path = path
        held = [path / name for name in CORPUS_FILES if path.is_dir() and (path / name).is_file()]
        self._corpus = JsonLines(held[0] if held else path)

    @property
    def location(self) -> str:
        """The path as it was given."""
        return str(self._path)

    @property
    def files(self) -> list[Path]:
        """The corpus file."""
        return self._corpus.files

    def progress(self) -> float | None:
        """The share of the corpus file's bytes that the latest iteration has read."""
        return self._corpus.progress()

    def __iter__(self) -> Iterator[Record | Broken]:
        for item in self._corpus:
            if isinstance(item, Record) and "metadata" in item.fields:
                yield _flattened(item)
            else:
                yield item


def _flattened(record: Record) -> Record | Broken:
    fields = dict(record.fields)
    metadata = fields.pop("metadata")
    if metadata is None:
        return Record(record.place, fields)
    if not isinstance(metadata, dict):
        reason = f"expected an object of attributes, found {type(metadata).__name__}"
        return Broken(record.place, "metadata", reason, excerpt(metadata))
    for name in metadata:
        if name in fields:
            reason = "stands in the record and in its metadata; expected one of them"
            return Broken(record.place, shown_name(name), reason, excerpt(metadata[name]))
    return Record(record.place, fields | metadata)
