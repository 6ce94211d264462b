"""What comes over the wire, whatever the client makes of it."""

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx

from tandem.client.transport import LIMITS

BATCH = "/v1/documents:batch"
TAIL_BYTES = 400
"""The last line of a batch's reply is shorter."""


@dataclass
class Seen:
    """Every reply of a server. ``cut`` names those that began and did not end. Thread-safe."""

    cut: list[str] = field(default_factory=list)
    seconds: dict[int, list[float]] = field(default_factory=dict)
    """By status, until the whole reply was there."""

    _lock: threading.Lock = field(default_factory=threading.Lock)

    def whole(self, status: int, seconds: float) -> None:
        """A reply came to its end."""
        with self._lock:
            self.seconds.setdefault(status, []).append(seconds)

    def broken(self, what: str) -> None:
        """A reply did not."""
        with self._lock:
            self.cut.append(what)

    def median_ms(self, status: int) -> float:
        """The median time of the replies with that status, milliseconds."""
        return statistics.median(self.seconds[status]) * 1_000


class Watched(httpx.BaseTransport):
    """HTTP, with somebody who looks on."""

    def __init__(self, seen: Seen) -> None:
        # as many connections as are wanted at once, kept as the client keeps them
        limits = httpx.Limits(max_connections=None, keepalive_expiry=LIMITS.keepalive_expiry)
        self._inner = httpx.HTTPTransport(limits=limits)
        self._seen = seen

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.BaseTransport``."""
        began = time.monotonic()
        reply = self._inner.handle_request(request)
        assert isinstance(reply.stream, httpx.SyncByteStream)
        stream = _Looked(reply.stream, self._seen, request, reply.status_code, began)
        return httpx.Response(
            reply.status_code,
            headers=reply.headers,
            stream=stream,
            extensions=reply.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._inner.close()


class _Looked(httpx.SyncByteStream):
    def __init__(
        self,
        stream: httpx.SyncByteStream,
        seen: Seen,
        request: httpx.Request,
        status: int,
        began: float,
    ) -> None:
        self._stream = stream
        self._seen = seen
        self._request = request
        self._status = status
        self._began = began

    def __iter__(self) -> Iterator[bytes]:
        tail = b""
        what = f"{self._request.method} {self._request.url.path}: {self._status}"
        try:
            for part in self._stream:
                tail = (tail + part)[-TAIL_BYTES:]
                yield part
        except httpx.TransportError as error:
            self._seen.broken(f"{what}, then {error!r}")
            raise
        if self._request.url.path == BATCH and self._status == 200 and not ends_told(tail):
            self._seen.broken(f"{what}, without a last line: {tail!r}")
        self._seen.whole(self._status, time.monotonic() - self._began)

    def close(self) -> None:
        self._stream.close()


def ends_told(tail: bytes) -> bool:
    """Whether a batch's reply ends with the line that counts the others."""
    last = tail.rstrip(b"\n").rpartition(b"\n")[2]
    return tail.endswith(b"\n") and last.startswith(b'{"summary":')
