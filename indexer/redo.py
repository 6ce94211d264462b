"""Given documents brought to the log's newest state, beside whoever follows the log.

Repair needs it, and so does a follower that lost its lease after it had written. Neither is alone:
the index's follower may write the same documents at the same time, and an engine does not know the
sequence of what it holds no more, so that a late upsert can bring a deleted document back.

So nothing is done until the log stands still for the document: its newest version is read, written
durably, and the log is asked again. If it still names that version, then no newer one existed when
the write had ended. Whoever writes a newer one begins after that and has the last word. If the log
names another version, that one may have been applied before the older write, so the turn is taken
again. Writing a version twice changes nothing, so it does no harm where both write the same one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import islice

from indexer.writers import IndexWriter
from tandem.catalog.document_log import DocumentLog
from tandem.documents import Change
from tandem.errors import CatalogError
from tandem.protocols import Refusal

MOST_TURNS = 100
"""A document that changes during this many writes in a row is given up for now."""


@dataclass(slots=True)
class Redone:
    """What was written: ``sequences`` maps ids to the sequence of their last write, ``refusals``
    holds (sequence, refusal) of those that the index did not take.
    """

    sequences: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, tuple[int, Refusal]] = field(default_factory=dict)

    def note(self, changes: Sequence[Change], refusals: Sequence[Refusal]) -> None:
        """Remember a write; it replaces what was known of its documents."""
        for change in changes:
            self.sequences[change.document_id] = change.sequence
            self.refusals.pop(change.document_id, None)
        for refusal in refusals:
            sequence = self.sequences[refusal.document_id]
            self.refusals[refusal.document_id] = (sequence, refusal)


def bring_up_to_date(
    log: DocumentLog, collection: str, writer: IndexWriter, document_ids: Collection[str]
) -> Redone:
    """Write the log's newest state of given documents; durable and newest on return.

    What the log does not know is deleted. Batches have the writer's size.

    Raises:
        EngineError: the index could not be written; do it again.
        CatalogError: a document changed without a pause.
    """
    redone = Redone()
    remaining = iter(dict.fromkeys(document_ids))
    while part := list(islice(remaining, writer.batch_size)):
        for _ in range(MOST_TURNS):
            part = _one_turn(log, collection, writer, part, redone)
            if not part:
                break
        else:
            raise CatalogError(
                f"{collection}: document {part[0]!r} changed during each of {MOST_TURNS} writes to "
                f"the {writer.name} index",
                hint="try again when it is written to less often",
            )
    return redone


def _one_turn(
    log: DocumentLog,
    collection: str,
    writer: IndexWriter,
    document_ids: Sequence[str],
    redone: Redone,
) -> list[str]:
    """Write once; the documents that the log has changed meanwhile."""
    changes, known = _newest(log, collection, document_ids)
    redone.note(changes, writer.apply(changes, writer.prepare(changes)))
    now = {
        document_id: version.sequence
        for document_id, version in log.versions_of(collection, document_ids).items()
    }
    return [
        document_id
        for document_id in document_ids
        if now.get(document_id) != known.get(document_id)
    ]


def _newest(
    log: DocumentLog, collection: str, document_ids: Sequence[str]
) -> tuple[list[Change], dict[str, int]]:
    """The changes to write, and the sequences that the log knows.

    The head is read first: a version accepted later has a sequence above that of the delete.
    """
    head = log.head()
    changes = log.changes_of(collection, document_ids)
    known = {change.document_id: change.sequence for change in changes}
    unknown = [document_id for document_id in document_ids if document_id not in known]
    deletes = [Change(head, document_id, None) for document_id in unknown]
    return changes + deletes, known
