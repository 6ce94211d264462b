"""A reply that is sent while its request still arrives."""

import asyncio
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile

HELD_BYTES = 1024 * 1024
"""How much of what nobody takes is held in memory; the rest is in a file."""

CHUNK_BYTES = 64 * 1024

MOST_BYTES = 256 * 1024 * 1024
"""How much nobody may have taken: the answers to some three million lines."""


class Outgoing:
    """Bytes that one task puts and another one takes. What is put never waits: many clients read
    nothing before they have sent everything, and each would wait for the other.
    """

    def __init__(self) -> None:
        self._spool = SpooledTemporaryFile[bytes](HELD_BYTES)
        self._put = self._taken = 0
        self._is_ended = False
        self._changed = asyncio.Event()

    def put(self, content: bytes) -> None:
        """Have it taken, after what was put before."""
        self._spool.seek(self._put)
        self._spool.write(content)
        self._put += len(content)
        self._changed.set()

    @property
    def is_full(self) -> bool:
        """Whether so much was not taken that no more should be put."""
        return self._put - self._taken >= MOST_BYTES

    def end(self) -> None:
        """That was all."""
        self._is_ended = True
        self._changed.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """All that was put, as it comes."""
        while True:
            if self._taken < self._put:
                self._spool.seek(self._taken)
                chunk = self._spool.read(CHUNK_BYTES)
                self._taken += len(chunk)
                if self._taken == self._put:
                    self._put = self._taken = 0
                    self._spool.truncate(0)
                yield chunk
            elif self._is_ended:
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        """Forget the rest."""
        self._spool.close()
