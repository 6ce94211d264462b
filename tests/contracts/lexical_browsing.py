"""Lists without a text: the documents under filters by value, page by page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tandem.analysis import ENGLISH
from tandem.errors import FieldError
from tandem.fields import to_microseconds
from tandem.lexical import LexicalIndex, Place
from tandem.queries import Sort
from tandem.stores import LexicalStore
from tests.builders import deletion, document, filters, schema_of, upserts
from tests.contracts import filters_oracle as oracle
from tests.contracts.lexical_base import IDENTITY, NAME, SCHEMA, TIMEOUT, LexicalContract, write

UP = Sort("year")
DOWN = Sort("year", is_descending=True)
BY_ID = Sort()


def browse(index: LexicalIndex, sort: Sort, limit: int = 100, **keywords: Any) -> list[Place]:
    """A page without the arguments that do not matter here."""
    return list(index.browse(sort, limit=limit, timeout_seconds=TIMEOUT, **keywords))


def pages(index: LexicalIndex, sort: Sort, limit: int, **keywords: Any) -> list[Place]:
    """Every page, one after the other, until one is not full."""
    places: list[Place] = []
    while True:
        after = places[-1] if places else None
        page = browse(index, sort, limit, after=after, **keywords)
        assert len(page) <= limit
        places += page
        if len(page) < limit:
            return places


def sorted_places(data: Mapping[str, Any], sort: Sort) -> list[Place]:
    """The oracle's list of its own documents under a filter."""
    documents = oracle.sample_documents(300, seed=3)
    under = oracle.matching_ids(documents, data)
    places = [
        Place(_value(item.attributes.get(sort.field or "")), item.document_id)
        for item in documents
        if item.document_id in under
    ]
    sign = -1 if sort.is_descending else 1
    return sorted(
        places,
        key=lambda place: (place.value is None, sign * (place.value or 0), place.document_id),
    )


def _value(held: Any) -> int | float | None:
    return to_microseconds(datetime.fromisoformat(held)) if isinstance(held, str) else held


class BrowsingContract(LexicalContract):
    """Browsing."""

    @example(data={}, sort=Sort("price", is_descending=True), limit=1)
    @example(data={}, sort=Sort("seen_at"), limit=300)
    @example(data={"not": {"open": True}}, sort=Sort(), limit=7)
    @given(
        data=oracle.filter_data(depth=1),
        sort=st.sampled_from(
            [Sort(), *(Sort(name, down) for name in oracle.ORDERED for down in (False, True))]
        ),
        limit=st.sampled_from([3, 10, 29, 30, 100, 1_000]),
    )
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_pages_together_are_the_sorted_list(
        self, filtered: LexicalIndex, data: dict[str, Any], sort: Sort, limit: int
    ) -> None:
        """Of few distinct values and many missing ones, whatever the page's size and the filter."""
        expected = sorted_places(data, sort)
        assert pages(filtered, sort, limit, filters=filters(oracle.SCHEMA, data)) == expected

    def test_equal_values_by_id_and_missing_ones_last(self, index: LexicalIndex) -> None:
        """In both directions, whatever the order of indexing and of commits."""
        years = {"m": 2, "c": 1, "z": None, "a": 2, "k": None, "b": 0, "d": 1}
        for sequence, (name, year) in enumerate(years.items(), start=1):
            held: dict[str, Any] = {} if year is None else {"year": year}
            write(index, upserts([document(name, "zebra", **held)], sequence))
        last = [Place(None, "k"), Place(None, "z")]
        rising = [Place(0, "b"), Place(1, "c"), Place(1, "d"), Place(2, "a"), Place(2, "m")]
        falling = [Place(2, "a"), Place(2, "m"), Place(1, "c"), Place(1, "d"), Place(0, "b")]
        for limit in range(1, 9):
            assert browse(index, UP, limit) == [*rising, *last][:limit]
            assert browse(index, DOWN, limit) == [*falling, *last][:limit]
            assert pages(index, UP, limit) == [*rising, *last]
            assert pages(index, DOWN, limit) == [*falling, *last]
        assert pages(index, BY_ID, 2) == [Place(None, name) for name in sorted(years)]

    def test_ids_stand_in_order_of_their_signs(self, index: LexicalIndex) -> None:
        """By code point, as Python compares texts, upper case and other scripts too."""
        names = ["a", "Z", "é", "日本", "\U0001f600", "a b", "a/b", "\uffee", "10", "9", "a'"]
        write(index, upserts(document(name, "zebra", year=1) for name in names))
        expected = sorted(names)
        assert [place.document_id for place in pages(index, BY_ID, 2)] == expected
        assert [place.document_id for place in pages(index, DOWN, 3)] == expected

    def test_values_of_every_type(self, store: LexicalStore) -> None:
        """Whole numbers and fractions as they are, times as microseconds, to the last digit."""
        schema = schema_of(count="integer", price="float", seen_at="datetime")
        index = store.create(NAME, IDENTITY, schema, ENGLISH)
        moments = [
            datetime(1969, 7, 20, 20, 17, 40, 123_456, tzinfo=UTC),
            datetime(2026, 11, 21, 9, 30, 0, 123_457, tzinfo=UTC),
        ]
        sent = [
            document("a", count=2**53 - 1, price=0.30000000000000004, seen_at=moments[1]),
            document("b", count=2**53 - 2, price=0.3, seen_at=moments[0]),
            document("c", count=-1, price=3),
        ]
        write(index, upserts(sent))
        assert pages(index, Sort("count"), 1) == [(-1, "c"), (2**53 - 2, "b"), (2**53 - 1, "a")]
        prices = pages(index, Sort("price"), 1)
        assert prices == [(0.3, "b"), (0.30000000000000004, "a"), (3, "c")]
        times = [(to_microseconds(moments[n]), name) for n, name in ((1, "a"), (0, "b"))]
        found = pages(index, Sort("seen_at", is_descending=True), 1)
        assert found == [*times, (None, "c")]
        assert all(isinstance(place, Place) for place in found)
        index.close()

    def test_a_place_need_not_be_held_any_more(self, index: LexicalIndex) -> None:
        """A list goes on behind a document that was deleted, moved or never there."""
        sent = [document(f"d{n}", "zebra", year=n // 2) for n in range(6)]
        write(index, upserts([*sent, document("d6")]))
        write(index, [deletion(8, "d2"), *upserts([document("d3", "zebra", year=9)], 9)])
        expected = [Place(2, "d4"), Place(2, "d5"), Place(9, "d3"), Place(None, "d6")]
        for after in (Place(1, "d2"), Place(1, "d3"), Place(1, "x"), Place(2, "")):
            assert browse(index, UP, after=after) == expected
        assert browse(index, UP, after=Place(9, "d3")) == expected[-1:]
        assert browse(index, UP, after=Place(None, "d5")) == expected[-1:]
        assert browse(index, UP, after=Place(None, "d6")) == []
        assert browse(index, DOWN, after=Place(7, "x"), limit=2) == expected[:2]
        behind = browse(index, BY_ID, after=Place(None, "d2"), limit=2)
        assert behind == [Place(None, "d3"), Place(None, "d4")]

    def test_deletes_and_replacements(self, index: LexicalIndex) -> None:
        """A document stands once, by the value it has now."""
        write(index, upserts(document(f"d{n}", "zebra", year=n) for n in range(5)))
        write(index, [deletion(6, "d1"), *upserts([document("d0", year=9), document("d3")], 7)])
        expected = [Place(2, "d2"), Place(4, "d4"), Place(9, "d0"), Place(None, "d3")]
        assert pages(index, UP, 2) == expected
        under = filters(SCHEMA, {"year": {"gte": 4}})
        assert pages(index, DOWN, 1, filters=under) == expected[2:0:-1]

    def test_one_value_for_all(self, index: LexicalIndex) -> None:
        """Hundreds of equal values in several commits are paged by id without a gap."""
        names = [f"d{(n * 7) % 600:03}" for n in range(600)]
        for start in (0, 200, 400):
            part = [document(name, "zebra", year=1) for name in names[start : start + 200]]
            write(index, upserts(part, start + 1))
        expected = [Place(1, name) for name in sorted(names)]
        assert pages(index, UP, 170) == expected
        assert pages(index, DOWN, 599) == expected
        assert browse(index, DOWN, 5, after=expected[399]) == expected[400:405]

    @pytest.mark.parametrize("field", ["unknown", "title", "abstract", "genre", "flag"])
    def test_fields_without_an_order_are_refused(self, store: LexicalStore, field: str) -> None:
        """Unknown, text, keyword and boolean fields: ``FieldError`` names it and what can be."""
        schema = schema_of(
            abstract="text", genre="keyword", flag="boolean", price="float", seen_at="datetime"
        )
        index = store.create(NAME, IDENTITY, schema, ENGLISH)
        for down in (False, True):
            with pytest.raises(FieldError, match=field) as raised:
                browse(index, Sort(field, down))
            assert raised.value.field == field
            assert "price, seen_at" in raised.value.hint
        index.close()

    def test_a_list_of_nothing(self, index: LexicalIndex) -> None:
        """An empty index, and filters that leave nothing."""
        for sort in (UP, DOWN, BY_ID):
            assert browse(index, sort) == []
            assert browse(index, sort, after=Place(None, "a")) == []
        write(index, upserts([document("a", year=1)]))
        for sort in (UP, DOWN, BY_ID):
            assert browse(index, sort, filters=filters(SCHEMA, {"year": 2})) == []
