"""``/metrics``: what happens in the process, for Prometheus."""

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Response

from api.access import needs
from api.metrics import CONTENT_TYPE, Metrics
from api.routes.described import errors
from api.routes.parameters import refuse_unknown
from api.serving import Serving

HEADERS = {"content-type": CONTENT_TYPE, "cache-control": "no-store"}
EXAMPLE = "tandem_catalogue_up 1.0\n"


def routes(serving: Serving, metrics: Metrics) -> APIRouter:
    """What is counted."""
    router = APIRouter(
        tags=["operation"], dependencies=[Depends(needs("admin")), Depends(refuse_unknown)]
    )
    threads = CapacityLimiter(1)  # of its own: it answers while every other one waits

    @router.get(
        "/metrics",
        operation_id="metrics",
        summary="What happens in the process",
        response_class=Response,
        responses={
            200: {
                "description": "The metrics, as Prometheus reads them.",
                "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
            },
            **errors(),
        },
    )
    async def told() -> Response:
        """Requests, the stages of searches, what answers lacked, caches, how far the indexes are,
        and more, in the text format of Prometheus. Of several workers, all of them.
        """
        content = await run_sync(lambda: metrics.text(serving.sight()), limiter=threads)
        return Response(content, headers=HEADERS)

    return router
