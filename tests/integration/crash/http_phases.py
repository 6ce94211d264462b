"""Where a server dies to which documents are written: places wrapped as in ``phases``."""

from dataclasses import dataclass

from api.document_batch import DocumentBatch
from api.erasure_intake import ErasureIntake
from api.event_intake import EventIntake
from api.visibility import Visibility
from indexer.writers import LexicalWriter, VectorWriter
from tandem.catalog import erasures
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.erasures import Erasures
from tandem.catalog.event_log import EventLog
from tandem.engines import tantivy_writing
from tests.integration.crash.phases import Fuse, Install, after, before, in_shard

VARIABLE = "TANDEM_TEST_HTTP_PHASE"
"""``NAME:PASSAGE``: there a server dies."""


@dataclass(frozen=True, slots=True)
class HttpPhase:
    """A place, and among how many passages the fatal one is drawn."""

    install: Install
    passages: int


HTTP_PHASES = {
    "before-commit": HttpPhase(after(DocumentLog, "_write"), 60),
    "committed-not-told": HttpPhase(after(DocumentLog, "write"), 60),
    "told-not-read": HttpPhase(before(DocumentLog, "changes"), 40),
    "amid-lexical-write": HttpPhase(after(tantivy_writing, "engine_document"), 60),
    "lexical-written-no-checkpoint": HttpPhase(after(LexicalWriter, "apply"), 20),
    "amid-vector-write": HttpPhase(in_shard(after, "update"), 20),
    "vector-flushed-no-checkpoint": HttpPhase(in_shard(after, "flush"), 10),
    "vector-written-no-checkpoint": HttpPhase(after(VectorWriter, "apply"), 20),
    "amid-checkpoint": HttpPhase(after(Checkpoints, "_replace_failures"), 20),
    "after-checkpoint": HttpPhase(after(Checkpoints, "advance"), 20),
    "somebody-waits": HttpPhase(after(Visibility, "look"), 20),
    "batch-part-read": HttpPhase(before(DocumentBatch, "write"), 40),
    "batch-part-written-not-told": HttpPhase(after(DocumentBatch, "write"), 40),
    "batch-told-no-last-line": HttpPhase(before(DocumentBatch, "summary"), 4),
    "events-committed-not-told": HttpPhase(after(EventLog, "append"), 20),
    "events-not-committed": HttpPhase(before(EventIntake, "take"), 10),
    "erasure-noted": HttpPhase(after(Erasures, "ask"), 2),
    "erasure-ids-found": HttpPhase(before(Erasures, "rewrite"), 2),
    "erasure-amid-rewriting": HttpPhase(after(erasures, "change"), 4),
    "erasure-before-its-end": HttpPhase(before(Erasures, "_finish"), 2),
    "erasure-done-not-told": HttpPhase(after(ErasureIntake, "take"), 2),
}


def install(chosen: str) -> None:
    """Let this process die there. Batches are small, so that a few documents are some of them."""
    LexicalWriter.batch_size = VectorWriter.batch_size = 5
    name, _, passage = chosen.partition(":")
    HTTP_PHASES[name].install(Fuse(int(passage)))
