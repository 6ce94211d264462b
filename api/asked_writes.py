"""What somebody wants done to a document, judged beside what stands in the log."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from api.access import Caller, Forbidden
from api.document_shape import ATTRIBUTES, merged, read_document, told
from query.understanding import FORCED
from tandem.catalog.document_writes import Write
from tandem.documents import Change, Document
from tandem.errors import DocumentNotFound, InputError, SequenceConflict
from tandem.filters import AnyOf, Filter, field_values, matches, parse_filters
from tandem.schema import Schema

Action = Literal["put", "patch", "delete"]


class AskedWrite(NamedTuple):
    """What is to be done to a document. ``content`` is the document as data, the merge patch, or
    nothing; ``if_sequence`` the sequence at which it must stand, 0 for none.
    """

    action: Action
    document_id: str
    content: Mapping[str, Any] = {}
    if_sequence: int | None = None


class IdTaken(InputError):
    """Another document has that id, which the caller's key does not show."""

    code = "id_taken"


class Reader:
    """Reads and judges what one caller asks, by the fields of the collection."""

    def __init__(self, schema: Schema, caller: Caller) -> None:
        self._schema = schema
        self._sight: tuple[Filter, ...] = ()
        if caller.filter is not None:
            self._sight = parse_filters(caller.filter, schema, FORCED)

    @property
    def is_limited(self) -> bool:
        """Whether there may be documents that the caller may not know of."""
        return bool(self._sight)

    def needs_standing(self, asked: AskedWrite) -> bool:
        """Whether what is written depends on what stands."""
        return asked.action == "patch" or self.is_limited

    def shows(self, found: Change) -> bool:
        """Whether there is a document that the caller may know of; its attributes tell."""
        return found.document is not None and matches(found.document, self._sight)

    def write(self, asked: AskedWrite, found: Change | None) -> Write:
        """What is written. ``found`` is what stands, where that was asked for; whole, where it is
        to be patched.

        Raises:
            TandemError: it is refused.
        """
        if not self.needs_standing(asked):
            return Write(asked.document_id, self._version(asked, None), asked.if_sequence)
        before = found.document if found is not None and self.shows(found) else None
        is_hidden = before is None and found is not None and not found.is_delete
        if is_hidden and asked.action == "put":
            raise IdTaken(f"the id {asked.document_id!r} is taken", hint="choose another one")
        stands_at = found.sequence if found is not None and before is not None else 0
        if asked.if_sequence not in {None, stands_at}:
            raise conflict(asked, stands_at)
        if before is None and asked.action != "put":
            raise not_there(asked.document_id)
        return Write(asked.document_id, self._version(asked, before), stands_at)

    def _version(self, asked: AskedWrite, before: Document | None) -> Document | None:
        if asked.action == "delete":
            return None
        content = asked.content
        if before is not None and asked.action == "patch":
            content = merged(told(before), content)
        document = read_document(asked.document_id, content, self._schema)
        if not matches(document, self._sight):
            raise Forbidden(
                f"the key's filter leaves no such document as {document.document_id!r}",
                hint="give it what the filter asks for, or write it with another key",
            )
        self._refuse_sharing(document, before)
        return document

    def _refuse_sharing(self, document: Document, before: Document | None) -> None:
        """A list with a value of another key's filter would put the document into its sight."""
        for condition in self._sight:
            if not isinstance(condition, AnyOf):
                continue
            known = () if before is None else field_values(before, condition.field)
            allowed = {*condition.values, *known}
            if not allowed.issuperset(field_values(document, condition.field)):
                name = condition.field.name
                raise Forbidden(
                    f"{ATTRIBUTES}.{name} has more than the key's filter asks for",
                    hint="leave that out, or write it with another key",
                )


def not_there(document_id: str) -> DocumentNotFound:
    """What is told of a document that there is not."""
    return DocumentNotFound(f"there is no document {document_id!r}")


def conflict(asked: AskedWrite, stands_at: int) -> SequenceConflict:
    """What is told where a document stands at another sequence."""
    stands = f"stands at sequence {stands_at}" if stands_at else "does not exist"
    expected = f"at sequence {asked.if_sequence}" if asked.if_sequence else "not to exist"
    return SequenceConflict(
        f"the document {asked.document_id!r} {stands}, expected {expected}",
        hint="get it again, and decide by what it says now",
    )
