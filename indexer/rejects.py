"""The rejects file: one JSON object a line for every record that was not indexed."""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType

import orjson

from indexer.sources.records import escaped
from indexer.validation import Rejection
from tandem.errors import InputError

MAXIMUM_REASONS = 100
"""How many different reasons are counted by name; ``OTHER_REASONS`` takes the rest."""

OTHER_REASONS = "other reasons"
PARTIAL = ".partial"
"""Ends the name under which a run writes; at its end the file gets its own name."""

_KEYS = frozenset({"file", "line", "field", "reason", "excerpt"})
_LONGEST_LINE = 2**20
_PARTICULARS = re.compile(r", found |, first seen |: |; ")


class RejectsFile:
    """Collects the rejections of one run; an earlier run's file of that name is replaced.

    Lines go to ``PATH.partial``, each whole and at once; when the run ends, by an error too, it is
    renamed to ``PATH``. So whole lines stand in one of the two after a crash. Nothing is created
    while nothing is rejected; a run that ends well without a rejection removes an earlier file.
    What is not empty and does not begin like a rejects file is never replaced or removed.
    Use it as a context manager.

    ``total`` counts the rejections, ``counts`` by field and reason, such as
    ``year: expected a whole number``; ``first`` is the first of them.

    Raises:
        InputError: the file is one of ``sources`` or no rejects file, or cannot be replaced or
            written.

    """

    def __init__(self, path: Path, sources: Iterable[Path] = ()) -> None:
        self.path = path
        self.total = 0
        self.counts: Counter[str] = Counter()
        self.first: Rejection | None = None
        self._sources = tuple(sources)
        self._final = self._partial = path
        self._file: FileIO | None = None

    def check(self) -> None:
        """Find out before any work starts whether the file may be replaced; ``InputError`` if not.

        Entering asks again.
        """
        try:
            self._final = self.path.resolve()
            self._partial = self._final.with_name(self._final.name + PARTIAL)
            self._refuse_foreign(self._final)
            self._refuse_foreign(self._partial)
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links: RuntimeError
            raise self._failure("replaced", error) from None

    def __enter__(self) -> "RejectsFile":
        self.check()
        try:
            self._partial.unlink(missing_ok=True)
        except OSError as error:
            raise self._failure("replaced", error) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        if error is None:
            self._publish(failed=False)
            return
        with suppress(InputError):
            self._publish(failed=True)

    def write(self, rejection: Rejection) -> None:
        """Append one rejection: file, line (in Parquet, the row), field, reason, excerpt."""
        self.total += 1
        self.first = self.first or rejection
        self._count(rejection)
        line = orjson.dumps(
            {
                "file": escaped(rejection.place.file),
                "line": rejection.place.line,
                "field": rejection.field,
                "reason": rejection.reason,
                "excerpt": rejection.excerpt,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        try:
            if self._file is None:
                self._partial.parent.mkdir(parents=True, exist_ok=True)
                self._file = FileIO(self._partial, "x")
            self._file.write(line)
        except OSError as error:
            raise self._failure("written", error) from None

    def _publish(self, *, failed: bool) -> None:
        try:
            self._refuse_foreign(self._final)  # somebody may have written it since
            if self._file is not None:
                self._partial.replace(self._final)
            elif not failed:
                self._final.unlink(missing_ok=True)
        except OSError as error:
            raise self._failure("replaced", error) from None

    def _refuse_foreign(self, path: Path) -> None:
        """Refuse to replace what is not this product's own."""
        if not path.exists():
            return
        for source in self._sources:
            if source.exists() and path.samefile(source):
                raise InputError(
                    f"--rejects {self.path} would overwrite the source {source}",
                    hint="name another file, for example --rejects rejected.jsonl",
                )
        if not path.is_file():
            raise InputError(
                f"{path}: rejects cannot be replaced: not a file", hint="name a file with --rejects"
            )
        if not _is_rejects(path):
            raise InputError(
                f"{path}: holds something else than rejects, so it is not replaced",
                hint="move it away, or name another file with --rejects",
            )

    def _count(self, rejection: Rejection) -> None:
        reason = f"{rejection.field}: {_PARTICULARS.split(rejection.reason, maxsplit=1)[0]}"
        if reason not in self.counts and len(self.counts) >= MAXIMUM_REASONS:
            reason = OTHER_REASONS
        self.counts[reason] += 1

    def _failure(self, what: str, error: Exception) -> InputError:
        reason = getattr(error, "strerror", None) or error
        return InputError(
            f"{self.path}: rejects cannot be {what}: {reason}", hint="name a file with --rejects"
        )


def _is_rejects(path: Path) -> bool:
    """Whether the first line is a rejection; an empty file holds nothing that could be lost."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
    if not first:
        return True
    try:
        value = orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and value.keys() == _KEYS
