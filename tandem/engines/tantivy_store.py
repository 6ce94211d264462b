"""Generations of tantivy indexes, one folder each."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import tantivy

from tandem.analysis import Analysis
from tandem.engines.folders import IndexFolders
from tandem.engines.tantivy_index import TantivyIndex
from tandem.engines.tantivy_writing import WRITER_HEAP_BYTES, cannot_open
from tandem.schema import Schema
from tandem.stores import EngineHealth


class TantivyStore:
    """Generations of tantivy indexes, one folder each."""

    def __init__(self, root: Path) -> None:
        self._folders = IndexFolders(root)

    def identity(self, name: str) -> str | None:
        """See ``LexicalStore``."""
        return self._folders.identity(name)

    def create(self, name: str, identity: str, schema: Schema, analysis: Analysis) -> TantivyIndex:
        """See ``LexicalStore``."""
        return TantivyIndex(self._folders.create(name, identity), schema, analysis)

    def open(self, name: str, schema: Schema, analysis: Analysis) -> TantivyIndex:
        """See ``LexicalStore``."""
        folder = self._folders.data(name)
        if not (folder.is_dir() and tantivy.Index.exists(str(folder))):
            # tantivy would begin an empty index beside whatever else is there.
            raise cannot_open(folder, "its meta.json is missing")
        return TantivyIndex(folder, schema, analysis)

    def drop(self, name: str) -> None:
        """See ``LexicalStore``."""
        self._folders.drop(name)

    def names(self) -> Sequence[str]:
        """See ``LexicalStore``."""
        return self._folders.names()

    def publish(self, alias: str, name: str) -> None:
        """Nobody outside this process can ask the index."""

    def bytes_on_disk(self, name: str) -> int | None:
        """See ``LexicalStore``."""
        return self._folders.bytes_on_disk(name)

    def health(self) -> EngineHealth:
        """See ``LexicalStore``; the engine is this process, so its folder is what can fail."""
        return self._folders.health("tantivy", version("tantivy"), WRITER_HEAP_BYTES)

    def close(self) -> None:
        """There is no connection."""
