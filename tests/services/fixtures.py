"""Fixtures with real servers; a test module imports those it uses."""

import atexit
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import pytest
import sqlalchemy as sa

from tests.services.opensearch.session import opensearch_url
from tests.services.postgres import (
    GIVEN,
    create_database,
    drop_database,
    empty_database,
    private_node,
)

_STARTED = ExitStack()
atexit.register(_STARTED.close)


@pytest.fixture(scope="session")
def opensearch() -> str:
    """The HTTP URL of the session's OpenSearch; the same however many modules import this."""
    return opensearch_url()


@cache
def _postgres() -> sa.URL:
    given = os.environ.get(GIVEN)
    return sa.make_url(given) if given else _STARTED.enter_context(private_node()).url


@pytest.fixture(scope="session")
def postgres_server() -> sa.URL:
    """A running PostgreSQL: the one named by ``TANDEM_TEST_POSTGRES_URL``, or a private one."""
    return _postgres()


@cache
def _spare() -> list[sa.URL]:
    """Empty databases, for whoever wants one next."""
    return []


@contextmanager
def empty_postgres(server: sa.URL) -> Iterator[sa.URL]:
    """A database on it that holds nothing; another test may have had it before."""
    if not _spare():
        made = create_database(server)
        _STARTED.callback(drop_database, made)
        _spare().append(made)
    url = _spare().pop()
    yield url
    empty_database(url)
    _spare().append(url)


@pytest.fixture
def postgres_url(postgres_server: sa.URL) -> Iterator[sa.URL]:
    """An empty database on it."""
    with empty_postgres(postgres_server) as url:
        yield url
