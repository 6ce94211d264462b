"""Every lexical engine keeps the contract."""

from pathlib import Path

from tandem.engines.tantivy_store import TantivyStore
from tandem.stores import LexicalStore
from tests.contracts.lexical_index_contract import LexicalIndexContract


class TestTantivy(LexicalIndexContract):
    """The embedded engine."""

    page_size = "tandem.engines.tantivy_index.VERSIONS_PAGE"

    @classmethod
    def make_store(cls, folder: Path) -> LexicalStore:
        """Indexes in a folder."""
        return TantivyStore(folder)
