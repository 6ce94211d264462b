"""The HTTP application: routes and errors, put together."""

from fastapi import FastAPI

from api.guard import Guard
from api.http_errors import answer_errors
from api.routes import health, search
from api.serving import Serving

OPENAPI = "/v1/openapi.json"


def create_web(serving: Serving) -> FastAPI:
    """The application over what is served. It calls nobody: no page from elsewhere, no telemetry.

    Handlers are plain functions in the thread pool, as the pipeline is synchronous.
    """
    web = FastAPI(
        title="Tandem",
        description="Hybrid semantic search: words and meaning, one ranking.",
        version="1",
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    web.include_router(search.routes(serving))
    web.include_router(health.routes(serving))
    answer_errors(web, [OPENAPI, *web.openapi()["paths"]])
    web.add_middleware(Guard)
    return web
