"""Writing many changes at once: chunks in flight side by side, judged change by change.

Every change carries its sequence as an external version, so that what arrives twice, or late,
changes nothing.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

from tandem.engines.opensearch_client import (
    MISSING_HINT,
    MISSING_INDEX,
    Overloaded,
    TooLarge,
    root_cause,
)
from tandem.errors import EngineError, EngineUnavailable
from tandem.protocols import Refusal

CHUNK_BYTES = 4_000_000
"""Well under the 10 MB that the smallest hosted servers take."""

CHUNK_CHANGES = 500
IN_FLIGHT = 3
SECONDS = 60.0
ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
UNFIT = {
    "mapper_parsing_exception": ("",),
    "illegal_argument_exception": ("immense term", "DocValues"),
}
"""The errors that are a document's fault: type -> what the reason says, one of these. Any other 400
is the index's fault, and no document must go for that."""


class Write(NamedTuple):
    """One change as the lines of a bulk request."""

    document_id: str
    lines: bytes


class Refused(NamedTuple):
    """A write that the server will never take, and why."""

    write: Write
    reason: str


class Asking(Protocol):
    """What is needed of a ``Server``."""

    @property
    def shown(self) -> str:
        """Its URL, fit for messages."""
        ...

    def ask(
        self,
        request: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        seconds: float,
    ) -> Any:
        """The decoded answer."""
        ...


class BulkWriter:
    """Writes into one alias. Thread-safe; ``close`` it."""

    def __init__(
        self, server: Asking, alias: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._server = server
        self._alias = alias
        self._sleep = sleep
        self._threads = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="opensearch-bulk")

    def write(self, writes: Iterable[Write]) -> list[Refused]:
        """Send the writes, each of another document; the next chunk is made while others are under
        way. Everything that is not refused is durable on return.

        Raises:
            EngineUnavailable: the server cannot be reached, or stayed overloaded.
            EngineError: it cannot write here at all.
        """
        sent = [self._threads.submit(self._send, chunk) for chunk in _chunks(writes)]
        # All are awaited before any error is raised: nothing goes on behind the caller's back.
        failures = [error for future in sent if (error := future.exception()) is not None]
        if failures:
            raise failures[0]
        return [refused for future in sent for refused in future.result()]

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown()

    def _send(self, chunk: Sequence[Write]) -> list[Refused]:
        refused: list[Refused] = []
        waiting, told = chunk, ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(_pause(attempt))
            try:
                answer = self._ask(waiting)
            except Overloaded as error:
                told = str(error)
                continue
            except TooLarge as error:
                return [*refused, *self._send_halves(waiting, error)]
            found, waiting, told = self._judge(waiting, answer)
            refused += found
            if not waiting:
                return refused
        raise EngineUnavailable(
            f"OpenSearch at {self._server.shown} took no writes in {ATTEMPTS} attempts: {told}",
            hint="give the cluster more room, or wait until it has less to do",
        )

    def _ask(self, chunk: Sequence[Write]) -> Any:
        return self._server.ask(
            f"POST /{self._alias}/_bulk",
            b"".join(write.lines for write in chunk),
            # never into an index that OpenSearch would make up for the occasion
            params={
                "require_alias": "true",
                "filter_path": "errors,items.*.status,items.*.error",
            },
            seconds=SECONDS,
        )

    def _send_halves(self, chunk: Sequence[Write], error: TooLarge) -> list[Refused]:
        if len(chunk) == 1:
            return [Refused(chunk[0], str(error))]
        middle = len(chunk) // 2
        return [*self._send(chunk[:middle]), *self._send(chunk[middle:])]

    def _judge(
        self, chunk: Sequence[Write], answer: Mapping[str, Any]
    ) -> tuple[list[Refused], list[Write], str]:
        """The refused writes, those to be sent again, and why."""
        if not answer["errors"]:
            return [], [], ""
        refused, again, told = [], [], ""
        for write, item in zip(chunk, answer["items"], strict=True):
            outcome = next(iter(item.values()))
            reason = root_cause(outcome)
            if outcome["status"] in (429, 503):
                again.append(write)
                told = reason
            elif self._is_refusal(outcome, reason):
                refused.append(Refused(write, reason))
        return refused, again, told

    def _is_refusal(self, outcome: Mapping[str, Any], reason: str) -> bool:
        """Whether a write failed for good, its document being at fault.

        Raises:
            EngineError: it failed for another reason.
        """
        status, error = outcome["status"], outcome.get("error")
        # 409: a newer version is there. 404 without an error: what was to be deleted is not.
        if error is None or status == 409:
            return False
        where = f"OpenSearch at {self._server.shown}"
        if error["type"] == MISSING_INDEX:
            raise EngineError(f"{where}: the index {self._alias} is missing", hint=MISSING_HINT)
        if status == 400 and any(sign in reason for sign in UNFIT.get(error["type"], ())):
            return True
        raise EngineError(
            f"{where} cannot write to {self._alias}: {status} {reason}",
            hint="see whether somebody changed the index or its settings; tandem reindex makes "
            "another one",
        )


def refusals(refused: Iterable[Refused]) -> list[Refusal]:
    """The same in the words of the seam."""
    return [Refusal(item.write.document_id, item.reason) for item in refused]


def _chunks(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """The writes in order, no chunk too large; a write that is too large alone goes alone."""
    chunk: list[Write] = []
    size = 0
    for write in writes:
        if chunk and (len(chunk) == CHUNK_CHANGES or size + len(write.lines) > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(write)
        size += len(write.lines)
    if chunk:
        yield chunk


def _pause(attempt: int) -> float:
    """Seconds before an attempt, counted from 1: growing, and drawn, so that writers part."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return random.uniform(longest / 2, longest)  # noqa: S311 - no secret
