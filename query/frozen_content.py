"""A frozen ranking as bytes: JSON of lists, about 240 bytes a hit; of a hit that is still to be
shown six more for each feature, where the query wants features or an explanation.
"""

from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import orjson

from query.arranged import Arranged
from query.cursors import canonical
from tandem.errors import CursorExpired
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Contribution, Correction, Degradation, Evidence, Hit, Ranking

VERSION = 3

QUERY_FIELDS = (
    "text", "query_id", "surface", "seed_document_id", "user_id", "client_id", "session_id",
    "wants_features",
)  # fmt: skip
"""What is kept of the query as it stands."""

PEOPLE = ("user_id", "client_id", "session_id")


def encoded(arranged: Arranged) -> bytes:
    """What ``decoded`` reads."""
    query, correction = arranged.query, arranged.correction
    to_come = arranged.ranking.document_ids[query.limit :]
    return orjson.dumps(
        {
            "version": VERSION,
            "query": {name: getattr(query, name) for name in QUERY_FIELDS},
            "filters": canonical(query.filters),
            "forced": canonical(query.forced),
            "asked_facets": query.facets,
            "configuration": arranged.configuration,
            "release": arranged.release,
            "name": arranged.ranking.name,
            "hits": arranged.ranking.hits,
            "legs": arranged.legs,
            "words": arranged.words,
            "variants": arranged.variants,
            "degraded": [(part.leg, part.reason) for part in arranged.degraded],
            "total": arranged.total,
            "facets": arranged.facets,
            "correction": correction and (correction.text, correction.words),
            "notes": arranged.notes,
            "applied": arranged.applied,
            "left_out": arranged.left_out,
            "as_of": arranged.as_of,
            "features": arranged.features and _written(arranged.features.of(to_come)),
        },
        default=_listed,
    )


def decoded(content: bytes) -> Arranged:
    """The reverse of ``encoded``, but for the query's limit, cursor, time and moment, and for the
    features of the first page.

    Raises:
        CursorExpired: another version of Tandem wrote it.
    """
    data = orjson.loads(content)
    if data["version"] != VERSION:
        raise CursorExpired(
            "the cursor is from another version of Tandem", hint="ask for the first page again"
        )
    filters, forced = orjson.loads(data["filters"]), orjson.loads(data["forced"])
    facets = tuple(data["asked_facets"])
    correction = data["correction"]
    return Arranged(
        query=Query(filters=filters, forced=forced, facets=facets, **data["query"]),
        configuration=data["configuration"],
        release=data["release"],
        ranking=Ranking(data["name"], tuple(_hit(*listed) for listed in data["hits"])),
        legs=tuple(data["legs"]),
        words=data["words"],
        variants=tuple(data["variants"]),
        degraded=tuple(Degradation(*part) for part in data["degraded"]),
        total=data["total"],
        facets=data["facets"],
        correction=correction and Correction(*correction),
        notes={name: tuple(notes) for name, notes in data["notes"].items()},
        applied=tuple(data["applied"]),
        left_out=tuple(data["left_out"]),
        as_of=data["as_of"],
        features=data["features"] and _read(*data["features"]),
    )


def people_in(content: bytes) -> frozenset[str]:
    """The ids of whoever asked, as a user, a client or a session; none where it cannot be read."""
    try:
        asked = orjson.loads(content)["query"]
        return frozenset(asked[name] for name in PEOPLE if asked[name] is not None)
    except (ValueError, KeyError, TypeError):
        return frozenset()


def _written(features: FeatureMatrix) -> tuple[Any, ...]:
    """Names, documents, and the values bit by bit: JSON has no NaN."""
    little = np.ascontiguousarray(features.values, dtype="<f4")
    return features.names, features.document_ids, b64encode(little.tobytes()).decode()


def _read(names: list[str], document_ids: list[str], values: str) -> FeatureMatrix:
    rows = np.frombuffer(b64decode(values), dtype="<f4").reshape(len(document_ids), len(names))
    return FeatureMatrix(tuple(names), tuple(document_ids), rows.astype(np.float32))


def _listed(word: Any) -> Any:
    """A named tuple as a list, for JSON."""
    if isinstance(word, tuple):
        return tuple(word)
    raise TypeError(f"{type(word).__name__} has no place in a frozen ranking")


def _hit(
    document_id: str,
    rank: int,
    score: float,
    evidence: list[list[Any]],
    contributions: list[list[Any]],
) -> Hit:
    return Hit(
        document_id,
        rank,
        score,
        tuple(Evidence(*part) for part in evidence),
        tuple(Contribution(*part) for part in contributions),
    )
