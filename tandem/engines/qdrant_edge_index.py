"""Qdrant Edge, the embedded vector engine: Qdrant's own engine, in process.

Every search is exact. Edge builds an HNSW graph only when told to, holding the interpreter lock all
the while, and a filtered search over such a graph can lose most of its answer; a full scan takes
7 ms at 100,000 vectors and loses nothing.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import qdrant_edge as edge

from tandem.documents import Change
from tandem.engines.folders import IndexFolders, require_room
from tandem.engines.qdrant_edge_mapping import (
    among,
    condition,
    filter_field,
    index_params,
    payload_value,
    stale,
)
from tandem.errors import EngineError, FieldError
from tandem.fields import FieldType
from tandem.filters import Filter
from tandem.protocols import FloatMatrix, FloatVector, Refusal, VectorVersion
from tandem.rankings import Ranking
from tandem.schema import Schema

LEG = "vector"
VECTOR = "passage"
POINTS_PER_UPDATE = 500
"""An update holds the interpreter lock: 500 points keep searches in the process from stalling."""

POINTS_PER_SCROLL = 500
PASSAGES_PER_DOCUMENT = 3
"""First guess of how many of the nearest passages belong to one document."""

PASSAGES_PER_SCORED_DOCUMENT = 16
"""The same where the documents are given: most of their passages fit into one answer."""

MOST_TIES = 4_096
"""How many documents of equal score at the limit are put in order of id; beyond it luck decides."""

ROOM_BYTES = 128 * 1024 * 1024
"""Free space without which nothing is written: on a full disk the engine's memory-mapped files end
the whole process, and Python could not catch that."""

EXACT = edge.SearchParams(exact=True)


class QdrantEdgeStore:
    """Generations of Qdrant Edge shards, one folder each."""

    def __init__(self, root: Path) -> None:
        self._folders = IndexFolders(root)

    def identity(self, name: str) -> str | None:
        """See ``VectorStore``."""
        return self._folders.identity(name)

    def create(self, name: str, identity: str, schema: Schema, dimension: int) -> "QdrantEdgeIndex":
        """See ``VectorStore``."""
        require_room(self._folders.root, ROOM_BYTES)
        return QdrantEdgeIndex(self._folders.create(name, identity), schema, dimension)

    def open(self, name: str, schema: Schema, dimension: int) -> "QdrantEdgeIndex":
        """See ``VectorStore``."""
        return QdrantEdgeIndex(self._folders.data(name), schema, dimension)

    def drop(self, name: str) -> None:
        """See ``VectorStore``."""
        self._folders.drop(name)


class QdrantEdgeIndex:
    """One generation of one vector space; a point is a passage.

    An in-process call cannot be interrupted, so ``timeout_seconds`` is left to the caller's
    deadline.
    """

    def __init__(self, folder: Path, schema: Schema, dimension: int) -> None:
        self._folder = folder
        self._schema = schema
        self._dimension = dimension
        self._writing = threading.Lock()
        try:
            self.shard = _open_shard(folder, schema, dimension)
        except Exception as error:
            raise EngineError(
                f"the Qdrant Edge index in {folder} cannot be opened: {error}",
                hint=f"delete the folder {folder.parent}; the next start builds it again",
            ) from error

    def search(
        self,
        vector: FloatVector,
        *,
        filters: Sequence[Filter] = (),
        limit: int,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Ranking:
        """See ``VectorIndex``."""
        must = [condition(item) for item in filters]
        best: dict[str, float] = {}
        last = 0.0
        for document_id, score in self._nearest_documents(
            vector, must, limit * PASSAGES_PER_DOCUMENT
        ):
            if len(best) >= limit and (score < last or len(best) >= limit + MOST_TIES):
                break
            best[document_id] = last = score
        return Ranking.from_scores(LEG, best.items(), limit=limit)

    def score(
        self,
        vector: FloatVector,
        document_ids: Collection[str],
        *,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Mapping[str, float]:
        """See ``VectorIndex``."""
        if not document_ids:
            return {}
        asked = len(document_ids)
        page = asked * PASSAGES_PER_SCORED_DOCUMENT
        return dict(islice(self._nearest_documents(vector, [among(document_ids)], page), asked))

    def _nearest_documents(
        self, vector: FloatVector, must: list[Any], page: int
    ) -> Iterator[tuple[str, float]]:
        """(document_id, score of its best passage), best first, each document once.

        Passages come nearest first, so the first one seen of a document is its best. When a page
        of passages is used up, the documents found are excluded and the page doubles: a document
        with a thousand near passages costs a few rounds, never a place in the list.
        """
        seen: set[str] = set()
        while True:
            excluded: list[Any] = [among(seen)] if seen else []
            within = edge.Filter(must=must, must_not=excluded)
            points = self.shard.query(nearest(vector, page, within))
            for point in points:
                document_id = _payload(point)["document_id"]
                if document_id not in seen:
                    seen.add(document_id)
                    yield document_id, point.score
            if len(points) < page:
                return
            page *= 2

    def apply(
        self, changes: Sequence[Change], passages: Mapping[str, FloatMatrix]
    ) -> Sequence[Refusal]:
        """See ``VectorIndex``. New passages are written before the old ones go."""
        require_room(self._folder, ROOM_BYTES)
        refusals: list[Refusal] = []
        points: list[edge.Point] = []
        newest = {change.document_id: change for change in changes}.values()
        for change in newest:
            try:
                points += self._points(change, passages.get(change.document_id))
            except FieldError as error:
                refusals.append(Refusal(change.document_id, str(error)))
        with self._writing:
            try:
                for start in range(0, len(points), POINTS_PER_UPDATE):
                    batch = points[start : start + POINTS_PER_UPDATE]
                    self.shard.update(edge.UpdateOperation.upsert_points(batch))
                self.shard.update(edge.UpdateOperation.delete_points_by_filter(stale(newest)))
                self.shard.flush()
            except Exception as error:
                raise EngineError(f"Qdrant Edge could not write: {error}") from error
        return refusals

    def vectors(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """See ``VectorIndex``."""
        rows: dict[str, dict[int, FloatVector]] = {}
        wanted = edge.Filter(must=[among(document_ids)])
        for record in self._scroll(wanted, with_vector=True) if document_ids else ():
            payload, vectors = _payload(record), cast("dict[str, Any]", record.vector)
            vector = np.asarray(vectors[VECTOR], dtype=np.float32)
            rows.setdefault(payload["document_id"], {})[payload["passage"]] = vector
        return {
            document_id: np.stack([found[number] for number in sorted(found)])
            for document_id, found in rows.items()
        }

    def versions(self) -> Iterator[VectorVersion]:
        """See ``VectorIndex``. A document with passages of two versions is reported twice."""
        held: dict[tuple[str, int, int], int] = {}
        for record in self._scroll(None, with_vector=False):
            payload = _payload(record)
            key = (payload["document_id"], payload["sequence"], payload["passages"])
            held[key] = held.get(key, 0) + 1
        for (document_id, sequence, expected), count in held.items():
            yield VectorVersion(document_id, sequence, count, expected)

    def count(self) -> int:
        """See ``VectorIndex``."""
        return int(self.shard.count(edge.CountRequest(exact=True)))

    def close(self) -> None:
        """See ``VectorIndex``."""
        self.shard.close()

    def _scroll(self, wanted: edge.Filter | None, *, with_vector: bool) -> Iterator[edge.Record]:
        offset = None
        while True:
            records, offset = self.shard.scroll(
                edge.ScrollRequest(
                    offset=offset,
                    limit=POINTS_PER_SCROLL,
                    filter=wanted,
                    with_payload=["document_id", "sequence", "passage", "passages"],
                    with_vector=with_vector,
                )
            )
            yield from records
            if offset is None:
                return

    def _points(self, change: Change, vectors: FloatMatrix | None) -> list[edge.Point]:
        document = change.document
        if document is None:
            return []
        if vectors is None or len(vectors) == 0:
            raise FieldError("body", "nothing to embed: title and body are blank")
        _check_vectors(vectors, self._dimension)
        payload: dict[str, Any] = {
            "document_id": document.document_id,
            "sequence": change.sequence,
            "passages": len(vectors),
        }
        for name, value in self._schema.typed(document).items():
            field = self._schema.by_name[name]
            if field.type is not FieldType.TEXT:
                payload[filter_field(field)] = payload_value(value)
        return [
            edge.Point(
                uuid5(NAMESPACE_URL, f"{document.document_id}#{number}"),
                {VECTOR: vector},
                {**payload, "passage": number},
            )
            for number, vector in enumerate(vectors)
        ]


def nearest(
    vector: FloatVector, limit: int, within: edge.Filter | None = None
) -> edge.QueryRequest:
    """The request for the ``limit`` nearest passages."""
    # Edge takes a numpy row as it is, which its types do not say.
    query = edge.Query.Nearest(cast("list[float]", vector), using=VECTOR)
    return edge.QueryRequest(
        limit=limit, query=query, filter=within, with_payload=["document_id"], params=EXACT
    )


def _payload(point: edge.ScoredPoint | edge.Record) -> dict[str, Any]:
    """The payload, which every request here asks for."""
    return cast("dict[str, Any]", point.payload)


def _open_shard(folder: Path, schema: Schema, dimension: int) -> edge.EdgeShard:
    if any(folder.iterdir()):
        return edge.EdgeShard.load(str(folder))
    vector = edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Cosine)
    shard = edge.EdgeShard.create(str(folder), edge.EdgeConfig(vectors={VECTOR: vector}))
    shard.update(
        edge.UpdateOperation.create_field_index(
            "document_id", edge.KeywordIndexParams(enable_hnsw=False)
        )
    )
    for field in schema.filterable_fields:
        shard.update(
            edge.UpdateOperation.create_field_index(filter_field(field), index_params(field))
        )
    shard.flush()
    return shard


def _check_vectors(vectors: FloatMatrix, dimension: int) -> None:
    """Edge accepts NaN silently, and a wrong dimension fails a whole batch."""
    if vectors.shape[1:] != (dimension,):
        raise FieldError("vector", f"has shape {vectors.shape}, expected (passages, {dimension})")
    if not np.isfinite(vectors).all():
        raise FieldError("vector", "holds a value that is not a finite number")
