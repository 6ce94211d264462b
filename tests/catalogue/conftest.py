"""One suite for every database that a catalogue may live in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, writing
from tandem.catalog.event_log import EventLog
from tandem.catalog.event_tables import EVENT_HEAD, EVENT_LOG
from tests.services.fixtures import empty_postgres, postgres_server, postgres_url
from tests.services.postgres import PostgresNode, create_database, drop_database, private_node

__all__ = ["postgres_server", "postgres_url"]

Open = Callable[[], Catalog]


@pytest.fixture
def second_postgres_url(postgres_server: sa.URL) -> Iterator[sa.URL]:
    """Another one beside it."""
    with empty_postgres(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def node() -> Iterator[PostgresNode]:
    """A server that the module's tests may stop, kill and pause; they leave it running."""
    with private_node() as made:
        yield made


@pytest.fixture
def node_url(node: PostgresNode) -> sa.URL:
    """A fresh database on it."""
    return create_database(node.url)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> sa.URL:
    """An empty place for a catalogue, in each kind of database."""
    if request.param == "sqlite":
        return file_url(tmp_path / "documents.sqlite")
    found: sa.URL = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def open_catalog(url: sa.URL, tmp_path: Path) -> Iterator[Open]:
    """Opens the catalogue there, as often as wanted; all are closed afterwards."""
    opened: list[Catalog] = []

    def open_once() -> Catalog:
        opened.append(Catalog(url, file_url(tmp_path / "embeddings.sqlite")))
        return opened[-1]

    yield open_once
    for catalog in opened:
        catalog.close()


@pytest.fixture
def catalog(open_catalog: Open) -> Catalog:
    """An empty catalogue."""
    return open_catalog()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Catalog]:
    """One catalogue for the tests that want no more than an empty log: a database takes its time
    to be made.
    """
    folder = tmp_path_factory.mktemp("catalogue")
    url = file_url(folder / "documents.sqlite")
    if request.param == "postgresql":
        url = create_database(request.getfixturevalue("postgres_server"))
    catalog = Catalog(url, file_url(folder / "embeddings.sqlite"))
    yield catalog
    catalog.close()
    if request.param == "postgresql":
        drop_database(url)


@pytest.fixture
def log(shared: Catalog) -> EventLog:
    """An empty log."""
    with writing(shared.events.engine) as connection:
        for table in EVENT_LOG.tables.values():
            if table is not EVENT_HEAD:
                connection.execute(table.delete())
        connection.execute(EVENT_HEAD.update().values(head=0))
    return shared.events
