"""The file of a run: what was asked and how, and what was answered, one JSON object a line.

The first line is the header: ``format``, then whatever is needed to repeat the run (release,
settings, versions, seed, query set ...). Each other line is one query's answer. A line is written
whole when its query is answered, so a run that was killed goes on where it stood: what was cut off
amid a line is dropped, and so are incomplete answers, whose queries are asked again.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from relevance_eval.compact import CompactRun
from relevance_eval.held import hold
from tandem.errors import InputError, SourceError
from tandem.judgments import Run
from tandem.rankings import Degradation, Hit, Ranking

FORMAT = "tandem-run-1"
VARYING = frozenset({"started_at"})
"""What of a header may differ between the parts of one run."""

PARTIAL = ".partial"
_BEGINNING = orjson.dumps({"format": FORMAT})[:-1]
_SHOWN = 60


class Answer(NamedTuple):
    """What one query was answered. ``lists`` are the stages' own, such as each leg's, by name;
    ``milliseconds`` is by stage.
    """

    query_id: str
    ranking: Ranking
    lists: Mapping[str, Ranking]
    milliseconds: Mapping[str, float]
    degraded: tuple[Degradation, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A run as it was read. ``about`` is its header without ``format``; ``lists`` maps a stage to
    its own run; ``milliseconds`` and ``degraded`` are by query, the latter of incomplete ones only.
    """

    about: Mapping[str, Any]
    run: Run
    lists: Mapping[str, Run]
    milliseconds: Mapping[str, Mapping[str, float]]
    degraded: Mapping[str, tuple[Degradation, ...]]


def read_record(path: Path) -> Record:
    """A run's file, finished or not; a line that was cut off at its end does not count.

    Raises:
        SourceError: it cannot be read, or is no record of a run; with the line.
    """
    run, lists = CompactRun(), dict[str, CompactRun]()
    milliseconds: dict[str, Mapping[str, float]] = {}
    degraded: dict[str, tuple[Degradation, ...]] = {}
    lines = _whole_lines(path)
    header = _header(path, _first(lines))
    for number, line in lines:
        answer = _answer(path, number, line)
        if answer.query_id in run:
            raise SourceError(f"{path}:{number}: query {answer.query_id!r} was answered before")
        run[answer.query_id] = answer.ranking
        milliseconds[answer.query_id] = answer.milliseconds
        if answer.degraded:
            degraded[answer.query_id] = answer.degraded
        for name, ranking in answer.lists.items():
            lists.setdefault(name, CompactRun())[answer.query_id] = ranking
    return Record(header, run, lists, milliseconds, degraded)


def is_record(path: Path) -> bool:
    """Whether a file begins as the record of a run does.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None


def read_header(path: Path) -> Mapping[str, Any]:
    """What the file of a run says of it, without ``format``.

    Raises:
        SourceError: it cannot be read, or is no record of a run.
    """
    return _header(path, _first(_whole_lines(path)))


def about(path: Path) -> Mapping[str, Any]:
    """``read_header``; empty for a run that another program wrote.

    Raises:
        SourceError: it cannot be read, or is a broken record.
    """
    return read_header(path) if is_record(path) else {}


class RunFile:
    """Writes a run, and goes on with one, or begins it ``anew``. ``answered`` are the queries whose
    whole answer stands in the file already. Use it as a context manager; each answer is in the
    file, whole, when ``write`` returns, and on the disk at the end.

    Raises:
        SourceError: the file is no record of a run, or broken amid it.
        InputError: it is the record of another run; the message says what differs.
    """

    def __init__(self, path: Path, about: Mapping[str, Any], *, anew: bool = False) -> None:
        self.path = path
        self.answered = frozenset[str]()
        self._about = orjson.loads(orjson.dumps(about))  # as it will be read
        self._is_new = anew or not self._has_begun()
        self._file: BufferedWriter | None = None
        if not self._is_new:
            self.answered = self._taken_up()
        elif self._has_begun():
            read_header(path)  # what is no record is not written over

    def __enter__(self) -> "RunFile":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab")
        except OSError as error:
            raise SourceError(f"{self.path} cannot be written: {error.strerror}") from None
        hold(self.path, self._file)
        if self._is_new:
            self._file.truncate(0)
            self._put({"format": FORMAT} | self._about)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._file is not None, "it was entered"
        with self._file as file:
            file.flush()
            os.fsync(file.fileno())

    def write(self, answer: Answer) -> None:
        """Put down one query's answer."""
        self._put(
            {
                "query_id": answer.query_id,
                "hits": _hits(answer.ranking),
                "lists": {name: _hits(ranking) for name, ranking in answer.lists.items()},
                "milliseconds": {
                    stage: round(spent, 3) for stage, spent in answer.milliseconds.items()
                },
                "degraded": [[part.leg, part.reason] for part in answer.degraded],
            }
        )

    def _put(self, data: Mapping[str, Any]) -> None:
        assert self._file is not None, "it was entered"
        self._file.write(orjson.dumps(data, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()

    def _has_begun(self) -> bool:
        """Whether the file has its header; one that was killed before it is begun again."""
        try:
            with self.path.open("rb") as file:
                first = file.readline()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SourceError(f"{self.path} cannot be read: {error.strerror}") from None
        return first.endswith(b"\n") or not _BEGINNING.startswith(first[: len(_BEGINNING)])

    def _taken_up(self) -> frozenset[str]:
        """Check that it is the same run, and leave nothing in the file but whole answers."""
        lines = _whole_lines(self.path)
        first = _first(lines)
        self._check(_header(self.path, first))
        kept, whole = [first], set[str]()
        for number, line in lines:
            answer = _answer(self.path, number, line)
            if not answer.degraded and answer.query_id not in whole:
                kept.append(line)
                whole.add(answer.query_id)
        self._leave(b"".join(kept))
        return frozenset(whole)

    def _leave(self, content: bytes) -> None:
        """Exchange the file's content for its good part, all at once."""
        if len(content) == self.path.stat().st_size:
            return
        partial = self.path.with_name(self.path.name + PARTIAL)
        with self.path.open("rb") as held, partial.open("wb") as file:
            hold(self.path, held)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            partial.replace(self.path)

    def _check(self, found: Mapping[str, Any]) -> None:
        differing = [
            f"{name} {_short(there)} there, {_short(here)} now"
            for name, there, here in _differing(found, self._about)
        ]
        if differing:
            raise InputError(
                f"{self.path} is the record of another run: {'; '.join(differing)}",
                hint="write elsewhere with --out, or begin it again with --anew",
            )


def _differing(there: Any, here: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    if not (isinstance(there, dict) and isinstance(here, dict)):
        if there != here:
            yield name, there, here
        return
    for key in dict.fromkeys([*there, *here]):
        if name or key not in VARYING:
            inner = f"{name}.{key}" if name else key
            yield from _differing(there.get(key), here.get(key), inner)


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield number, line
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None


def _first(lines: Iterator[tuple[int, bytes]]) -> bytes:
    return next(lines, (1, b""))[1]


def _header(path: Path, line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
        if found.pop("format") != FORMAT:
            raise ValueError
    except (ValueError, TypeError, AttributeError, KeyError):
        raise SourceError(
            f'{path}:1: not the record of a run: expected {{"format": "{FORMAT}", ...}}',
            hint="tandem eval run writes such files",
        ) from None
    about: dict[str, Any] = found
    return about


def _answer(path: Path, number: int, line: bytes) -> Answer:
    try:
        data = orjson.loads(line)
        return Answer(
            _text(data["query_id"]),
            _ranking("run", data["hits"]),
            {name: _ranking(name, hits) for name, hits in data["lists"].items()},
            {stage: float(spent) for stage, spent in data["milliseconds"].items()},
            tuple(Degradation(leg, reason) for leg, reason in data["degraded"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SourceError(
            f"{path}:{number}: not a query's answer: expected query_id, hits, lists, milliseconds "
            "and degraded",
            hint="the file was changed by hand or damaged; begin it again with --anew",
        ) from None


def _hits(ranking: Ranking) -> list[dict[str, Any]]:
    return [{"document_id": hit.document_id, "score": hit.score} for hit in ranking.hits]


def _ranking(name: str, hits: Any) -> Ranking:
    """As it stands, rank by rank: an order is the run's own matter."""
    return Ranking(
        name,
        tuple(
            Hit(_text(hit["document_id"]), rank, float(hit["score"]))
            for rank, hit in enumerate(hits, start=1)
        ),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
