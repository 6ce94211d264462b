"""What a house of servers stands on: OpenSearch, PostgreSQL, and Qdrant's interface over HTTP.

There is no Qdrant server here: its client's local mode answers in its place, at a port of its own
that can be shut, hang, and be opened again.
"""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from qdrant_client import QdrantClient

from tandem.sections import EngineSettings, IndexingSettings, SearchSettings
from tandem.settings import Settings
from tests.services.opensearch.node import OpenSearchNode, free_port
from tests.services.opensearch.session import opensearch_node
from tests.services.postgres import PostgresNode, create_database, drop_database, private_node
from tests.unit.tandem.engines.qdrant_http import HttpQdrant, serving

EDGE = "qdrant-edge:"
BUDGET_MS = 5_000.0
"""Searches that are not about time get enough of it on a busy machine."""


@dataclass
class QdrantPort:
    """The imitated Qdrant server. ``start`` after ``stop`` comes up at the same port and data."""

    engine: QdrantClient = field(default_factory=lambda: QdrantClient(":memory:"))
    port: int = field(default_factory=free_port)
    _running: ExitStack = field(default_factory=ExitStack)
    _server: HttpQdrant | None = None

    @property
    def url(self) -> str:
        """For the settings."""
        return f"qdrant+http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Answer from now on."""
        _, self._server = self._running.enter_context(serving(self.engine, self.port))

    def stop(self) -> None:
        """Refuse connections."""
        self._running.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Accept connections meanwhile, and answer nothing."""
        assert self._server is not None
        self._server.answers.clear()
        try:
            yield
        finally:
            self._server.answers.set()


@dataclass(frozen=True)
class Servers:
    """The servers of one test, with a fresh database."""

    opensearch: OpenSearchNode
    postgres: PostgresNode
    qdrant: QdrantPort
    database: sa.URL

    def settings(
        self, folder: Path, *, vector: str | None = None, budget_ms: float = BUDGET_MS
    ) -> Settings:
        """A house on these servers; ``vector`` is another vector engine than the imitated one."""
        engines = EngineSettings(
            lexical=f"opensearch+{self.opensearch.url}",
            vector=self.qdrant.url if vector is None else vector,
            catalog=self.database.render_as_string(hide_password=False),
        )
        return Settings(
            data_dir=folder,
            engines=engines,
            indexing=IndexingSettings(passage_tokens=32),
            search=SearchSettings(budget_ms=budget_ms),
        )


@cache
def _postgres() -> PostgresNode:
    """One for the session."""
    running = ExitStack()
    atexit.register(running.close)
    return running.enter_context(private_node())


@pytest.fixture
def servers() -> Iterator[Servers]:
    """All of them running; what a test killed is started again."""
    opensearch, postgres, qdrant = opensearch_node(), _postgres(), QdrantPort()
    qdrant.start()
    database = create_database(postgres.url)
    try:
        yield Servers(opensearch, postgres, qdrant, database)
    finally:
        qdrant.stop()
        if not opensearch.is_running:
            opensearch.start()
        if postgres.process is None:
            postgres.start()
        drop_database(database)
