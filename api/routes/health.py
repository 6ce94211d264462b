"""``/health/live`` and ``/health/ready``: for whoever watches the process."""

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends

from api.http_errors import Json
from api.routes.described import errors, reply
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.wire import HealthReply, ReadyReply
from api.wire_examples import READY_REPLY

WATCHERS = 2
"""How many may be told at once whether it is ready: in threads that no search can take."""


def routes(serving: Serving) -> APIRouter:
    """How the process is."""
    router = APIRouter(prefix="/health", tags=["operation"], dependencies=[Depends(refuse_unknown)])
    threads = CapacityLimiter(WATCHERS)

    @router.get(
        "/live",
        operation_id="live",
        summary="Whether the process answers",
        responses={200: reply(HealthReply, "It does.", {"alive": True}), **errors(is_open=True)},
    )
    async def live() -> Json:
        """Whether the process answers. No engine is asked, and no thread needed: it answers also
        while every one of them waits for an engine that hangs.
        """
        return Json({"alive": True})

    @router.get(
        "/ready",
        operation_id="ready",
        summary="Whether a search can be answered",
        responses={
            200: reply(ReadyReply, "It can.", READY_REPLY),
            **errors("not_ready", is_open=True),
        },
    )
    async def ready() -> Json:
        """Whether a search can be answered, and how the catalogue and each leg are; 503 where none
        can, and `stopping` from the moment when the process is to end. Without the catalogue the
        last known release goes on answering.
        """
        return Json(await run_sync(serving.readiness, limiter=threads))

    return router
