"""Many writes of one call: a line each, and a line of the reply for each."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast, get_args

import orjson

from api.access import Caller
from api.asked import check_id
from api.asked_writes import Action, AskedWrite
from api.bodies import BadBody, kind_of, read_object
from api.document_intake import DocumentIntake, Done
from api.document_shape import BadDocument
from api.http_errors import detail_of
from api.incoming import MAXIMUM_LINE_BYTES, Line
from api.near_miss import near_miss
from tandem.documents import MAXIMUM_SEQUENCE
from tandem.errors import TandemError

ACTIONS = get_args(Action)
ACTION, DOCUMENT_ID, DOCUMENT, IF_SEQUENCE = "action", "document_id", "document", "if_sequence"
NAMES = (ACTION, DOCUMENT_ID, DOCUMENT, IF_SEQUENCE)
"""What a line may say."""

EXAMPLE = '{"document_id": "d3", "document": {"title": "Refunds"}}'
ERRORS = "errors"


class _Read(NamedTuple):
    """A line, read as far as it can be."""

    number: int
    document_id: str | None
    asked: AskedWrite | TandemError


class DocumentBatch:
    """The writes of one call, in their order; what became of them is counted. It may last for days:
    ``caller`` is asked with each part for who writes, and raises what refuses them by now.
    """

    def __init__(self, intake: DocumentIntake, caller: Callable[[], Caller]) -> None:
        self._intake = intake
        self._caller = caller
        self._counts: Counter[str] = Counter()
        self._sequence = 0

    def write(self, lines: Sequence[Line]) -> bytes:
        """Do what the lines ask; the reply's lines. What is refused keeps none of the others."""
        read = [_read(line) for line in lines]
        asked = [item.asked for item in read if isinstance(item.asked, AskedWrite)]
        done = iter(self._write(asked))
        replies = [
            self._told(item, next(done) if isinstance(item.asked, AskedWrite) else item.asked)
            for item in read
        ]
        return b"".join(replies)

    def _write(self, asked: Sequence[AskedWrite]) -> Sequence[Done | TandemError]:
        try:
            caller = self._caller()
        except TandemError as error:
            return [error] * len(asked)
        return self._intake.write_all(asked, caller)

    def summary(self, *, is_stopped: bool) -> bytes:
        """The last line: how many lines there were, how many of each result, and the highest
        sequence among them. ``is_stopped``: what came after them was not read.
        """
        told = {
            "lines": self._counts.total(),
            **{name: self._counts[name] for name in (*RESULTS, ERRORS)},
            "sequence": self._sequence,
            "stopping": is_stopped,
        }
        return orjson.dumps({"summary": told}, option=orjson.OPT_APPEND_NEWLINE)

    def _told(self, read: _Read, done: Done | TandemError) -> bytes:
        told: dict[str, Any] = {"line": read.number, DOCUMENT_ID: read.document_id}
        if isinstance(done, Done):
            told |= {"result": done.result, "sequence": done.sequence}
            self._counts[done.result] += 1
            self._sequence = max(self._sequence, done.sequence)
        else:
            told["error"] = detail_of(done)
            self._counts[ERRORS] += 1
        return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


RESULTS = ("created", "updated", "unchanged", "deleted")


def _read(line: Line) -> _Read:
    document_id = None
    try:
        given = _object(line)
        named = given.get(DOCUMENT_ID)
        document_id = named if isinstance(named, str) else None
        return _Read(line.number, document_id, _asked(given))
    except TandemError as error:
        return _Read(line.number, document_id, error)


def _object(line: Line) -> Mapping[str, Any]:
    if line.content is None:
        raise BadBody(
            f"the line has more than {MAXIMUM_LINE_BYTES:,} bytes",
            hint="cut the document into several",
        )
    return read_object(line.content, EXAMPLE)


def _asked(given: Mapping[str, Any]) -> AskedWrite:
    for name in given:
        if name not in NAMES:
            raise BadDocument(name, "is no part of a line", hint=near_miss(name, NAMES))
    action, document_id = given.get(ACTION, "put"), given.get(DOCUMENT_ID)
    if action not in ACTIONS:
        raise BadDocument(ACTION, f"expected one of {', '.join(ACTIONS)}")
    if not isinstance(document_id, str):
        raise BadDocument(DOCUMENT_ID, f"expected a text, found {kind_of(document_id)}")
    check_id(DOCUMENT_ID, document_id)
    return AskedWrite(
        cast("Action", action), document_id, _content(action, given), _if_sequence(given)
    )


def _content(action: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    content = given.get(DOCUMENT)
    if action == "delete":
        if content is not None:
            raise BadDocument(DOCUMENT, "is not expected with a delete", hint="leave it out")
        return {}
    if not isinstance(content, dict):
        raise BadDocument(DOCUMENT, f"expected an object, found {kind_of(content)}")
    return content


def _if_sequence(given: Mapping[str, Any]) -> int | None:
    expected = given.get(IF_SEQUENCE)
    if expected is None:
        return None
    is_whole = isinstance(expected, int) and not isinstance(expected, bool)
    if not is_whole or not 0 <= expected <= MAXIMUM_SEQUENCE:
        raise BadDocument(IF_SEQUENCE, "expected a sequence, 0 or more")
    return int(expected)
