"""The movies collection (``../shared/data/README.md``) as the house sees it: documents as facts,
ratings as deeds, impressions as queries with grades.
"""

import gzip
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from api.embedders import load_embedder
from benchmarks.common import EMBEDDINGS, benchmark_settings
from indexer.sources.jsonl import JsonLines
from indexer.validation import Validator
from rerank.document_facts import facts_of
from rerank.facts import EVERYTHING, Facts, Need, QueryWord
from rerank.scenes import Asked
from tandem.behaviour import Deed
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache
from tandem.documents import Document
from tandem.embedding.cached_embedder import CachedEmbedder
from tandem.errors import SourceError
from tandem.passages import PassageSplitter
from tandem.protocols import FloatMatrix
from tandem.queries import Query
from tandem.rankings import Hit, Ranking
from tandem.schema import Schema, infer_schema

DOCUMENTS_AT_ONCE = 100
PASSAGE_TOKENS = 128


class Graded(NamedTuple):
    """A query of the past with the grades of what was then watched."""

    asked: Asked
    grades: npt.NDArray[np.int32]
    split: str

    @property
    def user_id(self) -> str:
        """Who asked."""
        return self.asked.query.user_id or ""


@dataclass(frozen=True)
class HeldFacts:
    """A ``FactsSource`` of documents that are all at hand, without any words."""

    facts: Mapping[str, Facts]

    def of(
        self,
        document_ids: Collection[str],
        timeout_seconds: float,  # noqa: ARG002 - nothing is waited for
        needs: Collection[Need] = EVERYTHING,  # noqa: ARG002 - all that there is, is there
    ) -> Mapping[str, Facts]:
        """See ``FactsSource``."""
        return {name: self.facts[name] for name in document_ids if name in self.facts}

    def words(
        self,
        text: str,  # noqa: ARG002 - every candidate has the genre that is asked for
        timeout_seconds: float,  # noqa: ARG002 - nothing is waited for
    ) -> tuple[QueryWord, ...]:
        """None."""
        return ()

    def vector(self, text: str) -> None:
        """None: nothing is searched for by meaning."""


@dataclass(frozen=True)
class Movies:
    """The whole collection."""

    schema: Schema
    facts: HeldFacts
    deeds: tuple[Deed, ...]
    graded: tuple[Graded, ...]


def read_movies(folder: Path) -> Movies:
    """Read a folder; what the documents mean is embedded once and kept in the cache folder.

    Raises:
        SourceError: it is no such folder.
    """
    for name in ("documents", "events", "impressions"):
        if not (folder / f"{name}.jsonl.gz").is_file():
            raise SourceError(f"{folder}: has no {name}.jsonl.gz")
    validator = Validator(infer_schema([]))
    read = [validator.document(item) for item in JsonLines(folder / "documents.jsonl.gz")]
    documents = [item for item in read if isinstance(item, Document)]
    schema = infer_schema(document.attributes for document in documents)
    vectors = _embedded(documents)
    facts = {
        document.document_id: facts_of(document, schema, None, vectors[document.document_id])
        for document in documents
    }
    deeds = _deeds(folder / "events.jsonl.gz")
    graded = _graded(folder / "impressions.jsonl.gz", schema)
    return Movies(schema, HeldFacts(facts), deeds, graded)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") as lines:
        yield from map(orjson.loads, lines)


def _deeds(path: Path) -> tuple[Deed, ...]:
    """Ratings in the file's order, which is that of time. Fourteen are dated 0: as far as anybody
    knows, they happened before all others.
    """
    return tuple(
        Deed(
            sequence,
            "rating",
            row["document_id"],
            float(row["timestamp"]),
            row["rating"],
            row["user_id"],
        )
        for sequence, row in enumerate(_rows(path), start=1)
    )


def _graded(path: Path, schema: Schema) -> tuple[Graded, ...]:
    found = []
    for row in _rows(path):
        grades = {item["document_id"]: item["grade"] for item in row["candidates"]}
        query = query_of(row["query_id"], row["user_id"], float(row["timestamp"]))
        found.append(graded_of(query, grades, schema, row["split"]))
    return tuple(found)


def graded_of(query: Query, grades: Mapping[str, int], schema: Schema, split: str) -> Graded:
    """A query with its candidates, which have no order yet."""
    names = sorted(grades)
    hits = tuple(Hit(name, rank, 0.0) for rank, name in enumerate(names, start=1))
    asked = Asked(query, schema, Ranking("unordered", hits))
    return Graded(asked, np.array([grades[name] for name in names], dtype=np.int32), split)


def query_of(query_id: str, user_id: str, seconds: float) -> Query:
    """Somebody's query, whose text says no more than its candidates."""
    return Query("", query_id, user_id=user_id, issued_at=datetime.fromtimestamp(seconds, UTC))


def _embedded(documents: Sequence[Document]) -> Mapping[str, FloatMatrix]:
    settings = benchmark_settings("movies")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    cache = DatabaseEmbeddingCache(f"sqlite:///{settings.data_dir / EMBEDDINGS}")
    embedder = CachedEmbedder(load_embedder(settings.embedding, settings.cache_dir), cache)
    splitter = PassageSplitter(embedder, min(PASSAGE_TOKENS, embedder.window))
    found: dict[str, FloatMatrix] = {}
    for start in range(0, len(documents), DOCUMENTS_AT_ONCE):
        batch = documents[start : start + DOCUMENTS_AT_ONCE]
        passages = splitter.split(batch)
        vectors = embedder.embed_documents([text for texts in passages for text in texts])
        ends = np.cumsum([len(texts) for texts in passages])[:-1]
        parts = np.split(vectors, ends)
        found |= {item.document_id: part for item, part in zip(batch, parts, strict=True)}
    return found
