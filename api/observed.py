"""Around everything: what was asked and how it was answered, for the metrics and the access log.

A line of the log names no text, no person and no address: a key is told by its id, a path by its
route.
"""

import logging
import time
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Caller
from api.http_errors import METHODS
from api.metrics import Answered, Metrics
from tandem.rankings import SearchResult

UNMATCHED = "unmatched"
"""The route of a path that there is not."""

OTHER = "other"
"""A method that no route has: a client may think of any."""

NONE = "none"
"""The status where nobody was there any more to be answered."""


class Observed:
    """An ASGI application around another one. ``log`` is given a line a request, if it is given."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log: logging.Logger | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        started, status, size = time.perf_counter(), NONE, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = str(message["status"])
            size += len(message.get("body", b""))
            await send(message)

        self._metrics.begun()
        try:
            await self._app(scope, receive, noted)
        finally:
            answered = _answered(scope, status, time.perf_counter() - started)
            self._metrics.ended(answered)
            if self._log is not None:
                self._log.info(_line(answered, scope["state"].get("caller"), size))


def _answered(scope: Scope, status: str, seconds: float) -> Answered:
    state, method = scope["state"], scope["method"]
    return Answered(
        getattr(scope.get("route"), "path_format", UNMATCHED),
        method if method in METHODS else OTHER,
        status,
        seconds,
        state.get("error_code"),
        state.get("result"),
    )


def _line(answered: Answered, caller: Caller | None, size: int) -> str:
    told: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "method": answered.method,
        "route": answered.route,
        "status": answered.status,
        "total_ms": round(answered.seconds * 1_000, 3),
        "bytes": size,
        "key": None if caller is None else caller.key,
        "error": answered.code,
        **({} if answered.result is None else _of_search(answered.result)),
    }
    return orjson.dumps(told).decode()


def _of_search(result: SearchResult) -> dict[str, Any]:
    return {
        "query_id": result.query.query_id,
        "release": result.release,
        "configuration": result.configuration,
        "hits": len(result.page),
        "degraded": [{"leg": part.leg, "reason": part.reason} for part in result.degraded],
        "stages_ms": {name: round(spent, 3) for name, spent in result.milliseconds.items()},
    }
