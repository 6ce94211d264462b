"""``/v1/suggest``: ways to end what somebody types."""

from fastapi import APIRouter, Request

from api.asked import by_parameters
from api.http_errors import Json
from api.routes.described import errors, parameters, reply
from api.serving import Serving
from api.wire import SuggestReply
from api.wire_asked import MAXIMUM_SUGGESTIONS, SuggestAsked
from api.wire_examples import SUGGEST_REPLY
from tandem.errors import QueryError
from tandem.filters import parse_filters
from tandem.queries import MAXIMUM_TEXT_CHARACTERS
from tandem.telemetry import Stopwatch


def routes(serving: Serving) -> APIRouter:
    """Suggesting."""
    router = APIRouter(prefix="/v1", tags=["search"])

    @router.get(
        "/suggest",
        operation_id="suggest",
        summary="Suggest ways to end what is typed",
        responses={
            200: reply(SuggestReply, "Suggestions, best first.", SUGGEST_REPLY),
            **errors("bad_query", "bad_filter", "collection_not_found", "search_unavailable"),
        },
        openapi_extra=parameters(SuggestAsked),
    )
    def suggest(request: Request) -> Json:
        """Titles that hold what was typed, the last word perhaps unfinished, and past queries that
        at least five people have asked; a typing error is forgiven. Past queries are left out under
        a filter, as they could lead outside it. What is asked here is no impression.
        """
        asked = by_parameters(SuggestAsked, request.query_params)
        _check(asked)
        stopwatch = Stopwatch()
        collection = serving.collection()
        filters = parse_filters(asked.filter, collection.generation.schema)
        found = serving.suggest(asked.q, filters, asked.limit)
        return Json(
            {
                "suggestions": [{"text": item.text, "kind": item.kind} for item in found.items],
                "degraded": [{"leg": item.leg, "reason": item.reason} for item in found.degraded],
                "milliseconds": {"total": round(stopwatch.total()["total"], 3)},
            }
        )

    return router


def _check(asked: SuggestAsked) -> None:
    if not 1 <= asked.limit <= MAXIMUM_SUGGESTIONS:
        raise QueryError(
            f"limit is {asked.limit}, expected 1 to {MAXIMUM_SUGGESTIONS}", field="limit"
        )
    if len(asked.q) > MAXIMUM_TEXT_CHARACTERS:
        raise QueryError(
            f"the text has {len(asked.q):,} characters, at most {MAXIMUM_TEXT_CHARACTERS:,} are "
            "allowed",
            field="text",
        )
