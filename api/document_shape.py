"""A document as it goes over HTTP, and how it is read: by the same rules as a record of a file."""

from collections.abc import Mapping
from typing import Any, NoReturn

from api.answers import BODY, TITLE, UPDATED_AT
from api.bodies import kind_of
from api.near_miss import near_miss
from indexer.sources.records import WHOLE_RECORD, Place, Record
from indexer.validation import CORE_NAMES, Rejection, Validator
from tandem.documents import Document
from tandem.errors import InputError
from tandem.fields import datetime_text
from tandem.schema import Schema

ATTRIBUTES = "attributes"
PARTS = (TITLE, BODY, ATTRIBUTES, UPDATED_AT)
"""What a document has over HTTP."""

HERE = Place("http")
ID_FIELD, ID_NAME = "id", "document_id"


class BadDocument(InputError):
    """A document is not one of its collection; ``field`` is the place in it."""

    code = "bad_document"

    def __init__(self, field: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}", hint=hint)
        self.field = field


def told(document: Document) -> dict[str, Any]:
    """The document as data, with every part: what is told of one can be sent again."""
    updated_at = document.updated_at
    return {
        TITLE: document.title,
        BODY: document.body,
        ATTRIBUTES: dict(document.attributes),
        UPDATED_AT: datetime_text(updated_at) if updated_at else None,
    }


def record_of(document_id: str, content: Mapping[str, Any]) -> Record:
    """The document that was sent, as a record: null is as good as nothing.

    Raises:
        BadDocument: it has another part, or an attribute of a name that is the document's own.
    """
    for name in content:
        if name not in PARTS:
            raise BadDocument(name, "is no part of a document", hint=near_miss(name, PARTS))
    attributes = content.get(ATTRIBUTES)
    if attributes is None:
        attributes = {}
    if not isinstance(attributes, dict):
        raise BadDocument(ATTRIBUTES, f"expected an object, found {kind_of(attributes)}")
    for name in attributes:
        if name in CORE_NAMES:
            reason = "is a name of the document's own, no attribute may have it"
            raise BadDocument(f"{ATTRIBUTES}.{name}", reason, hint="call it otherwise")
    own = {name: content[name] for name in (TITLE, BODY, UPDATED_AT) if name in content}
    return Record(HERE, {ID_FIELD: document_id, **own, **attributes})


def read_document(document_id: str, content: Mapping[str, Any], schema: Schema) -> Document:
    """The document that was sent.

    Raises:
        BadDocument: it is none of a collection of these fields.
    """
    for name in content:
        if name not in PARTS and name in schema.by_name:
            raise BadDocument(name, "is an attribute", hint=f"send it inside {ATTRIBUTES!r}")
    outcome = Validator(schema).document(record_of(document_id, content))
    return outcome if isinstance(outcome, Document) else _refuse(outcome)


def _refuse(rejection: Rejection) -> NoReturn:
    """The same, with the place in what was sent."""
    name = rejection.field
    places = {ID_FIELD: ID_NAME, WHOLE_RECORD: ATTRIBUTES}
    if name not in PARTS and name not in places:
        places[name] = f"{ATTRIBUTES}.{name}"
    raise BadDocument(places.get(name, name), rejection.reason)


def merged(target: Any, patch: Any) -> Any:
    """What a JSON merge patch makes of a value (RFC 7396): null takes away, an object is merged,
    anything else stands in the place of what was there.
    """
    if not isinstance(patch, dict):
        return patch
    kept = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = merged(kept.get(name), value)
    return kept
