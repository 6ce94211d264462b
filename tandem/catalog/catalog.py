"""The catalogue, opened: one place for the log, the checkpoints and the releases."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import sqlalchemy as sa

from tandem.catalog.aside import PARTS
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.database import reading
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache
from tandem.catalog.event_log import EventLog
from tandem.catalog.event_tables import BEHAVIOUR, EVENT_HEAD
from tandem.catalog.frozen_rankings import FrozenRankings
from tandem.catalog.keys import Keys
from tandem.catalog.models import Models
from tandem.catalog.opening import open_catalogue, open_log
from tandem.catalog.releases import Releases
from tandem.catalog.tables import FROZEN_RANKINGS
from tandem.catalog.tasks import Tasks
from tandem.catalog.urls import events_url, frozen_url, is_server
from tandem.catalog.verifications import Verifications

Opened = TypeVar("Opened", EventLog, DatabaseEmbeddingCache, FrozenRankings)


class Catalog:
    """The document log and what stands beside it in one database, SQLite or PostgreSQL; the event
    log and the frozen rankings in the same one or each in a SQLite file of its own; the embedding
    cache in a SQLite file on this host.
    """

    def __init__(self, documents_url: sa.URL | str, embeddings_url: sa.URL | str) -> None:
        """See ``open_catalogue`` for the errors."""
        self._documents = open_catalogue(documents_url)
        self._embeddings_url = embeddings_url
        self._events = _OnDemand(self._open_events)
        self._embeddings = _OnDemand(lambda: DatabaseEmbeddingCache(embeddings_url))
        self._frozen = _OnDemand(lambda: FrozenRankings(frozen_url(self._documents.url)))
        self.documents = DocumentLog(self._documents)
        self.checkpoints = Checkpoints(self._documents)
        self.releases = Releases(self._documents)
        self.models = Models(self._documents)
        self.keys = Keys(self._documents)
        self.tasks = Tasks(self._documents)
        self.verifications = Verifications(self._documents)

    @property
    def engine(self) -> sa.Engine:
        """The database of the documents and what goes with them."""
        return self._documents

    @property
    def events(self) -> EventLog:
        """Opened, and made, when first asked for: while it cannot be used, searches go on."""
        return self._events.get()

    def has_events(self) -> bool:
        """Whether there is an event log already: who only looks makes none."""
        return self._is_there(events_url(self._documents.url), EVENT_HEAD)

    @property
    def frozen(self) -> FrozenRankings:
        """What cursors page through; opened, and made, when first asked for."""
        return self._frozen.get()

    def has_frozen(self) -> bool:
        """As ``has_events``, of the frozen rankings."""
        return self._is_there(frozen_url(self._documents.url), FROZEN_RANKINGS)

    @property
    def embeddings(self) -> DatabaseEmbeddingCache:
        """Opened when first asked for: only an owner of the data folder may find it damaged."""
        return self._embeddings.get()

    def embedding_bytes(self) -> int:
        """How much room the embedding cache takes on this host's disk; nothing is opened."""
        file = Path(str(sa.make_url(self._embeddings_url).database))
        size = 0
        for part in PARTS:
            with suppress(FileNotFoundError):  # who closes it last removes what is beside it
                size += file.with_name(file.name + part).stat().st_size
        return size

    def close(self) -> None:
        """Close every connection."""
        self._documents.dispose()
        self._events.close()
        self._embeddings.close()
        self._frozen.close()

    def _is_there(self, url: sa.URL, table: sa.Table) -> bool:
        if not is_server(url):
            return Path(str(url.database)).is_file()
        with reading(self._documents) as connection:
            return sa.inspect(connection).has_table(table.name)

    def _open_events(self) -> EventLog:
        return EventLog(open_log(events_url(self._documents.url), BEHAVIOUR))


class _OnDemand(Generic[Opened]):
    """Opened by whoever asks first, once, however many ask at once."""

    def __init__(self, open_it: Callable[[], Opened]) -> None:
        self._open: Callable[[], Opened] = open_it
        self._lock = threading.Lock()
        self._opened: Opened | None = None

    def get(self) -> Opened:
        with self._lock:  # a failure is not kept: the next one tries again
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
