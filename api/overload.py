"""What is refused at once as there is too much to do: an answer that comes too late helps nobody,
and in a queue without an end every answer comes too late.
"""

from anyio.to_thread import current_default_thread_limiter
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http_errors import Json, error_reply

WAITING = 64
"""How many requests may wait for a thread: at some 100 answers a second they wait 0.6 s."""

MAXIMUM_CONNECTIONS = 512
"""Beyond that requests are refused: most of them would only wait, and each takes a file handle."""

IS_FULL = "is_full"
"""What a connection puts into the state of a request that comes over one too many."""

WATCHERS = ("/health/", "/metrics")
"""Who watches needs none of those threads, and is needed most of all then: a process that does not
say that it lives is killed, with all that it has in hand.
"""


class Bounded:
    """An ASGI application around another one, for at most so many requests that wait for one of the
    threads that answer.
    """

    def __init__(self, app: ASGIApp, waiting: int = WAITING) -> None:
        self._app = app
        self._waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request on, or refuse it."""
        refused = self._refusal(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Json | None:
        if scope["path"].startswith(WATCHERS):
            return None
        if scope.get("state", {}).get(IS_FULL):
            return error_reply(
                "overloaded",
                f"there are more than {MAXIMUM_CONNECTIONS:,} connections",
                hint="ask again later, over fewer connections",
                headers={"connection": "close"},
            )
        if self._is_busy():
            return error_reply(
                "overloaded",
                f"every thread is busy, and {self._waiting:,} requests wait already",
                hint="ask again later, or less at a time",
            )
        return None

    def _is_busy(self) -> bool:
        threads = current_default_thread_limiter()
        if threads.available_tokens > 0:
            return False
        return threads.statistics().tasks_waiting >= self._waiting
