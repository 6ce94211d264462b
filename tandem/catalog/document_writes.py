"""What is asked of the document log for one document, and what becomes of it."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from tandem.catalog.document_rows import Hashed, Standing, Version, hashed, tombstone
from tandem.catalog.text import read, written
from tandem.documents import Document

Result = Literal["created", "updated", "unchanged", "deleted", "missing", "conflict"]
"""``missing``: what was to be deleted is not there. ``conflict``: it does not stand as expected."""

CHANGES = frozenset({"created", "updated", "deleted"})
"""The results that get a sequence; the others change nothing."""


class Write(NamedTuple):
    """A document's new version; ``None`` deletes it. ``expected`` is the sequence at which it must
    stand, 0 for none: it must not exist; ``None`` takes it as it is.
    """

    document_id: str
    document: Document | None
    expected: int | None = None


class Outcome(NamedTuple):
    """What became of it, and the sequence at which the document stands now: of a delete that of the
    tombstone, 0 where there is none.
    """

    result: Result
    sequence: int


class Decided(NamedTuple):
    """A write, beside what stands in the log."""

    result: Result
    hashed: Hashed | None
    standing: Standing | None

    def version(self, document_id: str, source: str) -> Version:
        """What is written. A tombstone stays with the source that wrote the document."""
        if self.hashed is not None:
            return Version(self.hashed, source)
        assert self.standing is not None, "what is deleted stands in the log"
        return tombstone(document_id, read(self.standing.source))

    def is_adopted(self, source: str) -> bool:
        """Whether another source has sent the same."""
        found = self.standing
        return self.result == "unchanged" and found is not None and found.source != written(source)

    @property
    def stands_at(self) -> int:
        """The sequence at which the document stood before; 0 where there was none."""
        return _stands_at(self.standing)


def hashed_writes(writes: Iterable[Write]) -> dict[str, tuple[Write, Hashed | None]]:
    """The writes by id, hashed: the expensive part, before anybody has to wait for it."""
    return {
        write.document_id: (write, None if write.document is None else hashed(write.document))
        for write in writes
    }


def decided(write: Write, version: Hashed | None, found: Standing | None) -> Decided:
    """What becomes of a write where the document stands so."""
    return Decided(_result(write, version, found), version, found)


def _result(write: Write, version: Hashed | None, found: Standing | None) -> Result:
    stands_at = _stands_at(found)
    if write.expected is not None and write.expected != stands_at:
        return "conflict"
    if version is None:
        return "deleted" if stands_at else "missing"
    if found is None or not stands_at:
        return "created"
    return "unchanged" if found.content_hash == version.content_hash else "updated"


def _stands_at(found: Standing | None) -> int:
    return 0 if found is None or found.is_deleted else found.sequence
