"""The event log as learning reads it: lean rows out of the columns, nothing is checked again."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, cast

import orjson
import sqlalchemy as sa

from tandem.behaviour import Deed, Rows, Shown, Who
from tandem.catalog import sqlite
from tandem.catalog.database import reading
from tandem.catalog.event_tables import EVENT_HEAD, EVENTS, IMPRESSIONS
from tandem.catalog.text import ESCAPE, AnyText, read, written
from tandem.catalog.urls import is_server

Row = Sequence[Any]
SPARSE = 10
"""How many times longer the next piece of the log is, after one that holds nothing of a collection.
"""


def _columns(table: sa.Table, names: Sequence[str]) -> list[sa.ColumnElement[Any]]:
    """Columns as the database holds them: a million texts go through no function of Python. Those
    that the table has not are null; ``seconds`` is when it happened, and no later than it came.
    """
    return [_column(table, name).label(name) for name in names]


def _column(table: sa.Table, name: str) -> sa.ColumnElement[Any]:
    if name == "seconds":
        happened, received = table.c.happened_at, table.c.received_at
        earlier = sa.case((happened < received, happened), else_=received)
        return sa.cast(earlier, sa.Double()) / 1e6
    if name not in table.c:
        kind = _OF_ONE_KIND.get(name, sa.Text())
        return sa.cast(sa.null(), kind)
    column = table.c[name]
    return sa.type_coerce(column, sa.Text()) if isinstance(column.type, AnyText) else column


_OF_ONE_KIND: Mapping[str, sa.types.TypeEngine[Any]] = {
    "value": sa.Double(),
    "position": sa.Integer(),
}
"""What the columns are, that one of the tables has not, and that are no texts."""


def _between(table: sa.Table) -> sa.Select[Any]:
    """What a piece of the log holds in a table."""
    return sa.select(*_columns(table, (*Deed._fields, "surface", "exposures"))).where(
        table.c.collection == sa.bindparam("collection"),
        table.c.sequence > sa.bindparam("after"),
        table.c.sequence <= sa.bindparam("until"),
    )


_ROWS = (
    sa.union_all(_between(EVENTS), _between(IMPRESSIONS))
    .order_by(sa.column("sequence"))
    .limit(sa.bindparam("limit"))
)
"""Both kinds in one order. SQLite reads them side by side, PostgreSQL sorts the piece."""

_HEAD = sa.select(EVENT_HEAD.c.head)


IDS = ("user_id", "client_id", "session_id", "query_id")
TEXTS = tuple(map(Deed._fields.index, ("action", "document_id", *IDS)))


class CollectionBehaviour:
    """The ``BehaviourLog`` of one collection over its event log. Thread-safe."""

    def __init__(self, engine: sa.Engine, collection: str) -> None:
        self._engine = engine
        self._collection = collection

    def rows(self, after: int, limit: int) -> Rows:
        """See ``BehaviourLog``."""
        given = {"collection": self._collection, "limit": limit}
        until, span = after, limit
        found: Sequence[Row] = ()
        with reading(self._engine) as connection:
            head = int(connection.execute(_HEAD).scalar_one())
            while not found and until < head:  # where it is sparse, in longer and longer pieces
                since, until, span = until, min(until + span, head), span * SPARSE
                found = connection.execute(_ROWS, given | {"after": since, "until": until}).all()
        rows = tuple(_shown(row) if row[-1] is not None else _deed(row[:-2]) for row in found)
        return Rows(rows, rows[-1].sequence if len(rows) == limit else until)

    def deeds_of(self, who: Who, *, as_of: int, limit: int) -> Sequence[Deed]:
        """See ``BehaviourLog``."""
        person = "client_id" if who.user_id is None else "user_id"
        asked = {person: getattr(who, person), "session_id": who.session_id}
        given = {name: value for name, value in asked.items() if value is not None}
        if not given:
            return ()
        bound = {"collection": self._collection, "as_of": as_of, "limit": limit}
        found = self._read_deeds(tuple(given), given | bound)
        deeds = {row[0]: row for row in found}  # what is the person's and the session's, once
        return _deeds([deeds[sequence] for sequence in sorted(deeds)[-limit:]])

    def _read_deeds(self, names: tuple[str, ...], given: Mapping[str, Any]) -> Sequence[Row]:
        """The driver's own rows: a search waits for them. A file is asked for each name alone,
        which is quicker than for all; a server once, as that is one way there and back.
        """
        if not is_server(self._engine.url):
            return _from_file(self._engine, names, given)
        with reading(self._engine) as connection:
            result = connection.execute(_deeds_by(names), given)
            assert result.cursor is not None
            return result.cursor.fetchall()


def _from_file(engine: sa.Engine, names: Sequence[str], given: Mapping[str, Any]) -> Sequence[Row]:
    """The last deeds under each of these names."""
    held = {key: written(text) for key, text in given.items() if isinstance(text, str)}
    queries = [_compiled(name, engine.dialect) for name in names]
    return sqlite.rows(engine, [query.asking({**given, **held}) for query in queries])


class _Compiled(NamedTuple):
    """A query in SQLite's words; its values go by place. ``names`` are theirs in order, ``fixed``
    are those that are always the same.
    """

    words: str
    names: Sequence[str]
    fixed: Mapping[str, Any]

    def asking(self, given: Mapping[str, Any]) -> sqlite.Question:
        """With the values in their places."""
        known = {**self.fixed, **given}
        return sqlite.Question(self.words, tuple([known[name] for name in self.names]))


@cache
def _compiled(name: str, dialect: sa.Dialect) -> _Compiled:
    made = _deeds_by((name,)).compile(dialect=dialect)
    assert isinstance(made, sa.sql.compiler.SQLCompiler)
    return _Compiled(str(made), made.positiontup or (), made.construct_params(_check=False))


@cache
def _deeds_by(names: tuple[str, ...]) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """The last deeds under each of these names."""
    each = [
        sa.select(*_columns(EVENTS, Deed._fields))
        .where(
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


def _deeds(rows: Sequence[Row]) -> list[Deed]:
    """As ``_deed`` of each, with one look at all texts of a column."""
    columns = [*zip(*rows, strict=True)]
    texts = [columns[place] for place in TEXTS] if columns else []
    if any(ESCAPE in "".join(filter(None, column)) for column in texts):
        return [_deed(row) for row in rows]
    return [*map(_MADE, rows)]


_MADE = cast("Callable[[Row], Deed]", partial(tuple.__new__, Deed))
"""``Deed._make`` of a row that has its columns, which it checks of each."""


def _deed(row: Row) -> Deed:
    deed = Deed._make(row)
    if ESCAPE in f"{row[1]}{row[2]}{row[5]}{row[6]}{row[7]}{row[8]}":  # one look at all texts
        return Deed._make(map(_text, row))
    return deed


def _shown(row: Row) -> Shown:
    deed = _deed(row[:-2])
    surface, exposures = row[-2:]
    columns = tuple(zip(*orjson.loads(exposures), strict=True))
    document_ids, positions, propensities, _ = columns or ((), (), (), ())
    return Shown(
        deed.sequence,
        str(deed.query_id),
        deed.seconds,
        document_ids,
        positions,
        propensities,
        surface,
        deed.user_id,
        deed.client_id,
        deed.session_id,
    )


def _text(held: Any) -> Any:
    return read(held) if isinstance(held, str) else held
