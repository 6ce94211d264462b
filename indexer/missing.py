"""What a source does not hold any more, and the brake on deleting it.

Half a file, or the wrong one, looks like a source from which much was removed. So above a fifth of
what the log holds of a source, however small that source is, nothing is deleted until it is asked
for once more.
"""

from collections.abc import Collection

from indexer.validation import DuplicateGuard
from tandem.catalog.document_log import DocumentLog
from tandem.errors import SourceError

DELETED_PERCENT = 20
"""How many of a source's documents, of a hundred, may be deleted without being forced."""


def missing(
    log: DocumentLog,
    collection: str,
    names: Collection[str],
    seen: DuplicateGuard,
    *,
    force: bool,
) -> list[str]:
    """The ids that these sources wrote last and that were not ``seen`` now.

    Raises:
        SourceError: too many of one source are missing, and nobody forces it.
    """
    gone: list[str] = []
    for name in names:
        held = list(log.ids_of_source(collection, name))
        missed = [document_id for document_id in held if document_id not in seen]
        if not force and len(missed) * 100 > DELETED_PERCENT * len(held):
            raise _too_many(name, len(missed), len(held))
        gone += missed
    return gone


def _too_many(name: str, missed: int, held: int) -> SourceError:
    return SourceError(
        f"--delete-missing: {missed:,} of the {held:,} documents of {name} are missing, expected "
        f"at most {DELETED_PERCENT} %; what was read is kept, nothing was deleted",
        hint="check the source; to delete them all the same: --delete-missing --force",
    )
