"""What raters said: a log of their ratings, appended to and never changed, and what it amounts to.

A rating is durable before it is acknowledged. Several processes may append at once: each holds the
file's lock for one line. What a process that was killed has left of a line was acknowledged to
nobody, and is cut off by whoever writes next.
"""

import errno
import fcntl
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from relevance_eval.judging.pool_file import sync_folder
from tandem.errors import SourceError, TandemError

MAXIMUM_GRADE = 3
GRADES = {
    0: "not relevant",
    1: "related, does not answer",
    2: "relevant, answers in part",
    3: "perfect, just what is wanted",
}
"""What the grades mean, as raters are told."""


class RatingsUnavailable(TandemError):
    """A rating could not be made durable: it is not kept."""

    code = "ratings_unavailable"


class Place(NamedTuple):
    """What is rated: a document for a query."""

    query_id: str
    document_id: str


class Rating(NamedTuple):
    """What a rater said of a place. ``grade`` is 0 to 3; ``None``: looked at, and left unjudged."""

    rater: str
    place: Place
    grade: int | None


@dataclass
class Said:
    """What one rater has said, and not taken back."""

    order: list[Place] = field(default_factory=list)
    grades: dict[Place, list[int | None]] = field(default_factory=dict)

    def add(self, place: Place, grade: int | None) -> None:
        """One more; of one place the last one counts."""
        self.order.append(place)
        self.grades.setdefault(place, []).append(grade)

    def undo(self) -> None:
        """Take back the last one, if any: what was said of the place before counts again."""
        if not self.order:
            return
        place = self.order.pop()
        said = self.grades[place]
        said.pop()
        if not said:
            del self.grades[place]

    def current(self) -> dict[Place, int | None]:
        """What counts of each place."""
        return {place: said[-1] for place, said in self.grades.items()}


class RatingsLog:
    """The ratings of one pool. Thread-safe; other processes may write beside."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._inode: int | None = None
        self._read_bytes, self._read_lines = 0, 0
        self._said: defaultdict[str, Said] = defaultdict(Said)

    def add(self, rater: str, place: Place, grade: int | None) -> None:
        """Keep a rating; durable on return.

        Raises:
            RatingsUnavailable: it could not be written, and is not kept.
            SourceError: the file is broken.
        """
        line = {"rater": rater, "query_id": place.query_id, "document_id": place.document_id}
        with self._lock, _held(self._path) as file:
            self._append(file, {**line, "grade": grade})

    def undo(self, rater: str) -> Rating | None:
        """Take back the rater's last rating, whichever process took it; which it was. ``None``:
        there is none left.

        Raises:
            RatingsUnavailable: it could not be written, and is not taken back.
            SourceError: the file is broken.
        """
        with self._lock, _held(self._path) as file:
            self._catch_up()
            said = self._said.get(rater)
            if said is None or not said.order:
                return None
            place = said.order[-1]
            undone = Rating(rater, place, said.grades[place][-1])
            self._append(file, {"rater": rater, "undo": True})
            return undone

    def of(self, rater: str) -> dict[Place, int | None]:
        """What counts of a rater by now.

        Raises:
            SourceError: the file is broken.
        """
        with self._lock:
            self._catch_up()
            said = self._said.get(rater)
            return {} if said is None else said.current()

    def all(self) -> Mapping[str, Mapping[Place, int | None]]:
        """What counts of everybody, by name.

        Raises:
            SourceError: the file is broken.
        """
        with self._lock:
            self._catch_up()
            return {rater: self._said[rater].current() for rater in sorted(self._said)}

    def _append(self, file: int, line: Mapping[str, Any]) -> None:
        """Write the line through to the disk, or leave nothing of it."""
        self._catch_up()
        encoded = orjson.dumps({**line, "at": datetime.now(UTC)}) + b"\n"
        try:
            os.ftruncate(file, self._read_bytes)
            if os.write(file, encoded) < len(encoded):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file)
        except OSError as error:
            os.ftruncate(file, self._read_bytes)
            raise _unavailable(self._path, error) from None
        self._catch_up()

    def _catch_up(self) -> None:
        """Take up what was added since, to the end of the last whole line."""
        try:
            with self._path.open("rb") as file:
                told = os.fstat(file.fileno())
                if told.st_ino != self._inode or told.st_size < self._read_bytes:
                    self._forget()  # another file by now
                    self._inode = told.st_ino
                file.seek(self._read_bytes)
                added = file.read()
        except FileNotFoundError:
            self._forget()
            return
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from None
        whole = added[: added.rfind(b"\n") + 1]
        lines = whole.splitlines()
        ratings = [
            self._read(line, number)
            for number, line in enumerate(lines, start=self._read_lines + 1)
        ]
        for rating in ratings:  # all of them, or of a broken file none
            said = self._said[rating.rater]
            if rating.place is None:
                said.undo()
            else:
                said.add(rating.place, rating.grade)
        self._read_bytes += len(whole)
        self._read_lines += len(lines)

    def _forget(self) -> None:
        self._inode = None
        self._read_bytes, self._read_lines = 0, 0
        self._said.clear()

    def _read(self, line: bytes, number: int) -> "_Line":
        try:
            data = orjson.loads(line)
            rater = _text(data, "rater")
            if data.get("undo") is True:
                return _Line(rater, None, None)
            place = Place(_text(data, "query_id"), _text(data, "document_id"))
            return _Line(rater, place, _grade(data["grade"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SourceError(
                f"{self._path}:{number}: expected a rating: rater, query_id, document_id and a "
                f"grade of 0 to {MAXIMUM_GRADE} or null",
                hint="mend the line, or put back the file of a backup",
            ) from None


class _Line(NamedTuple):
    """A line of the log; without a place it takes the rater's last rating back."""

    rater: str
    place: Place | None
    grade: int | None


@contextmanager
def _held(path: Path) -> Iterator[int]:
    """The file, made if need be, and nobody else's to write until the block ends."""
    try:
        is_new = not path.exists()
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise _unavailable(path, error) from None
    try:
        if is_new:
            sync_folder(path.parent)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)  # gives the lock back


def _unavailable(path: Path, error: OSError) -> RatingsUnavailable:
    return RatingsUnavailable(
        f"the rating cannot be written to {path}: {error.strerror}",
        hint="make room there, or allow writing; then send it again",
    )


def _text(data: Any, name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _grade(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAXIMUM_GRADE:
        raise ValueError(value)
    return value
