"""Lists in order of a value, page by page, from tantivy's columns.

Tantivy sorts by one column and leaves equal values as they come. So the page is read in parts, each
of which has one order: documents of the value where the last page ended, by id; larger values, of
which all but the last are whole; those of that last value, by id; documents without a value, by id.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tantivy
from tantivy import Occur, Query

from tandem.engines.tantivy_mapping import document_id_of, filter_field
from tandem.engines.tantivy_order import ORDER, OrderReader, ordered_id
from tandem.engines.tantivy_queries import required, unscored
from tandem.fields import Field
from tandem.filters import Range
from tandem.lexical import Place

Clauses = Sequence[tuple[Occur, Query]]


class SortedBy(NamedTuple):
    """The order of a list: by a field's value, or by document_id alone; and what reads ids."""

    field: Field | None
    is_descending: bool
    ids: OrderReader


class SortedList:
    """The documents that fulfil ``under``, in order."""

    def __init__(
        self, searcher: tantivy.Searcher, schema: tantivy.Schema, order: SortedBy, under: Clauses
    ) -> None:
        self._searcher = searcher
        self._schema = schema
        self._order = order
        self._under = under

    def page(self, after: Place | None, limit: int) -> list[Place]:
        """The next ``limit`` documents after a place."""
        field = self._order.field
        if field is None:
            return self._by_id((), None, after, limit)
        places: list[Place] = []
        is_among_missing = after is not None and after.value is None
        if not is_among_missing:
            places = self._with_value(field, after, limit)
        if len(places) < limit:
            none = (Occur.MustNot, Query.exists_query(filter_field(field)))
            start = after if is_among_missing else None
            places += self._by_id([none], None, start, limit - len(places))
        return places

    def _with_value(self, field: Field, after: Place | None, limit: int) -> list[Place]:
        equal = [] if after is None else self._of_value(field, after.value, after, limit)
        if len(equal) == limit:
            return equal
        wanted = limit - len(equal)
        hits = self._beyond(field, after, wanted)
        if len(hits) < wanted:
            return [*equal, *self._read(hits)]
        last = hits[-1][0]
        whole = [hit for hit in hits if hit[0] != last]
        cut = self._of_value(field, last, None, wanted - len(whole))
        return [*equal, *self._read(whole), *cut]

    def _beyond(self, field: Field, after: Place | None, limit: int) -> list[tuple[Any, Any]]:
        """(value, address) of the next documents of other values, equal ones as they come."""
        down = self._order.is_descending
        clauses = list(self._under)
        if after is not None:
            bound = {"lt" if down else "gt": after.value}
            clauses.append(required(self._schema, Range(field, **bound)))
        hits = self._searcher.search(
            _all_of(clauses),
            limit=limit,
            count=False,
            order_by_field=filter_field(field),
            order=tantivy.Order.Desc if down else tantivy.Order.Asc,
        ).hits
        return [hit for hit in hits if hit[0] is not None]

    def _read(self, hits: Sequence[tuple[Any, Any]]) -> list[Place]:
        """Every document of some values, in order."""
        sign = -1 if self._order.is_descending else 1
        places = [Place(value, document_id_of(self._searcher.doc(at))) for value, at in hits]
        return sorted(places, key=lambda place: (sign * (place.value or 0), place.document_id))

    def _of_value(self, field: Field, value: Any, after: Place | None, limit: int) -> list[Place]:
        same = required(self._schema, Range(field, gte=value, lte=value))
        return self._by_id([same], value, after, limit)

    def _by_id(self, clauses: Clauses, value: Any, after: Place | None, limit: int) -> list[Place]:
        """The first documents behind the id of a place that fulfil the clauses, too."""
        both = [*self._under, *clauses]
        if after is not None:
            both.append(unscored(self._order.ids.behind(after.document_id)))
        hits = self._searcher.search(
            _all_of(both),
            limit=limit,
            count=False,
            order_by_field=ORDER,
            order=tantivy.Order.Asc,
        ).hits
        return [Place(value, ordered_id(held)) for held, _ in hits]


def _all_of(clauses: Clauses) -> Query:
    return Query.boolean_query([(Occur.Must, Query.all_query()), *clauses])
