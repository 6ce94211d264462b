"""An answer for a program: ``tandem search --json`` and ``/v1/search`` give the same."""

from collections.abc import Collection, Mapping
from typing import Any

from tandem.documents import Document
from tandem.fields import datetime_text
from tandem.rankings import Correction, Hit, SearchResult

TITLE, BODY, HIGHLIGHTS, UPDATED_AT = "title", "body", "highlights", "updated_at"
OWN = (TITLE, BODY, HIGHLIGHTS, UPDATED_AT)
"""What a hit tells of its document besides attributes."""


def answer(
    result: SearchResult, *, explain: bool, fields: Collection[str] | None = None
) -> dict[str, Any]:
    """The answer as data; with ``explain`` each hit says why it stands where it does. ``fields``
    chooses what hits tell of their documents; ``None`` is everything.
    """
    told = {
        "query_id": result.query.query_id,
        "configuration": result.configuration,
        "release": result.release,
        "hits": [_hit(hit, result, fields, explain=explain) for hit in result.page.hits],
        "total": result.total,
        "reachable": result.reachable,
        "frozen": result.is_frozen,
        "facets": _facets(result.facets),
        "cursor": result.cursor,
        "did_you_mean": _did_you_mean(result.correction),
        "degraded": [{"leg": item.leg, "reason": item.reason} for item in result.degraded],
        "milliseconds": {stage: round(ms, 3) for stage, ms in result.milliseconds.items()},
    }
    if explain:
        told["applied"] = list(result.applied)
        told["left_out"] = list(result.left_out)
    return told


def _hit(
    hit: Hit, result: SearchResult, fields: Collection[str] | None, *, explain: bool
) -> dict[str, Any]:
    told: dict[str, Any] = {"document_id": hit.document_id, "rank": hit.rank, "score": hit.score}
    document = result.documents.get(hit.document_id)
    if document is None and hit.document_id not in result.unread:
        told["gone"] = True
    else:
        told |= _content(document, result, hit.document_id, fields)
    if explain:
        told["explain"] = _why(hit, result)
    return told


def _content(
    document: Document | None,
    result: SearchResult,
    document_id: str,
    fields: Collection[str] | None,
) -> dict[str, Any]:
    """What the hit shows; null where its document could not be read in time."""
    updated_at = document.updated_at if document else None
    highlight = result.highlights.get(document_id)
    own: dict[str, Any] = {
        TITLE: document.title if document else None,
        BODY: document.body if document else None,
        UPDATED_AT: datetime_text(updated_at) if updated_at else None,
        HIGHLIGHTS: {
            TITLE: highlight.title if highlight else None,
            BODY: highlight.body if highlight else None,
            "is_passage": bool(highlight and highlight.is_passage),
        },
    }
    if fields is None:
        return {**own, "attributes": dict(document.attributes) if document else None}
    told: dict[str, Any] = {name: own[name] for name in OWN if name in fields}
    wanted = [name for name in fields if name not in OWN]
    if wanted:
        held = document.attributes if document else {}
        chosen = {name: held[name] for name in wanted if name in held}
        told["attributes"] = chosen if document else None
    return told


def _why(hit: Hit, result: SearchResult) -> dict[str, Any]:
    return {
        "legs": [part._asdict() for part in hit.evidence],
        "features": [
            {"name": part.feature, "value": part.value, "contribution": part.contribution}
            for part in hit.contributions
        ],
        "rules": list(result.notes.get(hit.document_id, ())),
    }


def _facets(facets: Mapping[str, Mapping[str, int]] | None) -> dict[str, Any] | None:
    if facets is None:
        return None
    return {
        field: [{"value": value, "count": count} for value, count in counted.items()]
        for field, counted in facets.items()
    }


def _did_you_mean(correction: Correction | None) -> dict[str, Any] | None:
    if correction is None:
        return None
    return {"text": correction.text, "words": dict(correction.words)}
