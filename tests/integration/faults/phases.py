"""Named places in the way of a change from the log into the servers, wrapped from outside."""

from collections.abc import Callable
from typing import Any, Protocol

from indexer.writers import LexicalWriter, VectorWriter
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache
from tandem.engines import opensearch_client
from tandem.engines.opensearch_bulk import BulkWriter
from tandem.engines.opensearch_index import OpenSearchIndex
from tandem.engines.opensearch_store import OpenSearchStore
from tandem.engines.qdrant_index import QdrantIndex
from tandem.engines.qdrant_store import QdrantStore
from tests.integration.crash.phases import after, before


class AnyFuse(Protocol):
    """What is told of each passage."""

    def burn(self) -> None:
        """One passage."""
        ...


Install = Callable[[Any], None]


def before_request(beginning: str) -> Install:
    """When a request to OpenSearch is about to be sent."""

    def install(fuse: AnyFuse) -> None:
        ask = opensearch_client.Server.ask

        def asked(
            server: opensearch_client.Server, request: str, *arguments: Any, **options: Any
        ) -> Any:
            if request.startswith(beginning):
                fuse.burn()
            return ask(server, request, *arguments, **options)

        setattr(opensearch_client.Server, "ask", asked)  # noqa: B010 - typed otherwise

    return install


BUILDING: dict[str, Install] = {
    "checkpoint-without-index": after(Checkpoints, "start"),
    "lexical-index-without-alias": before_request("POST /_aliases"),
    "lexical-index-made": after(OpenSearchStore, "create"),
    "vector-index-without-alias": before(QdrantStore, "_point"),
    "vector-index-made": after(QdrantStore, "create"),
}
"""Passed when an index is begun from zero."""

FOLLOWING: dict[str, Install] = {
    "before-taking-the-lease": before(Checkpoints, "take"),
    "after-taking-the-lease": after(Checkpoints, "take"),
    # one that had nothing applied when its owner died is begun again instead of opened
    "amid-opening": before(OpenSearchStore, "open", "create"),
    "after-reading-the-log": after(DocumentLog, "changes"),
    "before-bulk": before(BulkWriter, "write"),
    "after-bulk-request": after(BulkWriter, "_ask"),
    "between-lexical-write-and-checkpoint": after(LexicalWriter, "apply"),
    "before-refresh": before(OpenSearchIndex, "refresh"),
    "between-cache-and-vector-write": after(DatabaseEmbeddingCache, "put"),
    "amid-vector-write": after(QdrantIndex, "_upsert"),
    "between-vector-write-and-delete-of-old": before(QdrantIndex, "_delete"),
    "between-vector-write-and-checkpoint": after(VectorWriter, "apply"),
    "before-checkpoint-commit": after(Checkpoints, "_replace_failures"),
    "after-checkpoint": after(Checkpoints, "advance"),
    "after-beat": after(Checkpoints, "renew"),
}
"""Passed by whoever takes over and follows."""

PASSAGES = {"before-taking-the-lease": 2, "after-taking-the-lease": 2, "amid-opening": 1}
"""Among how many passages the fatal one is drawn, where it is not ``MOST_PASSAGES``: one life takes
each index once.
"""

MOST_PASSAGES = 4

PAUSES: dict[str, Install] = {
    "before-lexical-write": before(BulkWriter, "_ask"),
    "before-vector-write": before(QdrantIndex, "_upsert"),
}
"""The last moment before an engine is written to."""

PHASES = BUILDING | FOLLOWING | PAUSES
