"""Fixtures with real servers; a test module imports those it uses."""

import atexit
import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest
import sqlalchemy as sa

from tests.services.opensearch.session import opensearch_url
from tests.services.postgres import GIVEN, create_database, drop_database, private_node

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


@pytest.fixture
def postgres_url(postgres_server: sa.URL) -> Iterator[sa.URL]:
    """A fresh database on it."""
    url = create_database(postgres_server)
    yield url
    drop_database(url)
