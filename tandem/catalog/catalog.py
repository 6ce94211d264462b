"""The catalogue, opened: one place for the log, the checkpoints and the releases."""

from functools import cached_property

import sqlalchemy as sa

from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache
from tandem.catalog.opening import open_catalogue
from tandem.catalog.releases import Releases
from tandem.catalog.tasks import Tasks
from tandem.catalog.verifications import Verifications


class Catalog:
    """The document log, checkpoints, releases, tasks and verifications in one database, SQLite or
    PostgreSQL; the embedding cache in a SQLite file of its own on this host.
    """

    def __init__(self, documents_url: sa.URL | str, embeddings_url: sa.URL | str) -> None:
        """See ``open_catalogue`` for the errors."""
        self._documents = open_catalogue(documents_url)
        self._embeddings_url = embeddings_url
        self.documents = DocumentLog(self._documents)
        self.checkpoints = Checkpoints(self._documents)
        self.releases = Releases(self._documents)
        self.tasks = Tasks(self._documents)
        self.verifications = Verifications(self._documents)

    @property
    def engine(self) -> sa.Engine:
        """The database of all but the embeddings, for ``tandem.catalog.backup``."""
        return self._documents

    @cached_property
    def embeddings(self) -> DatabaseEmbeddingCache:
        """Opened when first asked for: only an owner of the data folder may find it damaged."""
        return DatabaseEmbeddingCache(self._embeddings_url)

    def close(self) -> None:
        """Close every connection."""
        self._documents.dispose()
        if "embeddings" in self.__dict__:
            self.embeddings.close()
