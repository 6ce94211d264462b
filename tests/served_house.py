"""The HTTP application over a small house of real embedded engines, in process."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.bootstrap import House
from api.serving import Serving
from api.web import create_web
from tandem.documents import Document
from tandem.settings import Settings
from tests.e2e.shop import until
from tests.owned_house import NAME, at_work, owned, settings_in

FIELDS = {
    "note": {"type": "text"},
    "kind": {"type": "keyword"},
    "year": {"type": "integer"},
    "price": {"type": "float"},
    "sold": {"type": "boolean"},
    "made": {"type": "datetime"},
}


def documents() -> list[Document]:
    """Thirty documents with a value in every field, and one whose id needs escaping."""
    ids = [*(f"d{number}" for number in range(1, 30)), "a/b c?d"]
    return [
        Document(
            document_id,
            f"Title {number}",
            f"snow and text word{number}",
            {
                "note": f"mark{number}",
                "kind": "even" if number % 2 == 0 else "odd",
                "year": 1_990 + number,
                "price": number / 4,
                "sold": number % 3 == 0,
                "made": f"2026-01-{1 + number % 28:02}T00:00:00Z",
            },
        )
        for number, document_id in enumerate(ids, start=1)
    ]


def settings_for(folder: Path, **values: Any) -> Settings:
    """Every kind of field."""
    return settings_in(folder, fields=FIELDS, **values)


@contextmanager
def served(folder: Path, **values: Any) -> Iterator[tuple[House, TestClient]]:
    """The house, its documents indexed, and what asks the application over it."""
    with owned(settings_for(folder, **values)) as house, at_work(house):
        house.catalog.documents.append(NAME, "test", documents())
        collection = house.collection(NAME)
        until(lambda: collection.behind == 0)
        with closing(Serving(house)) as serving:
            yield house, TestClient(create_web(serving))
