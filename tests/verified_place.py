"""A log and an index in memory, followed, compared and mended."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from indexer.findings import IndexVerification
from indexer.judging import VerifiedIndex
from indexer.verification import Verifier, VerifyOptions
from tandem.catalog.catalog import Catalog
from tandem.documents import Document
from tests.memory_index import MemoryIndex

COLLECTION = "main"
NAME = "main-memory-1"
DOCUMENTS = 12


class Place:
    """A log of ``d1`` to ``d12`` with sequences 1 to 12, of which ``d3`` is deleted (13), and an
    index that has applied all of it.
    """

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog(
            f"sqlite:///{folder / 'documents.sqlite'}", f"sqlite:///{folder / 'cache.sqlite'}"
        )
        self.log = self.catalog.documents
        self.index = MemoryIndex()
        self.checkpoint = self.catalog.checkpoints.start(NAME, "identity", self.log.log_id)
        self.write(*(f"d{number}" for number in range(1, DOCUMENTS + 1)))
        self.log.delete(COLLECTION, ["d3"])
        self.follow()

    def write(self, *ids: str, body: str = "two words") -> None:
        """Accept documents of that body."""
        documents = [Document(document_id, body=body) for document_id in ids]
        self.log.append(COLLECTION, "source", documents)

    def follow(self) -> None:
        """Apply what the log has; the checkpoint moves."""
        batch = self.log.changes(COLLECTION, self.checkpoint.applied, 1_000)
        refusals = self.index.apply(batch.changes, None)
        sequences = {change.document_id: change.sequence for change in batch.changes}
        self.checkpoint = self.catalog.checkpoints.advance(
            self.checkpoint,
            batch.through,
            changed=sequences.keys(),
            refusals=[(sequences[refusal.document_id], refusal) for refusal in refusals],
        )

    def verify(self, applied: Callable[[], int] | None = None, **options: Any) -> IndexVerification:
        """Compare the index with the log, three rows at a time."""
        given: dict[str, Any] = {"rows_per_range": 3, "patience_seconds": 0.0, "seed": 1}
        verifier = Verifier(
            self.log, self.catalog.checkpoints, COLLECTION, VerifyOptions(**given | options)
        )
        index = self.index
        mark = applied or (lambda: self.checkpoint.applied)
        return verifier.verify(VerifiedIndex("memory", 1, NAME, index, index, index, mark))
