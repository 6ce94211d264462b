"""The lines of a body while it arrives: a body without end takes bounded memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import NamedTuple

from starlette.requests import ClientDisconnect

from api.http_errors import MAXIMUM_BODY_BYTES

MAXIMUM_LINE_BYTES = MAXIMUM_BODY_BYTES
"""A line may be as long as the body of a single document."""

HELD_BYTES = 8 * MAXIMUM_LINE_BYTES
"""How much is read ahead of whoever takes the lines."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BYTES_PER_LINE = 200
"""What a line takes besides its content."""


class Line(NamedTuple):
    """A line of a body, from 1; ``None`` is one that is too long to be kept."""

    number: int
    content: bytes | None


class IncomingLines:
    """Lines that one task reads and another one takes. Blank ones are passed over."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._lines: deque[Line] = deque()
        self._part = bytearray()
        self._is_too_long = False
        self._is_wanted = True
        self._number = 0
        self._held = 0
        self._changed = asyncio.Event()
        self.is_ended = False

    async def read(self) -> None:
        """Read until the body ends. Where the client goes away, what was not taken is dropped."""
        try:
            async for chunk in self._chunks:
                self._split(chunk)
                await self._until(lambda: self._held < HELD_BYTES)
            if self._part or self._is_too_long:
                self._end_line()
        except ClientDisconnect:
            self._lines.clear()
        finally:
            self.is_ended = True
            self._changed.set()

    @property
    def is_over(self) -> bool:
        """Whether every line was taken, and no other will come."""
        return self.is_ended and not self._lines

    async def take(self, most: int, seconds: float) -> list[Line]:
        """What has arrived, in order: at most so many lines. Waits so long for the first one."""
        await self._until(lambda: bool(self._lines) or self.is_ended, seconds)
        taken = [self._lines.popleft() for _ in range(min(most, len(self._lines)))]
        self._held -= sum(map(_size, taken))
        self._changed.set()
        return taken

    async def gather(self, lines: int, seconds: float) -> None:
        """Wait until so many lines have arrived, or as much as is held at once, or the end; no
        longer than that.
        """
        await self._until(
            lambda: self.is_ended or len(self._lines) >= lines or self._held >= HELD_BYTES, seconds
        )

    async def read_away(self, seconds: float) -> None:
        """Take what still comes, for so long, and keep nothing of it: a client that is broken off
        while it sends does not see the reply.
        """
        self._is_wanted = False
        self._lines.clear()
        self._held = 0
        self._changed.set()
        await self._until(lambda: self.is_ended, seconds)

    def _split(self, chunk: bytes) -> None:
        first, *rest = chunk.split(b"\n")
        self._add(first)
        for piece in rest:
            self._end_line()
            self._add(piece)

    def _add(self, piece: bytes) -> None:
        if len(self._part) + len(piece) > MAXIMUM_LINE_BYTES:
            self._is_too_long = True
            self._part.clear()
        elif not self._is_too_long:
            self._part += piece

    def _end_line(self) -> None:
        self._number += 1
        content = None if self._is_too_long else bytes(self._part)
        if content is not None and self._number == 1:
            content = content.removeprefix(BYTE_ORDER_MARK)
        self._part.clear()
        self._is_too_long = False
        if self._is_wanted and (content is None or (content and not content.isspace())):
            line = Line(self._number, content)
            self._lines.append(line)
            self._held += _size(line)
            self._changed.set()

    async def _until(self, holds: Callable[[], bool], seconds: float | None = None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()


def _size(line: Line) -> int:
    return BYTES_PER_LINE + len(line.content or b"")
