"""Cursors: written and read back; whatever else is sent is refused as one thing."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.cursors import (
    BrowsingCursor,
    RankingCursor,
    browsing_cursor,
    canonical,
    new_ranking_id,
    ranking_cursor,
)
from tandem.errors import BadCursor
from tandem.lexical import Place
from tandem.queries import Query, Sort

FILTERS = {"kind": ["a", "b"], "year": {"gte": 1990}}
SORT = Sort("year", is_descending=True)
PLACE = Place(1990, "d1")
LISTED = Query("", filters=FILTERS)


def asking(cursor: str | None, **values: Any) -> Query:
    """A query for the page of a cursor."""
    return Query("", cursor=cursor, **{"filters": FILTERS, **values})


@given(st.binary(min_size=16, max_size=16), st.integers(0, 2**32 - 1))
def test_a_ranking_cursor_is_read_back(ranking_id: bytes, offset: int) -> None:
    """27 characters that may stand in an address."""
    cursor = RankingCursor(ranking_id.hex(), offset)
    written = cursor.written()
    assert ranking_cursor(asking(written)) == cursor
    assert len(written) == 27
    assert all(character.isalnum() or character in "-_" for character in written)


def test_ranking_ids_are_random() -> None:
    """And fit into a cursor."""
    ids = {new_ranking_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(RankingCursor(ranking_id, 10).written() for ranking_id in ids)


@given(st.none() | st.integers(-(2**63), 2**63 - 1), st.text(max_size=50), st.integers(1, 10**6))
def test_a_browsing_cursor_is_read_back(value: int | None, document_id: str, seen: int) -> None:
    """With the same filter, however it is written, and the same sort."""
    cursor = BrowsingCursor(Place(value, document_id), seen)
    written = cursor.written(LISTED, SORT)
    turned = dict(reversed(FILTERS.items()))
    query = asking(written, filters=turned)
    assert ranking_cursor(query) is None
    assert browsing_cursor(query, SORT, is_float=False) == cursor


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_fractions_are_read_back(value: float) -> None:
    """To the last bit, whole ones too."""
    cursor = BrowsingCursor(Place(value, "d"), 3)
    read = browsing_cursor(asking(cursor.written(LISTED, SORT)), SORT, is_float=True)
    assert read == cursor
    assert isinstance(read.place.value, float)


@pytest.mark.parametrize(
    ("filters", "sort"),
    [
        ({}, SORT),
        ({**FILTERS, "kind": ["a"]}, SORT),
        (FILTERS, Sort("year")),
        (FILTERS, Sort()),
        (FILTERS, Sort("month", is_descending=True)),
    ],
)
def test_a_cursor_of_another_list(filters: dict[str, Any], sort: Sort) -> None:
    """The error says what must be the same."""
    written = BrowsingCursor(PLACE, 10).written(LISTED, SORT)
    if sort.field is None:
        written = BrowsingCursor(Place(None, "d"), 10).written(LISTED, SORT)
    with pytest.raises(BadCursor, match="another filter or another sort") as raised:
        browsing_cursor(asking(written, filters=filters), sort, is_float=False)
    assert (raised.value.field, raised.value.code) == ("cursor", "bad_cursor")


def test_a_cursor_of_another_key() -> None:
    """Who may see something else does not go on in somebody's list, nor do they in theirs."""
    own = {"tenant": "a"}
    written = BrowsingCursor(PLACE, 10).written(Query("", filters=FILTERS, forced=own), SORT)
    assert browsing_cursor(asking(written, forced=own), SORT, is_float=False) is not None
    for forced in ({}, {"tenant": "b"}):
        with pytest.raises(BadCursor, match="another filter"):
            browsing_cursor(asking(written, forced=forced), SORT, is_float=False)
    plain = BrowsingCursor(PLACE, 10).written(LISTED, SORT)
    with pytest.raises(BadCursor, match="another filter"):
        browsing_cursor(asking(plain, forced=own), SORT, is_float=False)


def encoded(content: bytes) -> str:
    """As cursors are."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


FORGED = [
    "", " ", "x", "nonsense!", "é", "\ud800", "\0", "A" * 26, "A" * 28, "A" * 100_000,
    "' OR 1=1 --", "../../etc/passwd", '{"match_all":{}}', "AAAA+AAA/AAAAAAAAAAAAAAAAAA",
    "A" * 26 + "B", "A" * 27 + "=",
]  # fmt: skip


@pytest.mark.parametrize("text", FORGED)
def test_what_is_no_cursor(text: str) -> None:
    """Of either kind, with the mark or without."""
    with pytest.raises(BadCursor):
        ranking_cursor(asking(text))
    for cursor in (text, f"b.{text}"):
        with pytest.raises(BadCursor):
            browsing_cursor(asking(cursor), SORT, is_float=False)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"3", b"null", b'"four"', b"\xff", b"{", b"[1,2,3]",
        b'{"a":1,"b":2,"c":3,"d":4}',
        b'["x","d",1,"q"]', b'[1.5,"d",1,"q"]', b'[true,"d",1,"q"]', b'[1,2,1,"q"]',
        b'[1,"d",0,"q"]', b'[1,"d",-1,"q"]', b'[1,"d",true,"q"]', b'[1,"d",1e99,"q"]',
        b'[1,"d",1,2]', b'[1,"\\ud800",1,"q"]', b'[99999999999999999999999,"d",1,"q"]',
        b'[[1],"d",1,"q"]', b'[1,"d",99999999999,"q"]',
    ],
)  # fmt: skip
def test_forged_places(content: bytes) -> None:
    """No engine meets a value that it would choke on."""
    with pytest.raises(BadCursor):
        browsing_cursor(asking(f"b.{encoded(content)}"), SORT, is_float=False)


@pytest.mark.parametrize(
    ("value", "sort", "is_float"),
    [(1, SORT, True), (1.0, SORT, False), (1, Sort(), False), (2**63, SORT, False)],
)
def test_a_value_of_another_type(value: float, sort: Sort, is_float: bool) -> None:
    """Even with the digest that belongs to it: nothing in it is secret."""
    written = BrowsingCursor(Place(value, "d"), 1).written(LISTED, sort)
    with pytest.raises(BadCursor, match="is not one that a reply"):
        browsing_cursor(asking(written), sort, is_float=is_float)


def test_a_place_cannot_be_exchanged() -> None:
    """The digest covers it, so that a cursor that was cut or mended by hand is told of."""
    written = BrowsingCursor(PLACE, 10).written(LISTED, SORT)
    content = orjson.loads(base64.urlsafe_b64decode(written[2:] + "=="))
    for index, other in enumerate((1991, "d2", 11)):
        changed = [*content]
        changed[index] = other
        cursor = f"b.{encoded(orjson.dumps(changed))}"
        with pytest.raises(BadCursor):
            browsing_cursor(asking(cursor), SORT, is_float=False)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """There is no other error."""
    for prefix in ("", "b."):
        try:
            ranking_cursor(asking(prefix + text))
            browsing_cursor(asking(prefix + text), SORT, is_float=False)
        except BadCursor as error:
            assert "cursor" in str(error)  # noqa: PT017 - nearly all are refused, not all


def test_no_cursor_asks_for_the_first_page() -> None:
    """Of either kind."""
    assert ranking_cursor(asking(None)) is None
    assert browsing_cursor(asking(None), SORT, is_float=False) is None


def test_the_canonical_filter() -> None:
    """The order of its entries says nothing, that of a list is kept."""
    assert canonical({"b": 1, "a": [2, 1]}) == canonical({"a": [2, 1], "b": 1})
    assert canonical({"a": [1, 2]}) != canonical({"a": [2, 1]})
