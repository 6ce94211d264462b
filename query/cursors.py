"""Cursors: what asks for the next page.

That of a search is the random id of its frozen ranking and an offset, 20 bytes: it cannot be
guessed and says nothing. That of browsing, where nothing is frozen, is a place in the sorted list,
with a digest of the filter and the order that it belongs to.
"""

import base64
import binascii
import json
import math
import secrets
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from tandem.errors import BadCursor
from tandem.lexical import Place
from tandem.queries import Query, Sort

ID_BYTES, OFFSET_BYTES = 16, 4
MARK = "b."
"""What a cursor of browsing begins with."""

LONGEST = 2_048
"""Characters; a document_id of 512 bytes makes about a thousand."""

LARGEST = 2**63
MOST_SEEN = 2**31


class RankingCursor(NamedTuple):
    """The page of a frozen ranking that begins after ``offset`` hits; the id is 32 hex digits."""

    ranking_id: str
    offset: int

    def written(self) -> str:
        """As text, 27 characters."""
        return _encoded(bytes.fromhex(self.ranking_id) + self.offset.to_bytes(OFFSET_BYTES))


class BrowsingCursor(NamedTuple):
    """The page of a sorted list that begins after a place; ``seen`` documents stand up to it."""

    place: Place
    seen: int

    def written(self, query: Query, sort: Sort) -> str:
        """As text, for the list that the query's filters leave in that order."""
        content = [
            self.place.value,
            self.place.document_id,
            self.seen,
            _digest(self, query, sort),
        ]
        return MARK + _encoded(orjson.dumps(content))


def new_ranking_id() -> str:
    """A fresh random identifier, 32 hex digits."""
    return secrets.token_hex(ID_BYTES)


def ranking_cursor(query: Query) -> RankingCursor | None:
    """The query's cursor, if it is one of a frozen ranking; ``None`` without one, or where it is
    one of browsing.

    Raises:
        BadCursor: it is none at all.
    """
    if query.cursor is None or query.cursor.startswith(MARK):
        return None
    content = _decoded(query.cursor)
    if len(content) != ID_BYTES + OFFSET_BYTES:
        raise _malformed()
    return RankingCursor(content[:ID_BYTES].hex(), int.from_bytes(content[ID_BYTES:]))


def browsing_cursor(query: Query, sort: Sort, *, is_float: bool) -> BrowsingCursor | None:
    """The query's cursor, if it has one. ``is_float``: the values of the sort field are.

    Raises:
        BadCursor: it is none of browsing, or belongs to another filter or order.
    """
    if query.cursor is None:
        return None
    if not query.cursor.startswith(MARK):
        raise _malformed()
    try:
        value, document_id, seen, digest = orjson.loads(_decoded(query.cursor[len(MARK) :]))
    except (ValueError, TypeError):
        raise _malformed() from None
    is_place = isinstance(document_id, str) and _is_count(seen) and _is_value(value, sort, is_float)
    if not is_place or not isinstance(digest, str):
        raise _malformed()
    cursor = BrowsingCursor(Place(value, document_id), seen)
    if digest != _digest(cursor, query, sort):
        raise BadCursor(
            "cursor: it was given for another filter or another sort",
            hint="give both as they were on the first page, or ask for the first page again",
        )
    return cursor


def canonical(data: Mapping[str, Any]) -> str:
    """A filter as JSON, whatever the order in which it was written."""
    return json.dumps(data, sort_keys=True, default=str, separators=(",", ":"))


def _digest(cursor: BrowsingCursor, query: Query, sort: Sort) -> str:
    filters = [canonical(query.filters), *([canonical(query.forced)] if query.forced else [])]
    listed = [*filters, sort.field, sort.is_descending, *cursor.place, cursor.seen]
    return blake2b(orjson.dumps(listed), digest_size=8).hexdigest()


def _is_count(seen: object) -> bool:
    return isinstance(seen, int) and not isinstance(seen, bool) and 0 < seen < MOST_SEEN


def _is_value(value: object, sort: Sort, is_float: bool) -> bool:
    """Whether it can stand in that list: an engine must not meet another one."""
    if value is None:
        return True
    if sort.field is None or isinstance(value, bool):
        return False
    if is_float:
        return isinstance(value, float) and math.isfinite(value)
    return isinstance(value, int) and -LARGEST <= value < LARGEST


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """The bytes of a text that ``_encoded`` could have written.

    Raises:
        BadCursor: it could not.
    """
    if len(text) > LONGEST or not text.isascii():
        raise _malformed()
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise _malformed() from None
    if _encoded(content) != text:
        raise _malformed()
    return content


def _malformed() -> BadCursor:
    return BadCursor(
        "cursor: it is not one that a reply to this kind of query has given",
        hint="give the cursor of the page before as it stands there, or none for the first page",
    )
