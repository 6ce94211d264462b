"""``/v1/search``."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter

from api.answers import answer
from api.http_errors import Json
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.wire import ERRORS, SearchReply
from query.configurations import DEFAULT
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


def routes(serving: Serving) -> APIRouter:
    """Searching."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(refuse_unknown)])

    @router.get("/search", responses={200: {"model": SearchReply}, **ERRORS})
    def search(
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
        result = serving.collection().searcher(configuration).search(query)
        told = replace(result, degraded=result.degraded + serving.degraded())
        return Json(answer(told, explain=explain))

    return router
