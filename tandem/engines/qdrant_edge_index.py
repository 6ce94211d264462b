"""Qdrant Edge, the embedded vector engine: Qdrant's own engine, in process.

Every search is exact. Edge builds an HNSW graph only when told to, holding the interpreter lock all
the while, and a filtered search over such a graph can lose most of its answer; a full scan takes
7 ms at 100,000 vectors and loses nothing.
"""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import orjson
import qdrant_edge as edge

from tandem.documents import Change
from tandem.engines.folders import IndexFolders, require_room
from tandem.engines.nearest_documents import document_scores, nearest_ranking
from tandem.engines.qdrant_edge_mapping import (
    among,
    condition,
    index_params,
    perhaps_newer,
    sequences_within,
    stale,
)
from tandem.engines.qdrant_points import (
    OWN_KEYS,
    VECTOR,
    PassagePoint,
    counted_versions,
    filter_field,
    newest_changes,
    passage_points,
    stacked_vectors,
    without_older,
)
from tandem.errors import EngineError
from tandem.filters import Filter
from tandem.protocols import FloatMatrix, FloatVector, Refusal, VectorVersion
from tandem.rankings import Ranking
from tandem.schema import Schema
from tandem.stores import EngineHealth

POINTS_PER_UPDATE = 500
"""An update holds the interpreter lock: 500 points keep searches in the process from stalling."""

POINTS_PER_SCROLL = 500
"""A page holds the lock as well."""

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

    def names(self) -> Sequence[str]:
        """See ``VectorStore``."""
        return self._folders.names()

    def publish(self, alias: str, name: str) -> None:
        """Nobody outside the process can look: there is nothing to do."""

    def bytes_on_disk(self, name: str) -> int | None:
        """See ``VectorStore``."""
        return self._folders.bytes_on_disk(name)

    def health(self) -> EngineHealth:
        """See ``VectorStore``: degraded where the disk is too full to write."""
        return self._folders.health("qdrant-edge", version("qdrant-edge-py"), ROOM_BYTES)

    def close(self) -> None:
        """A store holds nothing open; its indexes are closed one by one."""


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
        return nearest_ranking(partial(self._passages, vector, must), limit)

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
        passages = partial(self._passages, vector, [among(document_ids)])
        return document_scores(passages, len(document_ids))

    def _passages(
        self, vector: FloatVector, must: list[Any], page: int, excluded: Collection[str]
    ) -> Iterator[tuple[str, float]]:
        must_not: list[Any] = [among(excluded)] if excluded else []
        within = edge.Filter(must=must, must_not=must_not)
        for point in self.shard.query(nearest(vector, page, within)):
            yield _payload(point)["document_id"], point.score

    def apply(
        self, changes: Sequence[Change], passages: Mapping[str, FloatMatrix]
    ) -> Sequence[Refusal]:
        """See ``VectorIndex``. New passages are written before the old ones go.

        A change older than what is held is left out; of what was deleted nothing is held, so an
        upsert older than a delete comes back until the delete is applied again.
        """
        require_room(self._folder, ROOM_BYTES)
        with self._writing:
            try:
                current = self._without_older(newest_changes(changes))
                points, refusals = passage_points(current, passages, self._schema, self._dimension)
                for start in range(0, len(points), POINTS_PER_UPDATE):
                    batch = list(map(_edge_point, points[start : start + POINTS_PER_UPDATE]))
                    self.shard.update(edge.UpdateOperation.upsert_points(batch))
                self.shard.update(edge.UpdateOperation.delete_points_by_filter(stale(current)))
                self.shard.flush()
            except Exception as error:
                raise EngineError(
                    f"Qdrant Edge could not write: {error}",
                    hint="see whether the disk is full or failing; the batch is tried again",
                ) from error
        return refusals

    def forget(self, document_ids: Collection[str]) -> None:
        """See ``VectorIndex``."""
        if not document_ids:
            return
        these = edge.Filter(must=[among(document_ids)])
        with self._writing:
            try:
                self.shard.update(edge.UpdateOperation.delete_points_by_filter(these))
                self.shard.flush()
            except Exception as error:
                raise EngineError(
                    f"Qdrant Edge could not delete: {error}",
                    hint="see whether the disk is full or failing, and repair again",
                ) from error

    def _without_older(self, changes: list[Change]) -> list[Change]:
        held = self._payloads(perhaps_newer(changes)) if changes else ()
        return without_older(changes, held)

    def vectors(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """See ``VectorIndex``."""
        if not document_ids:
            return {}
        wanted = edge.Filter(must=[among(document_ids)])
        return stacked_vectors(
            (_payload(record), cast("dict[str, Any]", record.vector)[VECTOR])
            for record in self._scroll(wanted, with_vector=True)
        )

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[VectorVersion]:
        """See ``VectorIndex``. The versions within the range are held in memory until all its
        passages are read.
        """
        return counted_versions(self._payloads(sequences_within(first, last)))

    def versions_of(self, document_ids: Collection[str]) -> Sequence[VectorVersion]:
        """See ``VectorIndex``."""
        if not document_ids:
            return []
        return list(counted_versions(self._payloads(edge.Filter(must=[among(document_ids)]))))

    def count(self) -> int:
        """See ``VectorIndex``."""
        return int(self.shard.count(edge.CountRequest(exact=True)))

    def close(self) -> None:
        """See ``VectorIndex``."""
        self.shard.close()

    def _payloads(self, wanted: edge.Filter | None) -> Iterable[dict[str, Any]]:
        return map(_payload, self._scroll(wanted, with_vector=False))

    def _scroll(self, wanted: edge.Filter | None, *, with_vector: bool) -> Iterator[edge.Record]:
        offset = None
        while True:
            records, offset = self.shard.scroll(
                edge.ScrollRequest(
                    offset=offset,
                    limit=POINTS_PER_SCROLL,
                    filter=wanted,
                    with_payload=OWN_KEYS,
                    with_vector=with_vector,
                )
            )
            yield from records
            if offset is None:
                return


def nearest(
    vector: FloatVector, limit: int, within: edge.Filter | None = None
) -> edge.QueryRequest:
    """The request for the ``limit`` nearest passages."""
    # Edge takes a numpy row as it is, which its types do not say.
    query = edge.Query.Nearest(cast("list[float]", vector), using=VECTOR)
    return edge.QueryRequest(
        limit=limit, query=query, filter=within, with_payload=["document_id"], params=EXACT
    )


def _edge_point(point: PassagePoint) -> edge.Point:
    vectors: dict[str, Any] = {VECTOR: point.vector}
    return edge.Point(point.point_id, vectors, point.payload)


def _payload(point: edge.ScoredPoint | edge.Record) -> dict[str, Any]:
    """The payload, which every request here asks for."""
    return cast("dict[str, Any]", point.payload)


def _check_descriptions(folder: Path) -> None:
    """Refuse a shard whose descriptions are cut: Edge 0.9.0 would end the process, by a bus error.

    Raises:
        ValueError: one is missing or no JSON.
    """
    config = folder / "edge_config.json"
    for path in {config, *folder.rglob("*.json")}:
        try:
            orjson.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ValueError(f"{path.relative_to(folder)}: {error}") from None


def _open_shard(folder: Path, schema: Schema, dimension: int) -> edge.EdgeShard:
    if any(folder.iterdir()):
        _check_descriptions(folder)
        return edge.EdgeShard.load(str(folder))
    vector = edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Cosine)
    shard = edge.EdgeShard.create(str(folder), edge.EdgeConfig(vectors={VECTOR: vector}))
    for own, params in (
        ("document_id", edge.KeywordIndexParams(enable_hnsw=False)),
        ("sequence", edge.IntegerIndexParams(enable_hnsw=False)),
    ):
        shard.update(edge.UpdateOperation.create_field_index(own, params))
    for field in schema.filterable_fields:
        shard.update(
            edge.UpdateOperation.create_field_index(filter_field(field), index_params(field))
        )
    shard.flush()
    return shard
