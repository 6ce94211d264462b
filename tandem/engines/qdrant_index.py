"""One generation of one vector space on a Qdrant server."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from qdrant_client import models

from tandem.documents import Change
from tandem.engines.nearest_documents import document_scores, nearest_ranking
from tandem.engines.qdrant_connection import Deadline, Server
from tandem.engines.qdrant_mapping import (
    among,
    condition,
    perhaps_newer,
    sequences_within,
    stale,
)
from tandem.engines.qdrant_points import (
    OWN_KEYS,
    VECTOR,
    PassagePoint,
    counted_versions,
    newest_changes,
    passage_points,
    stacked_vectors,
    without_older,
)
from tandem.errors import EngineUnavailable
from tandem.filters import Filter
from tandem.protocols import FloatMatrix, FloatVector, Refusal, VectorVersion
from tandem.rankings import Ranking
from tandem.schema import Schema

EXACT_POINTS = 50_000
"""Up to so many points are compared one by one: a few milliseconds, and nothing is missed."""

EF = 512
"""How many candidates a walk through the graph keeps; more where more are asked for. Measured at
1,000,000 vectors: 98.6 % of the true 100 nearest.
"""

COUNT_SECONDS = 60.0
"""How long the collection's size is believed."""

POINTS_PER_UPDATE = 500
NUMBERS_PER_UPDATE = 500_000
"""About 10 MB of JSON; a server takes 32 MB by default."""

POINTS_PER_SCROLL = 500
DOCUMENTS_PER_SCROLL = 1_000


class _Question(NamedTuple):
    """One search; ``exact``: every point is compared."""

    vector: list[float]
    must: list[models.Condition]
    exact: bool
    deadline: Deadline


class QdrantIndex:
    """A point is a passage.

    An exact search compares every point that the filter leaves: where those are at most
    ``EXACT_POINTS`` by the server's own estimate, and wherever documents are given. Otherwise a
    search walks the HNSW graph, and so may miss a near passage; it still gives ``limit`` documents.
    """

    def __init__(self, server: Server, collection: str, schema: Schema, dimension: int) -> None:
        self._server = server
        self._client = server.client
        self._collection = collection
        self._schema = schema
        self._dimension = dimension
        self._size = (0, float("-inf"))

    def search(
        self,
        vector: FloatVector,
        *,
        filters: Sequence[Filter] = (),
        limit: int,
        timeout_seconds: float,
    ) -> Ranking:
        """See ``VectorIndex``."""
        must, deadline = [condition(item) for item in filters], Deadline(timeout_seconds)
        asked = _Question(vector.tolist(), must, self._few(must, deadline), deadline)
        return nearest_ranking(partial(self._passages, asked), limit)

    def score(
        self, vector: FloatVector, document_ids: Collection[str], *, timeout_seconds: float
    ) -> Mapping[str, float]:
        """See ``VectorIndex``."""
        if not document_ids:
            return {}
        must: list[models.Condition] = [among(document_ids)]
        asked = _Question(vector.tolist(), must, True, Deadline(timeout_seconds))
        return document_scores(partial(self._passages, asked), len(document_ids))

    def _passages(
        self, asked: _Question, page: int, excluded: Collection[str]
    ) -> Iterable[tuple[str, float]]:
        points = self._query(asked, page, excluded, exact=asked.exact)
        if len(points) < page and not asked.exact:
            # A walk through the graph that finds too few does not mean that there are no more.
            points = self._query(asked, page, excluded, exact=True)
        return [(_payload(point)["document_id"], point.score) for point in points]

    def _query(
        self, asked: _Question, page: int, excluded: Collection[str], *, exact: bool
    ) -> list[models.ScoredPoint]:
        must_not: list[models.Condition] = [among(excluded)] if excluded else []
        walk = models.SearchParams(hnsw_ef=max(EF, page))
        with self._server.asked("search", asked.deadline) as timeout:
            return self._client.query_points(
                self._collection,
                query=asked.vector,
                using=VECTOR,
                query_filter=models.Filter(must=asked.must, must_not=must_not),
                search_params=models.SearchParams(exact=True) if exact else walk,
                limit=page,
                with_payload=["document_id"],
                timeout=timeout,
            ).points

    def _few(self, must: list[models.Condition], deadline: Deadline) -> bool:
        """Whether so few points match that all can be compared."""
        points, until = self._size
        if time.monotonic() > until:
            points = self._estimate(None, deadline)
            self._size = points, time.monotonic() + COUNT_SECONDS
        if points <= EXACT_POINTS or not must:
            return points <= EXACT_POINTS
        return self._estimate(models.Filter(must=must), deadline) <= EXACT_POINTS

    def _estimate(self, within: models.Filter | None, deadline: Deadline) -> int:
        with self._server.asked("count", deadline) as timeout:
            return self._client.count(self._collection, within, exact=False, timeout=timeout).count

    def apply(
        self, changes: Sequence[Change], passages: Mapping[str, FloatMatrix]
    ) -> Sequence[Refusal]:
        """See ``VectorIndex``. New passages are written before the old ones go; the server has
        written its log and applied the operation before it answers.

        A change older than what is held is left out. The server cannot compare and write in one
        step, so what cannot be excluded is: another writer's newer version that arrives between
        the look and the write is overwritten, and an upsert older than a delete comes back, since
        of what was deleted nothing is held. One fenced follower an index has neither.
        """
        current = self._without_older(newest_changes(changes))
        points, refusals = passage_points(current, passages, self._schema, self._dimension)
        size = max(1, min(POINTS_PER_UPDATE, NUMBERS_PER_UPDATE // self._dimension))
        for start in range(0, len(points), size):
            self._upsert(points[start : start + size])
        if current:
            self._delete(stale(current))
            self._size = (0, float("-inf"))
        return refusals

    def forget(self, document_ids: Collection[str]) -> None:
        """See ``VectorIndex``."""
        for within in _portions(document_ids):
            self._delete(within)
        self._size = (0, float("-inf"))

    def _without_older(self, changes: list[Change]) -> list[Change]:
        held = self._payloads(perhaps_newer(changes)) if changes else ()
        return without_older(changes, held)

    def _upsert(self, points: Sequence[PassagePoint]) -> None:
        batch = [
            models.PointStruct(id=str(id_), vector={VECTOR: vector.tolist()}, payload=payload)
            for id_, vector, payload in points
        ]
        with self._server.asked("upsert") as timeout:
            result = self._client.upsert(self._collection, batch, wait=True, timeout=timeout)
        self._require_done(result, "upsert")

    def _delete(self, within: models.Filter) -> None:
        with self._server.asked("delete") as timeout:
            chosen = models.FilterSelector(filter=within)
            result = self._client.delete(self._collection, chosen, wait=True, timeout=timeout)
        self._require_done(result, "delete")

    def _require_done(self, result: models.UpdateResult, doing: str) -> None:
        """A server that is slow to apply answers without an error all the same."""
        if result.status != models.UpdateStatus.COMPLETED:
            raise EngineUnavailable(
                f"{self._server.place}: {doing} is {result.status}, not completed",
                hint="the server is busy; the batch is applied again",
            )

    def vectors(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """See ``VectorIndex``."""
        return stacked_vectors(
            (_payload(record), cast("dict[str, Any]", record.vector)[VECTOR])
            for within in _portions(document_ids)
            for record in self._scroll(within, with_vectors=True)
        )

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[VectorVersion]:
        """See ``VectorIndex``. The versions within the range are held in memory until all its
        passages are read.
        """
        return counted_versions(self._payloads(sequences_within(first, last)))

    def versions_of(self, document_ids: Collection[str]) -> Sequence[VectorVersion]:
        """See ``VectorIndex``."""
        return [
            version
            for within in _portions(document_ids)
            for version in counted_versions(self._payloads(within))
        ]

    def count(self) -> int:
        """See ``VectorIndex``."""
        with self._server.asked("count") as timeout:
            return self._client.count(self._collection, exact=True, timeout=timeout).count

    def close(self) -> None:
        """The connection is the store's."""

    def _payloads(self, within: models.Filter | None) -> Iterator[dict[str, Any]]:
        return map(_payload, self._scroll(within, with_vectors=False))

    def _scroll(
        self, within: models.Filter | None, *, with_vectors: bool
    ) -> Iterator[models.Record]:
        offset = None
        while True:
            with self._server.asked("scroll") as timeout:
                records, offset = self._client.scroll(
                    self._collection,
                    scroll_filter=within,
                    limit=POINTS_PER_SCROLL,
                    offset=offset,
                    with_payload=OWN_KEYS,
                    with_vectors=with_vectors,
                    timeout=timeout,
                )
            yield from records
            if offset is None:
                return


def _portions(document_ids: Collection[str]) -> Iterator[models.Filter]:
    """The documents' passages, as few documents at once as a request may name."""
    ids = list(document_ids)
    for start in range(0, len(ids), DOCUMENTS_PER_SCROLL):
        yield models.Filter(must=[among(ids[start : start + DOCUMENTS_PER_SCROLL])])


def _payload(point: models.ScoredPoint | models.Record) -> dict[str, Any]:
    """The payload, which every request here asks for."""
    return cast("dict[str, Any]", point.payload)
