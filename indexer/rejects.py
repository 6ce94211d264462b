"""The rejects file: one JSON object a line for every record that was not indexed."""

import re
from collections import Counter
from io import FileIO
from pathlib import Path
from types import TracebackType

import orjson

from indexer.sources.records import printable
from indexer.validation import Rejection
from tandem.errors import InputError

MAXIMUM_REASONS = 100
"""How many different reasons are counted by name; ``OTHER_REASONS`` takes the rest."""

OTHER_REASONS = "other reasons"
_PARTICULARS = re.compile(r", found |, first seen |: |; ")


class RejectsFile:
    """Collects the rejections of one run; an earlier run's file of that name is replaced.

    Nothing is created while nothing is rejected. A line is written whole and at once, so that
    what stands in the file after a crash can be read. Use it as a context manager.

    ``total`` counts the rejections, ``counts`` by field and reason, such as
    ``year: expected a whole number``.

    Raises:
        InputError: the file cannot be replaced or written.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.total = 0
        self.counts: Counter[str] = Counter()
        self._file: FileIO | None = None

    def __enter__(self) -> "RejectsFile":
        try:
            self.path.unlink(missing_ok=True)
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

    def write(self, rejection: Rejection) -> None:
        """Append one rejection: file, line (in Parquet, the row), field, reason, excerpt."""
        self.total += 1
        self._count(rejection)
        line = orjson.dumps(
            {
                "file": printable(rejection.place.file),
                "line": rejection.place.line,
                "field": rejection.field,
                "reason": rejection.reason,
                "excerpt": rejection.excerpt,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = FileIO(self.path, "a")
            self._file.write(line)
        except OSError as error:
            raise self._failure("written", error) from None

    def _count(self, rejection: Rejection) -> None:
        reason = f"{rejection.field}: {_PARTICULARS.split(rejection.reason, maxsplit=1)[0]}"
        if reason not in self.counts and len(self.counts) >= MAXIMUM_REASONS:
            reason = OTHER_REASONS
        self.counts[reason] += 1

    def _failure(self, what: str, error: OSError) -> InputError:
        return InputError(f"{self.path}: rejects cannot be {what}: {error.strerror or error}")
