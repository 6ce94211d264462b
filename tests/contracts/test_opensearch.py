"""OpenSearch keeps the contract of a lexical engine, on a real server."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tandem.engines.opensearch_store import OpenSearchStore
from tandem.stores import LexicalStore
from tests.contracts.lexical_index_contract import LexicalIndexContract
from tests.contracts.opensearch_stores import emptied, store_for


class TestOpenSearch(LexicalIndexContract):
    """The engine of a server installation."""

    batches_are_atomic = False
    page_size = "tandem.engines.opensearch_index.VERSIONS_AT_ONCE"
    made: ClassVar[list[OpenSearchStore]] = []

    @classmethod
    def make_store(cls, folder: Path) -> LexicalStore:
        """Indexes in a namespace that belongs to the folder."""
        store = store_for(folder)
        cls.made.append(store)
        return store

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def left_clean(cls) -> Iterator[None]:
        """Nothing is left on the server."""
        yield
        cls._empty(0)

    @pytest.fixture(autouse=True)
    def tidied(self, left_clean: None) -> Iterator[None]:
        """Each test's own indexes go at its end; those of the whole class were made before it."""
        before = len(self.made)
        yield
        self._empty(before)

    @classmethod
    def _empty(cls, first: int) -> None:
        while len(cls.made) > first:
            emptied(cls.made.pop())
