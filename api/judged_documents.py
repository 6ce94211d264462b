"""What an evaluation shows of documents: out of the catalogue, without asking any engine."""

from collections import Counter
from collections.abc import Collection, Mapping
from functools import cached_property

from tandem.behaviour import Deed
from tandem.catalog.catalog import Catalog
from tandem.documents import Document

AT_ONCE = 10_000
"""So many rows of the event log are read together."""


class JudgedDocuments:
    """Titles, texts and how well people know them, of one collection."""

    def __init__(self, catalog: Catalog, collection: str) -> None:
        self._catalog = catalog
        self._collection = collection

    def titles(self, document_ids: Collection[str]) -> Mapping[str, str]:
        """By id; one that has no title, or is not there, is left out."""
        found = self._documents(document_ids)
        return {name: item.title for name, item in found.items() if item.title}

    def texts(self, document_ids: Collection[str]) -> Mapping[str, str]:
        """Title and body by id."""
        found = self._documents(document_ids)
        return {name: f"{item.title} {item.body}" for name, item in found.items()}

    def counts(self, document_ids: Collection[str]) -> Mapping[str, int]:
        """How often people did something with each."""
        return {name: self._deeds[name] for name in document_ids}

    @property
    def are_known(self) -> bool:
        """Whether people did anything with any document."""
        return bool(self._deeds)

    @cached_property
    def _deeds(self) -> Counter[str]:
        log, counts, after = self._catalog.events.behaviour(self._collection), Counter[str](), 0
        while True:
            rows, through = log.rows(after, AT_ONCE)
            counts.update(
                row.document_id for row in rows if isinstance(row, Deed) and row.document_id
            )
            if through == after:
                return counts
            after = through

    def _documents(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        return self._catalog.documents.documents(self._collection, sorted(document_ids))
