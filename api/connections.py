"""A client's connection: it may not be silent for ever, and is refused in the shape of every error.

The server's own protocol waits without end for the rest of a head, and refuses in plain text.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.http_errors import error_reply
from api.overload import IS_FULL, MAXIMUM_CONNECTIONS
from api.refusals import is_unbounded

SILENCE_SECONDS = 10.0
"""How long a client may take to send the head of a request."""

BODY_SECONDS = 30.0
"""How long a body may take that is bounded: a key that a page holds is known to all of its readers,
and some hundred bodies that come by drops would shut everybody else out.
"""

LINGER_SECONDS = 0.3
"""How long a client that is not being answered may still ask when the server ends: what was on its
way then is answered, and not broken off.
"""

MAXIMUM_HEAD_BYTES = 256 * 1024


class Connection(H11Protocol):
    """One client's connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience: float | None = None
        self._hanging_up: asyncio.TimerHandle | None = None
        self._is_ending = self._is_one_too_many = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See ``asyncio.Protocol``."""
        super().connection_made(transport)
        self._is_one_too_many = self._are_too_many()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        # whoever was there before goes on, and whoever comes is served once others have gone
        self._is_one_too_many = self._is_one_too_many and self._are_too_many()
        self.app_state = {IS_FULL: self._is_one_too_many}
        super().data_received(data)
        if self._is_ending:
            self._answer_the_last()
        self._watch()

    def _are_too_many(self) -> bool:
        return len(self.connections) > MAXIMUM_CONNECTIONS

    def shutdown(self) -> None:
        """The server ends. Whoever is being answered is told not to come again over this
        connection; whoever is not may have asked a moment ago, and is waited for.
        """
        self._is_ending = True
        if self._is_idle():
            self.loop.call_later(LINGER_SECONDS, self._end)
        else:
            self._answer_the_last()

    def _end(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            super().shutdown()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _answer_the_last(self) -> None:
        """No request is taken behind the one that is being answered, and its reply says so."""
        if not self._is_idle():
            self.cycle.keep_alive = False
            self.cycle.default_headers = [*self.cycle.default_headers, CLOSE_HEADER]

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self._unwatch()
        super().connection_lost(exc)

    def _should_upgrade(self) -> bool:
        """No: the request is answered as if it had not asked, and that is nothing for the log."""
        return False

    def send_400_response(self, _msg: str) -> None:
        """Refuse what is no request; amid another reply, or behind one, only hang up."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        reply = error_reply(
            "bad_request",
            "the request cannot be read: its head is no HTTP, or has more than "
            f"{MAXIMUM_HEAD_BYTES:,} bytes",
            hint="percent-encode the address",
        )
        headers = [*reply.raw_headers, (b"connection", b"close")]
        head = h11.Response(status_code=reply.status_code, headers=headers, reason=b"Bad Request")
        for event in (head, h11.Data(data=bytes(reply.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        """Hang up in a while, unless a request is being answered that has come whole, or may come
        for as long as its client likes: then the client waits for us.
        """
        if self._is_idle():
            self._hang_up_after(SILENCE_SECONDS)
        elif self.cycle.more_body and not is_unbounded(dict(self.cycle.scope)):
            self._hang_up_after(BODY_SECONDS)
        else:
            self._unwatch()

    def _hang_up_after(self, seconds: float) -> None:
        """From the first time on that it is asked for what the client is at."""
        if self._patience != seconds:
            self._unwatch()
            self._patience = seconds
            self._hanging_up = self.loop.call_later(seconds, self.transport.abort)

    def _unwatch(self) -> None:
        self._patience = None
        if self._hanging_up is not None:
            self._hanging_up.cancel()
            self._hanging_up = None
