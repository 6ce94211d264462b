"""What the model saw of what was shown: kept for a share of the searches, to be trained on.

Features that read documents or engines cannot be computed again later: the collection moves on.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import orjson
import sqlalchemy as sa

from tandem.catalog.database import parts, reading
from tandem.catalog.erasures import last_erased
from tandem.catalog.event_tables import EVENT_HEAD, FEATURE_NAMES, FEATURES, IMPRESSIONS
from tandem.catalog.moments import now
from tandem.catalog.order import in_order, next_number
from tandem.catalog.purging import purge
from tandem.features import FeatureMatrix

LITTLE_ENDIAN = np.dtype("<f4")


class FeatureSize(NamedTuple):
    """Of how many pages features are kept, and how many bytes those are."""

    pages: int
    bytes: int


class FeatureLog:
    """The features that were logged with impressions, in the event log's database: each document of
    a query once, as it was first seen. Thread-safe.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def keep(self, collection: str, pages: Sequence[tuple[str, FeatureMatrix]]) -> int:
        """Keep the features of pages, each with its ``query_id``: of those documents of which the
        query has none yet. Of how many pages something is new. Durable on return.

        What was answered before somebody was erased is left out: it may have known them, and
        nobody could compute it again.
        """
        with in_order(self._engine, EVENT_HEAD) as (connection, _):
            outdated = _outdated(connection, collection, [name for name, _ in pages])
            pages = [page for page in pages if page[0] not in outdated]
            known = {
                query_id: {*matrix.document_ids}
                for query_id, matrix in _found(connection, collection, [name for name, _ in pages])
            }
            rows = list(_fresh(pages, known))
            if not rows:
                return 0
            _keep_names(connection, {matrix.names for _, matrix in rows})
            shared = {"collection": collection, "received_at": now()}
            first = next_number(connection, FEATURES.c.sequence)
            connection.execute(
                FEATURES.insert(),
                [
                    {"sequence": sequence, **shared, **_row(query_id, matrix)}
                    for sequence, (query_id, matrix) in enumerate(rows, start=first)
                ],
            )
        return len(rows)

    def of(self, collection: str, query_ids: Iterable[str]) -> dict[str, FeatureMatrix]:
        """The features of queries: all their pages in one, in the order in which they were kept.
        Queries without any are left out. A feature that one page has and another not is NaN there.
        """
        with reading(self._engine) as connection:
            return dict(_found(connection, collection, list(dict.fromkeys(query_ids))))

    def known(self, collection: str, query_ids: Iterable[str]) -> set[str]:
        """Those of the queries of which features are kept."""
        found = set[str]()
        with reading(self._engine) as connection:
            for part in parts(list(dict.fromkeys(query_ids))):
                query = sa.select(FEATURES.c.query_id).where(
                    FEATURES.c.collection == collection,
                    FEATURES.c.query_id.in_(part),
                )
                found.update(connection.execute(query).scalars())
        return found

    def purge(self, collection: str, before: datetime) -> int:
        """As ``EventLog.purge_events``, of features, by when they were kept."""
        return purge(self._engine, FEATURES, collection, before)

    def size(self, collection: str) -> FeatureSize:
        """How much is kept."""
        query = sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(FEATURES.c.bytes), 0)
        ).where(FEATURES.c.collection == collection)
        with reading(self._engine) as connection:
            pages, size = connection.execute(query).one()
        return FeatureSize(int(pages), int(size))


def _outdated(
    connection: sa.Connection, collection: str, query_ids: Sequence[str]
) -> AbstractSet[str]:
    """Those of the queries for which the log was read before somebody in it was erased."""
    erased, found = last_erased(connection), set[str]()
    if not erased:
        return found
    for part in parts(query_ids):
        query = sa.select(IMPRESSIONS.c.query_id).where(
            IMPRESSIONS.c.collection == collection,
            IMPRESSIONS.c.query_id.in_(part),
            IMPRESSIONS.c.as_of > 0,
            IMPRESSIONS.c.as_of < erased,
        )
        found.update(connection.execute(query).scalars())
    return found


def _fresh(
    pages: Sequence[tuple[str, FeatureMatrix]], known: Mapping[str, set[str]]
) -> Iterable[tuple[str, FeatureMatrix]]:
    """What is left of the pages without what is known, or was told before in them."""
    seen = dict(known)
    for query_id, matrix in pages:
        there = seen.setdefault(query_id, set())
        left = [name for name in matrix.document_ids if name not in there]
        there.update(left)
        if left:
            yield query_id, matrix if len(left) == len(matrix.document_ids) else matrix.of(left)


def _found(
    connection: sa.Connection, collection: str, query_ids: Sequence[str]
) -> Iterable[tuple[str, FeatureMatrix]]:
    pages: dict[str, list[FeatureMatrix]] = {}
    for part in parts(query_ids):
        query = (
            sa.select(FEATURES, FEATURE_NAMES.c.names)
            .join(FEATURE_NAMES, FEATURE_NAMES.c.names_id == FEATURES.c.names_id)
            .where(
                FEATURES.c.collection == collection,
                FEATURES.c.query_id.in_(part),
            )
            .order_by(FEATURES.c.sequence)
        )
        for row in connection.execute(query):
            pages.setdefault(row.query_id, []).append(_matrix(row))
    return ((query_id, _together(matrices)) for query_id, matrices in pages.items())


def _together(pages: Sequence[FeatureMatrix]) -> FeatureMatrix:
    if len(pages) == 1:
        return pages[0]
    names = tuple(dict.fromkeys(name for page in pages for name in page.names))
    return FeatureMatrix(
        names,
        tuple(document_id for page in pages for document_id in page.document_ids),
        np.concatenate([page.columns(names).values for page in pages]),
    )


def _keep_names(connection: sa.Connection, lists: Iterable[tuple[str, ...]]) -> None:
    told = {_names_id(names): orjson.dumps(names).decode() for names in lists}
    there = sa.select(FEATURE_NAMES.c.names_id).where(FEATURE_NAMES.c.names_id.in_(told))
    for names_id in connection.execute(there).scalars().all():
        del told[bytes(names_id)]
    if told:
        rows = [{"names_id": names_id, "names": names} for names_id, names in told.items()]
        connection.execute(FEATURE_NAMES.insert(), rows)


def _names_id(names: tuple[str, ...]) -> bytes:
    return blake2b(orjson.dumps(names), digest_size=16).digest()


def _row(query_id: str, matrix: FeatureMatrix) -> dict[str, Any]:
    document_ids = orjson.dumps(matrix.document_ids).decode()
    values = np.ascontiguousarray(matrix.values, dtype=LITTLE_ENDIAN).tobytes()
    return {
        "query_id": query_id,
        "names_id": _names_id(matrix.names),
        "document_ids": document_ids,
        "content": values,
        "bytes": len(values) + len(document_ids.encode()) + len(query_id.encode()),
    }


def _matrix(row: sa.Row[Any]) -> FeatureMatrix:
    names, document_ids = orjson.loads(row.names), orjson.loads(row.document_ids)
    values = np.frombuffer(row.content, dtype=LITTLE_ENDIAN).astype(np.float32)
    shape = (len(document_ids), len(names))
    return FeatureMatrix(tuple(names), tuple(document_ids), values.reshape(shape))
