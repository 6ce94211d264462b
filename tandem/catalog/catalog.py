"""The catalogue, opened: one place for the log, the checkpoints and the releases."""

from functools import cached_property

import sqlalchemy as sa

from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.database import open_database
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache
from tandem.catalog.releases import Releases
from tandem.catalog.tables import CATALOGUE


class Catalog:
    """The document log, checkpoints and releases in one database, the embedding cache in another.

    Documents live in a file of their own, so that events, when they come, do not wait for them.
    """

    def __init__(self, documents_url: sa.URL | str, embeddings_url: sa.URL | str) -> None:
        """See ``open_database`` for the errors."""
        self._documents = open_database(documents_url, CATALOGUE)
        self._embeddings_url = embeddings_url
        self.documents = DocumentLog(self._documents)
        self.checkpoints = Checkpoints(self._documents)
        self.releases = Releases(self._documents)

    @cached_property
    def embeddings(self) -> DatabaseEmbeddingCache:
        """Opened when first asked for: only an owner of the data folder may find it damaged."""
        return DatabaseEmbeddingCache(self._embeddings_url)

    def close(self) -> None:
        """Close every connection."""
        self._documents.dispose()
        if "embeddings" in self.__dict__:
            self.embeddings.close()
