"""``/v1/search``."""

import time
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Query as Parameter

from api.answers import answer
from api.http_errors import Json
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.wire import ERRORS, SearchReply
from query.configurations import DEFAULT
from tandem.errors import TandemError
from tandem.filters import read_filter
from tandem.queries import MAXIMUM_BUDGET_MS, MAXIMUM_LIMIT, MAXIMUM_TEXT_CHARACTERS, Query

Text = Annotated[
    str,
    Parameter(
        description=f"What to look for: 1 to {MAXIMUM_TEXT_CHARACTERS:,} characters.",
        json_schema_extra={"minLength": 1, "maxLength": MAXIMUM_TEXT_CHARACTERS},
    ),
]
Limit = Annotated[
    int,
    Parameter(
        description=f"How many hits: 1 to {MAXIMUM_LIMIT:,}.",
        json_schema_extra={"minimum": 1, "maximum": MAXIMUM_LIMIT},
    ),
]
FilterText = Annotated[
    str | None,
    Parameter(alias="filter", description='In JSON: `{"year": {"gte": 1990}, "kind": ["a", "b"]}`'),
]
Configuration = Annotated[
    str, Parameter(description="How far the search goes: `lexical`, `semantic`, `rrf`, `hybrid`.")
]
Explain = Annotated[bool, Parameter(description="Say what each leg said about a hit.")]
Budget = Annotated[
    float | None,
    Parameter(
        description="Time for the whole answer in milliseconds: more than 0, at most "
        f"{MAXIMUM_BUDGET_MS:,}; by default the setting `search.budget_ms`.",
        json_schema_extra={"exclusiveMinimum": 0, "maximum": MAXIMUM_BUDGET_MS},
    ),
]


class Overloaded(TandemError):
    """A query's time was over before its turn came."""

    code = "overloaded"


def routes(serving: Serving) -> APIRouter:
    """Searching."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(refuse_unknown)])

    @router.get("/search", responses={200: {"model": SearchReply}, **ERRORS})
    def search(  # noqa: PLR0913 - the parameters that there are
        *,
        request: Request,
        q: Text,
        limit: Limit = 10,
        filter_text: FilterText = None,
        configuration: Configuration = DEFAULT,
        explain: Explain = False,
        budget_ms: Budget = None,
    ) -> Json:
        """Search by words and meaning. What is missing from the answer is named in `degraded`."""
        filters = read_filter(filter_text, "filter")
        query = Query(text=q, filters=filters, limit=limit, budget_ms=budget_ms)
        collection = serving.collection()
        searcher = collection.searcher(configuration)
        searcher.check(query)  # by what was given, not by what is left of it
        given = query.budget_ms or collection.configuration(configuration).budget_ms
        left = _left_ms(given, request.state.arrived_seconds)
        result = searcher.search(replace(query, budget_ms=left))
        told = replace(result, degraded=result.degraded + serving.degraded())
        return Json(answer(told, explain=explain))

    return router


def _left_ms(budget_ms: float, arrived_seconds: float) -> float:
    """What is left of a query's time, which began when it arrived.

    Raises:
        Overloaded: nothing.
    """
    waited_ms = 1_000 * (time.monotonic() - arrived_seconds)
    if waited_ms >= budget_ms:
        raise Overloaded(
            f"the query has waited {waited_ms:,.0f} ms for its turn, longer than its time of "
            f"{budget_ms:,.0f} ms",
            hint="ask again later, or less at a time",
        )
    return budget_ms - waited_ms
