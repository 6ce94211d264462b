"""OpenSearch keeps the contract of a lexical engine, on a real server."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import pytest

from tandem.analysis import ENGLISH
from tandem.engines.opensearch_store import OpenSearchStore
from tandem.stores import LexicalStore
from tests.contracts.lexical_index_contract import LexicalIndexContract
from tests.services.opensearch.session import opensearch_url

RUN = uuid4().hex
"""Tests that share a server do not meet."""


class TestOpenSearch(LexicalIndexContract):
    """The engine of a server installation."""

    batches_are_atomic = False
    page_size = "tandem.engines.opensearch_index.VERSIONS_AT_ONCE"
    made: ClassVar[list[OpenSearchStore]] = []

    @classmethod
    def make_store(cls, folder: Path) -> LexicalStore:
        """Indexes in a namespace that belongs to the folder."""
        namespace = blake2b(f"{RUN}{folder}".encode(), digest_size=6).hexdigest()
        store = OpenSearchStore(
            f"opensearch+{opensearch_url()}", ENGLISH, namespace=f"test-{namespace}"
        )
        cls.made.append(store)
        return store

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def cleaned(cls) -> Iterator[None]:
        """Nothing is left on the server."""
        yield
        for store in cls.made:
            for name in store.names():
                store.drop(name)
            store.close()
        cls.made.clear()
