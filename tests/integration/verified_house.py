"""A real house whose indexes are verified: both engines, the log, followers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.verified import verified_indexes
from indexer.findings import IndexVerification, Kind
from indexer.holdings import Holdings
from indexer.indexing import catch_up
from indexer.judging import VerifiedIndex
from indexer.verification import Verifier, VerifyOptions
from tandem.catalog.document_log import DocumentLog
from tandem.documents import Document
from tandem.sections import EngineSettings, IndexingSettings
from tandem.settings import Settings
from tests.builders import document
from tests.fakes import HashEmbedder
from tests.integration.crash.stream import FIELDS
from tests.integration.drift import LexicalDrift, VectorDrift

COLLECTION = "main"
LEGS = ("lexical", "vector")
EMBEDDED = EngineSettings()
RANGE = 7
"""Rows of the log at once: few, so that a small collection has many ranges."""


def as_it_is(holdings: Holdings) -> Holdings:
    """Nothing in between."""
    return holdings


def text(document_id: str, version: int, words: int = 40) -> Document:
    """A version of a document; passages have at most 32 words, so more make two or more."""
    body = " ".join(f"{document_id}v{version}w{number}" for number in range(words))
    return document(document_id, body, title=f"title {version}", kind="a", size=words)


@dataclass
class VerifiedHouse:
    """The house, opened."""

    house: House

    @classmethod
    def open(cls, folder: Path, engines: EngineSettings = EMBEDDED) -> "VerifiedHouse":
        """The house of a data folder, with its collection."""
        settings = Settings(
            data_dir=folder, engines=engines, indexing=IndexingSettings(passage_tokens=32)
        )
        made = open_house(settings, "test", embedder=HashEmbedder())
        if not made.has_collection(COLLECTION):
            made.create_collection(COLLECTION, FIELDS)
        return cls(made)

    @property
    def log(self) -> DocumentLog:
        """The document log."""
        return self.house.catalog.documents

    @property
    def collection(self) -> OpenCollection:
        """The collection."""
        return self.house.collection(COLLECTION)

    def accept(self, *documents: Document) -> None:
        """Append to the log; no index follows."""
        self.log.append(COLLECTION, "source", documents)

    def follow(self) -> None:
        """Bring both indexes up to date."""
        assert catch_up(self.collection.followers) == []

    def index(self, leg: str) -> VerifiedIndex:
        """One of both live ones, as the command hands it to verification."""
        return next(
            index for index in verified_indexes(self.collection.complete) if index.leg == leg
        )

    def verify(
        self, leg: str, seen_through: Callable[[Holdings], Holdings] = as_it_is, **options: Any
    ) -> IndexVerification:
        """Compare one of both with the log."""
        index = self.index(leg)
        return self.compare(replace(index, holdings=seen_through(index.holdings)), **options)

    def compare(self, index: VerifiedIndex, **options: Any) -> IndexVerification:
        """Compare any index with the log, all content too."""
        given: dict[str, Any] = {"rows_per_range": RANGE, "sample": 1_000}
        verifier = Verifier(
            self.log, self.house.catalog.checkpoints, COLLECTION, VerifyOptions(**given | options)
        )
        return verifier.verify(index)

    def drift(self, leg: str) -> LexicalDrift | VectorDrift:
        """Damages one of both."""
        schema = self.collection.generation.schema
        if leg == "vector":
            return VectorDrift(cast("Any", self.collection.vector.index), schema)
        return LexicalDrift(cast("Any", self.collection.lexical.index), schema)

    def plant(self, leg: str, kind: Kind, document_id: str) -> None:
        """Damage a document that the log has, or plant one that it has not."""
        change = next(iter(self.log.changes_of(COLLECTION, [document_id])), None)
        known = None if change is None else change.document
        sequence = 5 if change is None else change.sequence
        self.drift(leg).plant(kind, sequence, known or text(document_id, 0))
