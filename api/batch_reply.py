"""The reply to a batch: its lines are sent while those of the request still come."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.document_batch import DocumentBatch
from api.incoming import IncomingLines, Line
from api.outgoing import Outgoing
from api.workers import Workers
from indexer.indexing import DOCUMENTS_PER_APPEND

LOOK_SECONDS = 0.25
"""How often somebody looks whether the process is to end, while no line comes."""

GATHER_SECONDS = 1.0
"""How long the first lines are waited for where they say which fields there are."""

READ_AWAY_SECONDS = 1.0


class BatchAtWork:
    """A batch whose lines are written in threads. ``first``: how many lines there should be before
    the first is written, if they come in time.
    """

    def __init__(self, batch: DocumentBatch, workers: Workers, first: int) -> None:
        self.first = first
        self._batch = batch
        self._workers = workers

    async def write(self, lines: Sequence[Line]) -> bytes:
        """See ``DocumentBatch``; waits for its turn."""
        return await self._workers.run_in_turn(partial(self._batch.write, lines))

    def summary(self, *, is_stopped: bool) -> bytes:
        """See ``DocumentBatch``."""
        return self._batch.summary(is_stopped=is_stopped)


class BatchReply(Response):
    """An ASGI reply that reads lines, has them written, and sends what became of each. What has
    arrived is written at once: alone where it comes slowly, in large parts where it comes fast.
    A reply that nobody reads is ended when it is long, like that of a process that is to end.
    """

    media_type = "application/x-ndjson"

    def __init__(
        self, lines: IncomingLines, batch: BatchAtWork, is_stopping: Callable[[], bool]
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers()
        self._lines = lines
        self._batch = batch
        self._is_stopping = is_stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; the lines are read by whoever made them."""
        del scope, receive
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        outgoing = Outgoing()
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._lines.read())
                await asyncio.sleep(0)  # who waits to be asked for the body is asked before a reply
                await send(start)
                tasks.create_task(self._work(outgoing))
                async for chunk in outgoing.chunks():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await self._lines.read_away(READ_AWAY_SECONDS)
                reading.cancel()
        finally:
            outgoing.close()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _work(self, outgoing: Outgoing) -> None:
        lines, most = self._lines, self._batch.first or DOCUMENTS_PER_APPEND
        try:
            await lines.gather(self._batch.first, GATHER_SECONDS)
            while not (lines.is_over or self._is_stopping() or outgoing.is_full):
                if taken := await lines.take(most, LOOK_SECONDS):
                    outgoing.put(await self._batch.write(taken))
                    most = DOCUMENTS_PER_APPEND
            outgoing.put(self._batch.summary(is_stopped=not lines.is_over))
        finally:
            outgoing.end()
