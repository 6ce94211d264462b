"""Around every route: refuses what is not to be looked at, lets no error out as it is, and has
browsers do nothing with a reply but show it to who asked.
"""

import time
from asyncio import CancelledError, timeout
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http_errors import MAXIMUM_BODY_BYTES, error_reply, failed, shown
from api.refusals import is_cross_site, is_unbounded, refusal

READ_AWAY_BYTES = 32 * MAXIMUM_BODY_BYTES
READ_AWAY_SECONDS = 2.0
"""How much of a body that is refused is read all the same, and for how long: a client that is
broken off while it sends does not see the reply.
"""


SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",  # what it says depends on who asked
}
"""Headers of every reply that has none of that name of its own, as the page's files have."""


class Guard:
    """An ASGI application around another one. ``hosts`` as ``hosts_of`` gives them, ``origins`` as
    ``origins_of``. What another site's page has a browser ask is ``request.state.is_foreign``.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _bring_into_origin_form(scope)
        send = _made_safe(send)
        scope.setdefault("state", {}).update(
            # before it waits for a thread: its time is counted from here
            arrived_seconds=time.monotonic(),
            is_foreign=is_cross_site(Headers(scope=scope), self._origins),
        )
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        refused = refusal(scope, self._hosts, self._origins)
        if refused is not None:
            await _read_away(receive)
            await refused(scope, receive, send)
            return
        try:
            body = receive if is_unbounded(scope) else _counted(receive)
            await self._app(scope, body, noted)
        except CancelledError:  # the server has waited long enough; let out, it looks like a fault
            if begun:
                raise
            await error_reply("stopping", "the server ends", hint="ask again")(scope, receive, send)
        except ClientDisconnect:
            return  # amid its own body: nobody is there to be told
        except Exception as error:
            reply = failed(shown(scope), error)
            if begun:
                raise  # half a reply is sent: all that is left is to break it off
            await reply(scope, receive, send)


def _made_safe(send: Send) -> Send:
    async def safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFE.items():
                headers.setdefault(name, value)
        await send(message)

    return safely


def _bring_into_origin_form(scope: Scope) -> None:
    """Name the request by its path alone, where it names a whole URL, as to a proxy: the URL's host
    then stands for the header's.
    """
    scheme, mark, rest = (scope.get("raw_path") or b"").partition(b"://")
    if not mark or scheme.lower() not in {b"http", b"https"}:
        return
    authority, _, path = rest.partition(b"/")
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope.update(
        path=unquote("/" + path.decode("ascii")),
        raw_path=b"/" + path,
        headers=[*headers, (b"host", authority)],
    )


def _counted(receive: Receive) -> Receive:
    """Refuses a body that turns out to be too large: its length need not be told before."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAXIMUM_BODY_BYTES:
            detail = f"the body has more than the {MAXIMUM_BODY_BYTES:,} bytes that are allowed"
            raise HTTPException(413, detail)
        return message

    return counted


async def _read_away(receive: Receive) -> None:
    left, more = READ_AWAY_BYTES, True
    with suppress(TimeoutError):
        async with timeout(READ_AWAY_SECONDS):
            while more and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                more = message.get("more_body", False)
