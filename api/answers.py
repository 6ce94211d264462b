"""An answer for a program: ``tandem search --json`` and ``GET /v1/search`` give the same."""

from typing import Any

from tandem.rankings import Hit, SearchResult


def answer(result: SearchResult, *, explain: bool) -> dict[str, Any]:
    """The answer as data; with ``explain`` each hit says what each leg said about it."""
    return {
        "query_id": result.query.query_id,
        "configuration": result.configuration,
        "release": result.release,
        "hits": [_hit(hit, result, explain=explain) for hit in result.page.hits],
        "degraded": [{"leg": item.leg, "reason": item.reason} for item in result.degraded],
        "milliseconds": {stage: round(ms, 3) for stage, ms in result.milliseconds.items()},
    }


def _hit(hit: Hit, result: SearchResult, *, explain: bool) -> dict[str, Any]:
    document = result.documents.get(hit.document_id)
    told = {
        "document_id": hit.document_id,
        "rank": hit.rank,
        "score": hit.score,
        "title": document.title if document else None,
        "body": document.body if document else None,
        "attributes": dict(document.attributes) if document else None,
    }
    if explain:
        told["evidence"] = [part._asdict() for part in hit.evidence]
    return told
