"""What the client sends: batches that follow from the seed and their number alone.

So the process that dies and the one that keeps the books need to share nothing else.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tandem.documents import Document
from tandem.fields import Field, FieldType
from tandem.schema import Schema

SOURCE = "client"
DOCUMENTS = 40
VERSIONS = 6
BLANK_SHARE = 0.04
DELETE_SHARE = 0.3
NEW_SHARE = 0.3
FIELDS = Schema.of([Field("kind", FieldType.KEYWORD), Field("size", FieldType.INTEGER)])
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Batch:
    """One call of the client: documents to write, or ids to delete."""

    number: int
    collection: str
    upserts: tuple[Document, ...] = ()
    deletes: tuple[str, ...] = ()


def batch(seed: int, number: int, collection: str) -> Batch:
    """The batch of that number; the few versions of a document make some of it unchanged."""
    chance = random.Random(f"{seed}/{number}")
    ids = [f"d{index}" for index in chance.sample(range(DOCUMENTS), chance.randint(1, 14))]
    if chance.random() < DELETE_SHARE:
        return Batch(number, collection, deletes=tuple(ids))
    return Batch(number, collection, upserts=tuple(_document(chance, name, number) for name in ids))


def _document(chance: random.Random, document_id: str, number: int) -> Document:
    """Its length, and so its number of passages, differs wildly from version to version.

    Few versions make unchanged documents likely, the new ones give the embedder something to do.
    """
    is_new = chance.random() < NEW_SHARE
    version = VERSIONS + number if is_new else chance.randrange(VERSIONS)
    content = random.Random(f"{document_id}/{version}")
    words = content.choice((3, 20, 60, 200))
    body = " ".join(f"w{content.randrange(500)}" for _ in range(words))
    if content.random() < BLANK_SHARE:
        return Document(document_id, " ", "\n", {"kind": "blank"})
    attributes = {"kind": content.choice(("a", "b")), "size": words}
    moment = _START + timedelta(seconds=content.randrange(10**6))
    return Document(document_id, f"title {document_id} v{version}", body, attributes, moment)
