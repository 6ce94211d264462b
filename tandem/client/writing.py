"""What is written to a server: one document, or any number of changes in calls of many."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, TypeGuard

import orjson

from tandem.client.asking import calls, document_path, parameters, sendable
from tandem.client.errors import PASSING, ServerFailed, ServerUnavailable, no_reply
from tandem.client.patience import Again
from tandem.client.replies import WrittenLine, written_line
from tandem.client.transport import Request, Transport
from tandem.documents import Document
from tandem.errors import TandemError


@dataclass(frozen=True, slots=True)
class Put:
    """A document in the place of whatever stands under its id. ``if_sequence``: only if what stands
    there has that sequence, 0 for nothing.
    """

    document: Document
    if_sequence: int | None = None

    @property
    def document_id(self) -> str:
        """Whose it is."""
        return self.document.document_id


@dataclass(frozen=True, slots=True)
class Patch:
    """Changes to a document, as a JSON merge patch (RFC 7396) of ``title``, ``body``,
    ``attributes`` and ``updated_at``: ``{"attributes": {"year": 2024, "draft": None}}`` sets one
    attribute, removes another, and leaves the rest. ``if_sequence`` as in ``Put``.
    """

    document_id: str
    changes: Mapping[str, Any]
    if_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """No document under that id any more. ``if_sequence`` as in ``Put``."""

    document_id: str
    if_sequence: int | None = None


Write = Put | Patch | Delete


BATCH = "/v1/documents:batch"

METHODS: Mapping[type[Write], Literal["PUT", "PATCH", "DELETE"]] = {
    Put: "PUT",
    Patch: "PATCH",
    Delete: "DELETE",
}


def write_request(write: Write, wait_ms: int | None) -> Request:
    """The request for one of them, whose reply waits so long for searches to find it; ``None``: not
    at all.

    Raises:
        Refused: it cannot be sent.
    """
    waits = {} if wait_ms is None else {"wait": "indexed", "wait_ms": wait_ms}
    condition = {} if write.if_sequence is None else {"if_sequence": write.if_sequence}
    with sendable("the document"):
        body = None if isinstance(write, Delete) else orjson.dumps(_content(write))
    return Request(
        METHODS[type(write)],
        document_path(write.document_id),
        parameters({**condition, **waits}),
        body,
        is_repeatable=write.if_sequence is None,
    )


def written_many(transport: Transport, writes: Iterable[Write]) -> Iterator[WrittenLine]:
    """See ``Client.write_many``."""
    for start, lines in calls(_lines(writes), _size):
        call = _Call(transport, start, lines)
        failure = call.failure()
        yield from call.told
        if failure is not None:
            raise failure


class _Line(NamedTuple):
    content: bytes
    is_repeatable: bool


def _size(line: _Line) -> int:
    return len(line.content)


class _Call:
    """Some lines, of which those that the server has not told of are sent again where they may."""

    def __init__(self, transport: Transport, start: int, lines: list[_Line]) -> None:
        self._transport = transport
        self._start = start
        self._lines = lines
        self.told: list[WrittenLine] = []

    def failure(self) -> TandemError | None:
        """Send them; what came in the way of the rest, once nothing more is to be told."""
        try:
            self._transport.patiently(self._sent)
        except TandemError as error:
            return error
        return None

    def _sent(self, seconds: float) -> None:
        try:
            self._hear(seconds)
        except Again as again:
            if self._rest():
                raise again.judged(is_repeatable=self._is_repeatable()) from again.__cause__

    def _hear(self, seconds: float) -> None:
        start = self._start + len(self.told)
        body = b"\n".join(line.content for line in self._rest())
        request = Request("POST", BATCH, body=body, media_type="application/x-ndjson")
        for told in self._transport.lines(request, partial(written_line, start=start), seconds):
            if told is None:
                continue
            if not self._rest() or told.place != self._start + len(self.told):
                raise no_reply("a line about another write than the next one")
            if _is_passing(told.error) and self._is_repeatable():
                raise Again(told.error)
            self.told.append(told)
        if self._rest():
            raise Again(ServerUnavailable(
                "the server has ended its reply before all was told",
                hint="send the rest again",
            ))  # fmt: skip

    def _rest(self) -> list[_Line]:
        """What nobody has told of."""
        return self._lines[len(self.told) :]

    def _is_repeatable(self) -> bool:
        return all(line.is_repeatable for line in self._rest())


def _is_passing(error: TandemError | None) -> TypeGuard[ServerFailed]:
    """Whether a line failed for what may be over soon. Whatever stands after it is then sent again
    too, done or not: writes to one document keep their order.
    """
    return isinstance(error, ServerFailed) and error.told in PASSING


def _lines(writes: Iterable[Write]) -> Iterator[_Line]:
    for place, write in enumerate(writes):
        with sendable(f"the write at place {place}"):
            yield _Line(orjson.dumps(_words(write)), write.if_sequence is None)


def _words(write: Write) -> dict[str, Any]:
    told: dict[str, Any] = {
        "action": type(write).__name__.lower(),
        "document_id": write.document_id,
    }
    if not isinstance(write, Delete):
        told["document"] = _content(write)
    if write.if_sequence is not None:
        told["if_sequence"] = write.if_sequence
    return told


def _content(write: Put | Patch) -> dict[str, Any]:
    told = dict(write.changes) if isinstance(write, Patch) else _document(write.document)
    _check_numbers(told)
    return told


def _document(document: Document) -> dict[str, Any]:
    told: dict[str, Any] = {
        "title": document.title,
        "body": document.body,
        "attributes": dict(document.attributes),
    }
    if document.updated_at is not None:
        told["updated_at"] = document.updated_at
    return told


def _check_numbers(value: Any) -> None:
    """Refuse a number that would be written as null, and so be lost without a word.

    Raises:
        ValueError: there is one.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number of JSON")
    items = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list | tuple):
        for item in items:
            _check_numbers(item)
