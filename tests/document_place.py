"""A catalogue without engines, for whoever reads and writes its documents."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from api.access import EVERYBODY, Caller
from api.asked_writes import AskedWrite
from api.bootstrap import House
from api.document_intake import DocumentIntake, Done
from api.founding import Founding
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.errors import TandemError
from tandem.schema import Schema
from tandem.settings import Settings

NAME = "main"
FIELDS = {"year": {"type": "integer"}, "kind": {"type": "keyword"}}


@dataclass
class Place:
    """Stands in for a ``House``: a collection has fields there and no index. ``made`` are the
    fields of the collections that were made, ``grown`` how often the log was said to have grown.
    """

    catalog: Catalog
    settings: Settings
    made: list[Schema] = field(default_factory=list)
    grown: int = 0

    def create_collection(self, name: str, schema: Schema) -> None:
        """See ``House``."""
        made = {"analysis": "a", "embedder": "e", "dimension": 4, "passage_tokens": 8}
        releases = self.catalog.releases
        generation = releases.create_generation(name, schema, **cast("Any", made))
        releases.promote(name, generation.number, parent=None)
        self.made.append(schema)

    def tell_growth(self) -> None:
        """See ``House``."""
        self.grown += 1

    @property
    def intake(self) -> DocumentIntake:
        """Over its log."""
        founding = Founding(cast("House", self), NAME)
        return DocumentIntake(self.catalog.documents, NAME, founding, self.tell_growth)

    def put(self, document_id: str, body: str, *, caller: Caller = EVERYBODY, **more: Any) -> Done:
        """Write a document of that body; ``if_sequence`` and attributes by name."""
        expected = more.pop("if_sequence", None)
        content = {"body": body, "attributes": more}
        return self.intake.write(AskedWrite("put", document_id, content, expected), caller)

    def bodies(self) -> Mapping[str, str]:
        """Id -> body, of all there is."""
        changes = self.catalog.documents.changes(NAME, 0, 1_000).changes
        return {item.document_id: item.document.body for item in changes if item.document}


@contextmanager
def place(folder: Path, fields: Mapping[str, Any] = FIELDS) -> Iterator[Place]:
    """An empty one; without any ``fields`` they are those of the first documents."""
    settings = Settings(data_dir=folder, fields=fields)
    catalog = Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "embeddings.sqlite"))
    try:
        yield Place(catalog, settings)
    finally:
        catalog.close()


def fault_of(done: Done | TandemError) -> str:
    """The code of what was refused."""
    assert isinstance(done, TandemError), done
    return done.code
