"""``/v1/search``: words and meaning, or browsing."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from api.access import needs
from api.asked import by_body, by_parameters, query_of, sort_of
from api.http_errors import Json
from api.routes.answering import answered, time_of
from api.routes.content import JSON, Body, check_type
from api.routes.described import (
    BODY_ERRORS,
    SEARCH_ERRORS,
    errors,
    json_body,
    parameters,
    reply,
    schema_of,
)
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.wire import SearchReply
from api.wire_asked import SearchAsked
from api.wire_examples import SEARCH_BODY, SEARCH_REPLY
from tandem.queries import MAXIMUM_BUDGET_MS, Query
from tandem.rankings import Degradation

SHARE_FOR_WAITING = 0.5
"""How much of its time a search waits for a write that it is to see; the rest is for itself."""

FOUND: dict[int | str, dict[str, Any]] = {
    200: reply(SearchReply, "The page, best first.", SEARCH_REPLY)
}


def routes(serving: Serving) -> APIRouter:
    """Searching."""
    router = APIRouter(prefix="/v1", tags=["search"], dependencies=[Depends(needs("search"))])

    @router.get(
        "/search",
        operation_id="search",
        summary="Search, or browse",
        responses={**FOUND, **errors(*SEARCH_ERRORS)},
        openapi_extra=parameters(SearchAsked),
    )
    async def search(request: Request) -> Json:
        """Search by words and meaning; browse what a filter leaves where `q` is blank. What is
        missing from the answer is named in `degraded`. Where there is more than one page, their
        order is frozen: documents that change meanwhile neither move nor repeat a hit.
        """
        return await _answer(by_parameters(SearchAsked, request.query_params), request)

    @router.post(
        "/search",
        operation_id="search_by_body",
        summary="Search, or browse, by a body",
        responses={**FOUND, **errors(*SEARCH_ERRORS, *BODY_ERRORS)},
        dependencies=[Depends(refuse_unknown)],
        openapi_extra=json_body(schema_of(SearchAsked), SEARCH_BODY),
    )
    async def search_by_body(request: Request, body: Body) -> Json:
        """As `GET /v1/search`, with the same names in a JSON object: room for long filters. It
        changes nothing.
        """
        check_type(request.headers, *JSON)
        return await _answer(by_body(SearchAsked, body), request)

    async def _answer(asked: SearchAsked, request: Request) -> Json:
        query = query_of(asked, text=asked.q, sort=sort_of(asked.sort))
        behind = await _behind(serving, asked, query)
        return await run_in_threadpool(answered, serving, asked, query, request, behind)

    return router


async def _behind(serving: Serving, asked: SearchAsked, query: Query) -> tuple[Degradation, ...]:
    """The legs that do not show what the query wants to see, though it was waited for. Whoever
    waits keeps no thread.
    """
    if asked.min_sequence is None:
        return ()
    given = min(time_of(serving, asked, query), MAXIMUM_BUDGET_MS)  # it is checked later
    seconds = SHARE_FOR_WAITING * given / 1_000
    return await serving.document_desk.behind(asked.min_sequence, seconds)
