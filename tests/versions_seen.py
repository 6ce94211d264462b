"""Which versions of each document somebody may have seen while others wrote."""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from tandem.documents import Document

Version = Document | None
"""``None``: there was no such document."""


class Seen:
    """The versions of a stretch of time; an id that is not among them had none."""

    def __init__(self, versions: Mapping[str, list[Version]]) -> None:
        self._versions = {name: [*held] for name, held in versions.items()}

    def add(self, document_id: str, version: Version) -> None:
        """One that may have been seen too."""
        self._versions.setdefault(document_id, [None]).append(version)

    def of(self, document_id: str) -> Collection[Version]:
        """Those of one document."""
        return self._versions.get(document_id, [None])

    def ids(self) -> Collection[str]:
        """The documents of which there was any."""
        return self._versions.keys()


class Versions:
    """Thread-safe; one writes at a time."""

    def __init__(self) -> None:
        self._now: dict[str, list[Version]] = {}
        self._watching: list[Seen] = []
        self._lock = threading.Lock()

    @contextmanager
    def becoming(self, versions: Mapping[str, Version]) -> Iterator[None]:
        """Within the block both those before and these may be seen, afterwards these alone."""
        with self._lock:
            for name, version in versions.items():
                self._now.setdefault(name, [None]).append(version)
                for seen in self._watching:
                    seen.add(name, version)
        yield
        with self._lock:
            self._now |= {name: [version] for name, version in versions.items()}

    @contextmanager
    def watched(self) -> Iterator[Seen]:
        """What may be seen within the block."""
        with self._lock:
            seen = Seen(self._now)
            self._watching.append(seen)
        yield seen
        with self._lock:
            self._watching.remove(seen)
