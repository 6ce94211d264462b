"""The fields by which documents are read, and a collection made for the first of them."""

import threading
from collections.abc import Callable, Sequence

from api.bootstrap import House
from indexer.sources.records import Record
from indexer.validation import Validator, sample_attributes
from tandem.documents import Document
from tandem.errors import CatalogError, SearchUnavailable, TandemError
from tandem.schema import Schema, infer_schema
from tandem.telemetry import logger

SAMPLED_RECORDS = 10_000
"""How many of the first records the fields are inferred from where none are declared."""


class Founding:
    """Knows the fields of a collection, and makes it where there is none yet. Thread-safe."""

    def __init__(
        self, house: House, name: str, founded: Callable[[], object] = lambda: None
    ) -> None:
        """``founded`` is called when it has made the collection; what fails there is logged."""
        self._house = house
        self._founded = founded
        self._name = name
        self._making = threading.Lock()
        self._known: tuple[int, Schema] | None = None

    def schema(self) -> Schema | None:
        """The fields of the live release; ``None`` where there is no collection.

        Raises:
            CatalogError: the catalogue does not say what is live.
        """
        releases = self._house.catalog.releases
        live = releases.live(self._name)
        if live is None:
            return None
        known = self._known
        if known is None or known[0] != live.generation:
            known = (live.generation, releases.generation(live.generation).schema)
            self._known = known
        return known[1]

    def is_to_be_inferred(self) -> bool:
        """Whether the first documents will say which fields there are."""
        return self._house.settings.declared_schema() is None and self.schema() is None

    def found(self, records: Sequence[Record]) -> Schema:
        """The fields of the collection. Where there is none it is made, with the fields that are
        declared, or with those that the records have; but not where none of them is a document.

        Raises:
            CatalogError: the catalogue does not take it.
            SearchUnavailable: it cannot be made now, as the embedding model cannot be had.
        """
        with self._making:
            known = self.schema()
            if known is not None:
                return known
            declared = self._house.settings.declared_schema()
            sample = records[:SAMPLED_RECORDS]
            schema = declared or infer_schema(sample_attributes(sample))
            validator = Validator(schema)
            if any(isinstance(validator.document(record), Document) for record in records):
                self._make(schema)
                return self.schema() or schema
            return schema

    def _make(self, schema: Schema) -> None:
        try:
            self._house.create_collection(self._name, schema)
        except CatalogError:
            raise
        except TandemError as error:
            logger("api").warning("the collection %r cannot be made: %s", self._name, error)
            raise SearchUnavailable(
                f"the collection {self._name!r} cannot be made now; nothing was kept",
                hint="send it again later; the log of tandem serve says why",
            ) from error
        try:
            self._founded()
        except TandemError as error:  # the collection is there all the same
            logger("api").warning("the new collection %r is not taken up: %s", self._name, error)
