"""The catalogue, opened: one place for the log, the checkpoints and the releases."""

from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.database import open_database
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache
from tandem.catalog.releases import Releases
from tandem.catalog.tables import CACHE, CATALOGUE


class Catalog:
    """The document log, checkpoints and releases in one database, the embedding cache in another.

    Documents live in a file of their own, so that events, when they come, do not wait for them.
    """

    def __init__(self, documents_url: str, embeddings_url: str) -> None:
        self._documents = open_database(documents_url, CATALOGUE)
        self._embeddings = open_database(embeddings_url, CACHE, durability="NORMAL")
        self.documents = DocumentLog(self._documents)
        self.checkpoints = Checkpoints(self._documents)
        self.releases = Releases(self._documents)
        self.embeddings = DatabaseEmbeddingCache(self._embeddings)

    def close(self) -> None:
        """Close every connection."""
        self._documents.dispose()
        self._embeddings.dispose()
