"""From a record to a document, or to a rejection that names place, field and reason."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from indexer.sources.records import (
    WHOLE_RECORD,
    Broken,
    Place,
    Record,
    escaped,
    excerpt,
    shown_name,
)
from indexer.sources.values import attribute_value, from_text, kind_of_texts, text_value
from tandem.documents import MAXIMUM_ID_BYTES, AttributeValue, Document
from tandem.errors import FieldError
from tandem.fields import parse_datetime, typed_value
from tandem.schema import Schema

ID_NAMES = ("id", "_id", "document_id")
BODY_NAMES = ("body", "text")
CORE_NAMES = frozenset({*ID_NAMES, *BODY_NAMES, "title", "updated_at"})
"""What a record says about the document itself; everything else in it is an attribute."""

MAXIMUM_TITLE_CHARACTERS = 2_000
MAXIMUM_BODY_CHARACTERS = 1_000_000
MAXIMUM_ATTRIBUTES = 200
MAXIMUM_NAME_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that is not indexed, and why. All of it can be written as UTF-8.

    A reason puts what differs from record to record after ", found ", ": " or ", first seen ", so
    that equal faults can be counted together.
    """

    place: Place
    field: str
    reason: str
    excerpt: str


class Validator:
    """Checks records against one schema. Holds no state: every record is judged alone."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fields = schema.by_name

    def unindexed(self, document: Document) -> Set[str]:
        """The attributes that are kept with the document, but that no index knows."""
        return document.attributes.keys() - self._fields.keys()

    def document(self, item: Record | Broken) -> Document | Rejection:
        """The document that the record describes, or why there is none; never an exception."""
        if isinstance(item, Broken):
            return Rejection(item.place, item.field, item.reason, item.raw_excerpt)
        try:
            return self._document(self._present(item))
        except FieldError as error:
            reason = f"{error.reason}; {error.hint}" if error.hint else error.reason
            shown = excerpt(item.fields.get(error.field, item.fields))
            return Rejection(item.place, shown_name(error.field), escaped(reason), shown)

    def _present(self, record: Record) -> dict[str, Any]:
        """The record's values without the missing ones, text typed where text is all there is."""
        if not record.textual:
            return {name: value for name, value in record.fields.items() if value is not None}
        fields = self._fields
        return {
            name: from_text(fields[name].type, text)
            if name in fields and name not in CORE_NAMES
            else text
            for name, text in record.fields.items()
            if text and not text.isspace()
        }

    def _document(self, fields: dict[str, Any]) -> Document:
        document_id = _identifier(fields)
        title = text_value("title", fields.pop("title", ""), MAXIMUM_TITLE_CHARACTERS)
        body = _body(fields)
        if not body.strip() and not title.strip():
            raise FieldError("body", "title and body are both empty; expected text in one of them")
        updated_at = _updated_at(fields.pop("updated_at", None))
        return Document(document_id, title, body, self._attributes(fields), updated_at)

    def _attributes(self, fields: Mapping[str, Any]) -> dict[str, AttributeValue]:
        if len(fields) > MAXIMUM_ATTRIBUTES:
            found = len(fields)
            reason = f"at most {MAXIMUM_ATTRIBUTES} attributes are allowed, found {found}"
            raise FieldError(WHOLE_RECORD, reason)
        attributes: dict[str, AttributeValue] = {}
        for name, sent in fields.items():
            field = self._fields.get(name)
            if field is None:
                self._check_unknown(name)
            value = attribute_value(name, sent)
            if field is not None:
                typed_value(field, value)
            attributes[name] = value
        return attributes

    def _check_unknown(self, name: str) -> None:
        if not self._schema.open:
            hint = self._schema.near_miss(name)
            raise FieldError(name, "is not a field of this collection", hint=hint)
        if not name:
            raise FieldError(WHOLE_RECORD, "an attribute without a name")
        if len(name) > MAXIMUM_NAME_CHARACTERS:
            limit = MAXIMUM_NAME_CHARACTERS
            raise FieldError(name, f"a name of more than {limit} characters, found {len(name)}")
        text_value(name, name, MAXIMUM_NAME_CHARACTERS)


class DuplicateGuard:
    """Lets each document id pass once a run. Remembers every id it has let pass."""

    def __init__(self) -> None:
        self._seen: dict[str, Place] = {}

    def __contains__(self, document_id: str) -> bool:
        """Whether a document of this id was let pass."""
        return document_id in self._seen

    def check(self, document: Document, place: Place) -> Rejection | None:
        """``None`` for the first document of this id, a rejection for every later one."""
        document_id = document.document_id
        first = self._seen.setdefault(document_id, place)
        if first is place:
            return None
        reason = escaped(f"duplicate id, first seen at {first}")
        return Rejection(place, "id", reason, excerpt(document_id))


def validated(
    items: Iterable[Record | Broken], validator: Validator, guard: DuplicateGuard
) -> Iterator[Document | Rejection]:
    """Exactly one outcome an item, in order. One ``guard`` serves all sources of a run."""
    for item in items:
        outcome = validator.document(item)
        if isinstance(outcome, Document):
            yield guard.check(outcome, item.place) or outcome
        else:
            yield outcome


def sample_attributes(items: Iterable[Record | Broken]) -> list[Mapping[str, AttributeValue]]:
    """Each readable record's attributes, for ``tandem.schema.infer_schema``.

    A CSV column is typed by all its values in the sample: whole numbers, numbers, ``true false
    yes no``, else text, split at ``|``. Values that validation would refuse are left out.
    """
    records = [item for item in items if isinstance(item, Record)]
    columns: dict[str, list[str]] = {}
    for record in records:
        for name, text in record.fields.items() if record.textual else ():
            if text.strip():
                columns.setdefault(name, []).append(text)
    kinds = {name: kind_of_texts(texts) for name, texts in columns.items()}
    samples: list[Mapping[str, AttributeValue]] = []
    for record in records:
        fields: Mapping[str, Any] = record.fields
        if record.textual:
            fields = {
                name: from_text(kinds[name], text) for name, text in fields.items() if text.strip()
            }
        samples.append(_usable(fields))
    return samples


def _usable(fields: Mapping[str, Any]) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {}
    for name, sent in fields.items():
        if name in CORE_NAMES or sent is None:
            continue
        try:
            attributes[name] = attribute_value(name, sent)
        except FieldError:
            continue
    return attributes


def _identifier(fields: dict[str, Any]) -> str:
    given = [name for name in ID_NAMES if name in fields]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise FieldError("id", f"expected one of {', '.join(ID_NAMES)}, found {found}")
    name = given[0]
    value = fields.pop(name)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**64:
        return str(value)
    if not isinstance(value, str):
        kind = type(value).__name__
        raise FieldError(name, f"expected text or a whole number of 64 bits, found {kind}")
    # no text above the limit in characters is below it in bytes
    text = text_value(name, value, MAXIMUM_ID_BYTES)
    if len(text.encode()) > MAXIMUM_ID_BYTES:
        raise FieldError(name, f"at most {MAXIMUM_ID_BYTES} bytes of UTF-8 are allowed")
    if not text.strip():
        raise FieldError(name, "is blank")
    if not text.isprintable() and any(_is_control(character) for character in text):
        raise FieldError(name, "a control character, which an id may not hold")
    return text


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f"


def _body(fields: dict[str, Any]) -> str:
    given = [name for name in BODY_NAMES if name in fields]
    if len(given) > 1:
        raise FieldError("body", "body and text are both given; expected one of them")
    if not given:
        return ""
    return text_value(given[0], fields.pop(given[0]), MAXIMUM_BODY_CHARACTERS)


def _updated_at(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        text_value("updated_at", value, MAXIMUM_TITLE_CHARACTERS)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    return parse_datetime("updated_at", value)
