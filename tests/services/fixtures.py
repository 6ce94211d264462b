"""Fixtures with real servers; a test module imports those it uses."""

import pytest

from tests.services.opensearch.session import opensearch_url


@pytest.fixture(scope="session")
def opensearch() -> str:
    """The HTTP URL of the session's OpenSearch; the same however many modules import this."""
    return opensearch_url()
