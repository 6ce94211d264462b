"""When there is too much to do it is said at once."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import cast

from anyio.to_thread import current_default_thread_limiter
from httpx import ASGITransport, AsyncClient, Response
from starlette.types import Receive, Scope, Send

from api.metrics import Metrics
from api.overload import IS_FULL
from api.serving import Serving
from api.web import Operation, create_web
from tests.web_client import StandIn, error_of

PATIENCE_SECONDS = 30
"""Far longer than anything here takes: what comes to that hangs."""


class Held:
    """A server of one thread whose searches go on until they are released."""

    def __init__(self, waiting: int) -> None:
        self.going = threading.Event()
        self.begun = threading.Semaphore(0)
        serving = cast("Serving", StandIn(before=self._before))
        self._web = create_web(serving, operation=Operation(Metrics(), waiting=waiting))

    def _before(self) -> None:
        self.begun.release()
        assert self.going.wait(PATIENCE_SECONDS)

    def asked(self, ask: Callable[[AsyncClient], Awaitable[None]]) -> None:
        """Ask it things, with one thread to answer them."""

        async def ask_all() -> None:
            current_default_thread_limiter().total_tokens = 1
            transport = ASGITransport(self._web)
            async with AsyncClient(transport=transport, base_url="http://x") as client:
                try:
                    await asyncio.wait_for(ask(client), PATIENCE_SECONDS)
                finally:
                    self.going.set()

        asyncio.run(ask_all())


async def tried(client: AsyncClient) -> "asyncio.Task[Response]":
    """A search that is as far as it comes."""
    task = asyncio.create_task(client.get("/v1/search?q=snow&budget_ms=60000"))
    for _ in range(10):
        await asyncio.sleep(0)
    return task


def test_what_would_wait_too_long_is_refused_and_the_rest_answered() -> None:
    """One is answered, two wait, the fourth is told to come again; after that there is room."""
    held = Held(waiting=2)

    async def ask(client: AsyncClient) -> None:
        tasks = [await tried(client) for _ in range(3)]
        refused = await client.get("/v1/search?q=snow")
        error = error_of(refused)
        assert error["code"] == "overloaded"
        assert "2 requests wait already" in error["message"]
        assert refused.headers["retry-after"] == "1"
        posted = await client.post("/v1/events", json={"action_name": "click"})
        assert error_of(posted)["code"] == "overloaded"
        assert not any(task.done() for task in tasks)
        held.going.set()
        assert [(await task).status_code for task in tasks] == [200, 200, 200]
        assert (await client.get("/v1/search?q=snow")).status_code == 200

    held.asked(ask)


def test_where_nobody_may_wait() -> None:
    """Whoever finds no thread is refused."""
    held = Held(waiting=0)

    async def ask(client: AsyncClient) -> None:
        first = await tried(client)
        assert (await client.get("/v1/search?q=snow")).status_code == 503
        held.going.set()
        assert (await first).status_code == 200

    held.asked(ask)


def test_who_watches_is_answered_all_the_same() -> None:
    """Whether it lives, and what it does: it is then that they must know."""
    held = Held(waiting=0)

    async def ask(client: AsyncClient) -> None:
        first = await tried(client)
        assert (await client.get("/health/live")).json() == {"alive": True}
        assert "tandem_http_requests_in_flight 2.0" in (await client.get("/metrics")).text
        refused = await client.get("/v1/search?q=snow")
        assert refused.status_code == 503
        told = (await client.get("/metrics")).text
        assert 'tandem_http_errors_total{code="overloaded"} 1.0' in told
        held.going.set()
        assert (await first).status_code == 200

    held.asked(ask)


def test_who_watches_comes_over_one_connection_too_many() -> None:
    """A process that does not say that it lives would be killed, and all its replies with it."""
    web = create_web(cast("Serving", StandIn()), operation=Operation(Metrics(), waiting=0))

    async def full(scope: Scope, receive: Receive, send: Send) -> None:
        await web({**scope, "state": {IS_FULL: True}}, receive, send)

    async def ask() -> None:
        async with AsyncClient(transport=ASGITransport(full), base_url="http://x") as client:
            assert (await client.get("/health/live")).status_code == 200
            assert error_of(await client.get("/v1/search?q=snow"))["code"] == "overloaded"

    asyncio.run(ask())
