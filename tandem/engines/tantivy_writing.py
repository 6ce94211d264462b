"""Changes into a tantivy index: one batch, one commit."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import tantivy

from tandem.documents import Change
from tandem.engines.tantivy_mapping import engine_document
from tandem.errors import EngineError, FieldError, IndexOutdated
from tandem.protocols import Refusal
from tandem.schema import Schema

WRITER_HEAP_BYTES = 64_000_000
"""What the writer collects before it writes a segment; so much must fit on the disk, too."""


class BatchWriter:
    """Tantivy's one writer of an index, opened when it is first needed. Not thread-safe."""

    def __init__(self, index: tantivy.Index, schema: Schema) -> None:
        self._index = index
        self._schema = schema
        self._writer: tantivy.IndexWriter | None = None

    def write(self, changes: Sequence[Change], held: Mapping[str, int]) -> Sequence[Refusal]:
        """Commit the changes that are not older than the ``held`` sequences (id -> sequence).

        Raises:
            EngineError: nothing of the batch is written.
        """
        refusals = []
        writer = self._writer or self._open()
        try:
            for change in changes:
                if change.sequence < held.get(change.document_id, 0):
                    continue
                prepared = None
                try:
                    prepared = engine_document(self._schema, change)
                except FieldError as error:
                    refusals.append(Refusal(change.document_id, str(error)))
                writer.delete_documents_by_term("document_id", change.document_id)
                if prepared is not None:
                    writer.add_document(prepared)
            writer.commit()
        except ValueError as error:
            # Let go of the lock now: the error's traceback keeps the writer alive.
            with suppress(ValueError):
                self.close()
            raise EngineError(
                f"tantivy could not write: {error}",
                hint="see whether the disk is full or failing; what was not written is tried again",
            ) from error
        return refusals

    def _open(self) -> tantivy.IndexWriter:
        """What a writer that was killed amid its commit has left goes first: files are named by
        what they hold, and the same batch again would find its own there.
        """
        try:
            self._writer = self._index.writer(heap_size=WRITER_HEAP_BYTES, num_threads=1)
            self._writer.garbage_collect_files()
        except ValueError as error:
            with suppress(ValueError):
                self.close()
            raise EngineError(f"the tantivy index cannot be opened for writing: {error}") from error
        return self._writer

    def close(self) -> None:
        """Let go of the lock, merges finished."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.wait_merging_threads()


def cannot_open(folder: Path, error: object) -> EngineError:
    """What is said where the index of a folder cannot be opened."""
    if "schema does not match" in str(error):
        return IndexOutdated(
            f"the tantivy index in {folder} holds other fields than this version of Tandem reads",
            hint="who follows the log builds it again: tandem index, tandem serve or tandem follow",
        )
    return EngineError(
        f"the tantivy index in {folder} cannot be opened: {error}",
        hint=f"delete the folder {folder.parent}; the next start builds it again",
    )
