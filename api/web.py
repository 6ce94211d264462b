"""The HTTP application: routes and errors, put together."""

import logging
from collections.abc import Collection, Sequence
from typing import NamedTuple

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from api.access import Access, Recognise, everybody
from api.guard import Guard
from api.http_errors import METHODS, Json, answer_errors
from api.metrics import Metrics
from api.observed import Observed
from api.overload import WAITING, Bounded
from api.routes import (
    documents,
    events,
    health,
    judging,
    metrics,
    page,
    search,
    similar,
    suggest,
    users,
)
from api.routes.described import with_nulls, with_optional_keys
from api.routes.parameters import refuse_unknown
from api.serving import Serving

OPENAPI = "/v1/openapi.json"
TAGS = [
    {"name": "search", "description": "Find, browse, suggest, go on from a document."},
    {"name": "documents", "description": "What there is to be found."},
    {"name": "events", "description": "What people did with what they were shown."},
    {"name": "people", "description": "To forget somebody."},
    {"name": "judging", "description": "What people say of what was found."},
    {"name": "operation", "description": "For whoever watches the process."},
]


class Operation(NamedTuple):
    """How the process is operated: who is told of requests (the access log, if one is kept), and
    how many may wait for a thread.
    """

    metrics: Metrics
    log: logging.Logger | None = None
    waiting: int = WAITING


def create_web(
    serving: Serving,
    people: Sequence[page.Person] = (),
    hosts: Collection[str] | None = None,
    recognise: Recognise = everybody,
    origins: Collection[str] = (),
    operation: Operation | None = None,
) -> FastAPI:
    """The application over what is served. It calls nobody: no page from elsewhere, no telemetry.
    ``people`` are those whom the reader of the page may choose to be; ``hosts`` the names by which
    it may be asked, as ``hosts_of`` gives them; ``recognise`` knows who asks by their key;
    ``origins`` are those whose pages may ask; ``operation`` is told of requests, and bounds them.

    Handlers are plain functions in the thread pool, as the pipeline is synchronous.
    """
    web = FastAPI(
        title="Tandem",
        description="Hybrid semantic search: words and meaning, one ranking. Every error has one "
        "shape, and a `code` of a closed list.",
        version="1",
        openapi_url=None,  # that route would take any parameter
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    operated = operation or Operation(Metrics())
    for part in (search, suggest, similar, documents, events, users, judging, health):
        web.include_router(part.routes(serving))
    web.include_router(metrics.routes(serving, operated.metrics))
    web.include_router(page.routes(serving, people))

    @web.get(OPENAPI, include_in_schema=False, dependencies=[Depends(refuse_unknown)])
    async def openapi() -> Json:
        """The application, described."""
        return Json(described)

    # after the last route, which would have it made again
    described = web.openapi_schema = with_optional_keys(with_nulls(web.openapi()))
    answer_errors(web, ["/", page.JUDGE, OPENAPI, *described["paths"]])
    web.add_middleware(Access, recognise=recognise)
    web.add_middleware(Bounded, waiting=operated.waiting)
    if origins:
        web.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=list(METHODS),
            allow_headers=["authorization", "content-type", "if-match", "if-none-match"],
            expose_headers=["etag", "retry-after"],
        )
    web.add_middleware(Guard, hosts=hosts, origins=origins)
    web.add_middleware(Observed, metrics=operated.metrics, log=operated.log)
    return web
