"""Around every route: refuses what is too large to look at, and lets no error out as it is."""

import time
from asyncio import CancelledError, timeout
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http_errors import Json, error_reply, failed

MAXIMUM_ADDRESS_BYTES = 64 * 1024
"""Path and parameters, as sent: room for the longest text, whatever its script, and a filter."""

MAXIMUM_BODY_BYTES = 1024 * 1024
READ_AWAY_BYTES = 32 * MAXIMUM_BODY_BYTES
READ_AWAY_SECONDS = 2.0
"""How much of a body that is refused is read all the same, and for how long: a client that is
broken off while it sends does not see the reply.
"""


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # before it waits for a thread: its time is counted from here
        scope.setdefault("state", {})["arrived_seconds"] = time.monotonic()
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        refusal = _refusal(scope)
        if refusal is not None:
            await _read_away(receive)
            await refusal(scope, receive, send)
            return
        try:
            await self._app(scope, _counted(receive), noted)
        except CancelledError:  # the server has waited long enough; let out, it looks like a fault
            if begun:
                raise
            await error_reply("stopping", "the server ends", hint="ask again")(scope, receive, send)
        except ClientDisconnect:
            return  # amid its own body: nobody is there to be told
        except Exception as error:
            reply = failed(f"{scope['method']} {scope['path']!r}", error)
            if begun:
                raise  # half a reply is sent: all that is left is to break it off
            await reply(scope, receive, send)


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


def _refusal(scope: Scope) -> Json | None:
    address = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if address > MAXIMUM_ADDRESS_BYTES:
        return error_reply(
            "address_too_long",
            f"path and parameters have {address:,} bytes, at most {MAXIMUM_ADDRESS_BYTES:,} "
            "are allowed",
            hint="shorten the text or the filter",
        )
    try:
        unquote_to_bytes(scope.get("raw_path") or b"").decode()
        unquote_to_bytes(scope["query_string"]).decode()
    except UnicodeDecodeError as error:  # one sign would stand for all of them: one name for many
        return error_reply(
            "bad_request",
            f"path and parameters are no UTF-8: the byte %{error.object[error.start]:02X} "
            "is part of no character",
            hint="percent-encode the address in UTF-8",
        )
    told = Headers(scope=scope).get("content-length", "")
    if told.isdecimal() and int(told) > MAXIMUM_BODY_BYTES:
        return error_reply(
            "body_too_large",
            f"the body has {int(told):,} bytes, at most {MAXIMUM_BODY_BYTES:,} are allowed",
            hint="send less at a time",
        )
    return None
