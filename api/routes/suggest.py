"""``/v1/suggest``: ways to end what somebody types."""

from fastapi import APIRouter, Depends, Request

from api.access import caller_of, needs
from api.asked import by_parameters
from api.http_errors import Json
from api.routes.answering import left_ms
from api.routes.described import errors, parameters, reply
from api.serving import Serving
from api.wire import SuggestReply
from api.wire_asked import SuggestAsked
from api.wire_examples import SUGGEST_REPLY
from query.suggesting import BUDGET_MS


def routes(serving: Serving) -> APIRouter:
    """Suggesting."""
    router = APIRouter(prefix="/v1", tags=["search"], dependencies=[Depends(needs("search"))])

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
        left = left_ms(BUDGET_MS, request.state.arrived_seconds)
        forced = caller_of(request).filter
        found = serving.suggest(asked.q, asked.filter, asked.limit, left, forced)
        return Json(
            {
                "suggestions": [item._asdict() for item in found.items],
                "degraded": [{"leg": item.leg, "reason": item.reason} for item in found.degraded],
                "milliseconds": {name: round(ms, 3) for name, ms in found.milliseconds.items()},
            }
        )

    return router
