"""The event log as learning reads it: lean rows out of the columns, nothing is checked again."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa

from tandem.behaviour import Deed, Rows, Shown, Who
from tandem.catalog.database import reading
from tandem.catalog.event_tables import EVENT_HEAD, EVENTS, IMPRESSIONS
from tandem.catalog.text import ESCAPE, read

MICROSECONDS = 1e6
Row = tuple[Any, ...]


def _plain(column: sa.Column[Any], name: str) -> sa.Label[Any]:
    """The column as the database holds it: a million texts go through no function of Python."""
    return sa.type_coerce(column, sa.Text).label(name)


def _columns(table: sa.Table, own: Sequence[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    shared = [_plain(table.c[name], name) for name in ("user_id", "client_id", "session_id")]
    query_id = _plain(table.c.query_id, "query_id")
    return sa.select(table.c.sequence, table.c.happened_at, query_id, *shared, *own)


def _none(kind: sa.types.TypeEngine[Any], name: str) -> sa.Label[Any]:
    return sa.cast(sa.null(), kind).label(name)


_TEXT = sa.Text()
_DEEDS = _columns(
    EVENTS,
    [
        _plain(EVENTS.c.action, "action"),
        _plain(EVENTS.c.document_id, "document_id"),
        EVENTS.c.value.label("value"),
        EVENTS.c.position.label("position"),
    ],
)
_EVENT_ROWS = _DEEDS.add_columns(_none(_TEXT, "surface"), _none(_TEXT, "exposures"))
_PAGE_ROWS = _columns(
    IMPRESSIONS,
    [
        _none(_TEXT, "action"),
        _none(_TEXT, "document_id"),
        _none(sa.Double(), "value"),
        _none(sa.Integer(), "position"),
        IMPRESSIONS.c.surface.label("surface"),
        IMPRESSIONS.c.exposures.label("exposures"),
    ],
)


def _after(rows: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
    """What comes after a place in the log."""
    return rows.where(
        table.c.collection == sa.bindparam("collection"),
        table.c.sequence > sa.bindparam("after"),
    )


_ROWS = (
    sa.union_all(_after(_EVENT_ROWS, EVENTS), _after(_PAGE_ROWS, IMPRESSIONS))
    .order_by(sa.column("sequence"))
    .limit(sa.bindparam("limit"))
)
"""Both kinds in one order: both databases read them side by side in the order of their indexes."""

_HEAD = sa.select(EVENT_HEAD.c.head)


class CollectionBehaviour:
    """The ``BehaviourLog`` of one collection over its event log. Thread-safe."""

    def __init__(self, engine: sa.Engine, collection: str) -> None:
        self._engine = engine
        self._collection = collection

    def rows(self, after: int, limit: int) -> Rows:
        """See ``BehaviourLog``."""
        given = {"collection": self._collection, "after": after, "limit": limit}
        with reading(self._engine) as connection:
            head = int(connection.execute(_HEAD).scalar_one())
            if head <= after:  # asked again and again while nothing happens
                return Rows((), after)
            found = connection.execute(_ROWS, given).all()
        rows = tuple(_deed(row) if row[6] is not None else _shown(row) for row in found)
        return Rows(rows, rows[-1].sequence if len(rows) == limit else head)

    def deeds_of(self, who: Who, *, as_of: int, limit: int) -> Sequence[Deed]:
        """See ``BehaviourLog``."""
        person = "client_id" if who.user_id is None else "user_id"
        asked = {person: getattr(who, person), "session_id": who.session_id}
        given = {name: value for name, value in asked.items() if value is not None}
        if not given:
            return ()
        bound = {"collection": self._collection, "as_of": as_of, "limit": limit}
        with reading(self._engine) as connection:
            found = connection.execute(_deeds_by(tuple(given)), given | bound).all()
        deeds = {row[0]: row for row in found}  # what is the person's and the session's, once
        return [_deed(deeds[sequence]) for sequence in sorted(deeds)[-limit:]]


@cache
def _deeds_by(names: tuple[str, ...]) -> sa.Executable:
    """The last deeds under each of these names."""
    each = [
        _DEEDS.where(
            EVENTS.c.collection == sa.bindparam("collection"),
            EVENTS.c[name] == sa.bindparam(name),
            EVENTS.c.sequence <= sa.bindparam("as_of"),
            EVENTS.c.document_id.is_not(None),
        )
        .order_by(EVENTS.c.sequence.desc())
        .limit(sa.bindparam("limit"))
        for name in names
    ]
    if len(each) == 1:
        return each[0]
    return sa.union_all(*(sa.select(one.subquery()) for one in each))


def _deed(row: Row) -> Deed:
    sequence, happened_at, query_id, user_id, client_id, session_id = row[:6]
    action, document_id, value, position = row[6:10]
    return Deed(
        sequence,
        _text(action),
        _text(document_id),
        happened_at / MICROSECONDS,
        value,
        _text(user_id),
        _text(client_id),
        _text(session_id),
        _text(query_id),
        position,
    )


def _shown(row: Row) -> Shown:
    sequence, happened_at, query_id, user_id, client_id, session_id = row[:6]
    exposures = orjson.loads(row[11])
    parts = tuple(zip(*exposures, strict=True)) or ((), (), (), ())
    return Shown(
        sequence,
        _text(query_id),
        happened_at / MICROSECONDS,
        parts[0],
        parts[1],
        parts[2],
        row[10],
        _text(user_id),
        _text(client_id),
        _text(session_id),
    )


def _text(held: Any) -> Any:
    """The text that a column holds, or nothing."""
    return held if held is None or ESCAPE not in held else read(held)
