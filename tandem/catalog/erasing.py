"""How somebody's rows in the event log become nobody's.

A row is the person's if it has their user id; or no user id, and their client id, or a session that
was seen with them. It keeps what was done, and when; its text and its details go. The ids of such
rows, the person's, their devices' and their sessions', are each replaced by another one that names
nobody, on every row of the log, whosever it is: so counts, sessions and everybody's past are what
they were.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY, reading
from tandem.catalog.event_tables import ERASED_IDS, EVENT_HEAD, EVENTS, FEATURES, IMPRESSIONS
from tandem.events import ERASED, OF_NOBODY

TABLES = (EVENTS, IMPRESSIONS)
KINDS = ("client_id", "session_id")
"""Columns of the ids that are found by the person's own."""

SPAN = 50_000
"""So many of the log's sequences are looked through at once: impressions have no index by person,
and nobody waits for a search among all of them."""

AnyRow = sa.Row[Any]


class Seen(NamedTuple):
    """Ids that were seen with somebody."""

    client_id: AbstractSet[str] = frozenset()
    session_id: AbstractSet[str] = frozenset()


class Sought(NamedTuple):
    """Who is erased from which collection: ``person`` is the id of a user or a client, ``seen`` has
    been noted with it; ``secret`` makes what replaces an id.
    """

    erasure: int
    collection: str
    person: str
    secret: bytes
    seen: Seen = Seen()

    def is_by(self, row: AnyRow) -> bool:
        """Whether a row is the person's."""
        if row.user_id is not None:
            return bool(row.user_id == self.person)
        return row.client_id == self.person or row.session_id in self.seen.session_id

    def ids(self, row: AnyRow) -> dict[str, str | None]:
        """The ids of a row, as they are to be."""
        goes = {
            "user_id": row.user_id == self.person,
            "client_id": row.client_id == self.person or row.client_id in self.seen.client_id,
            "session_id": row.session_id in self.seen.session_id,
        }
        return {
            column: self.nobody(getattr(row, column)) if is_theirs else getattr(row, column)
            for column, is_theirs in goes.items()
        }

    def nobody(self, name: str) -> str:
        """What replaces an id; nobody can say of which one once the secret is gone."""
        return ERASED + blake2b(name.encode(), digest_size=16, key=self.secret).hexdigest()


class Changed(NamedTuple):
    """So many rows of the person were changed, and so many rows of features removed."""

    events: int = 0
    impressions: int = 0
    features: int = 0


class Found(NamedTuple):
    """Rows by their sequences: all that there are up to ``through``, and were not found before."""

    sequences: Sequence[int]
    through: int


def seen_with(engine: sa.Engine, sought: Sought, seen: Mapping[str, set[str]]) -> Iterator[None]:
    """Find the ids that were seen with the person, column by column, in short steps. The sessions
    come first: rows of nobody known in them tell of further clients.
    """
    sessions = seen["session_id"]
    for is_second in (False, True):
        for row in _who(engine, sought, of_anybody=is_second):
            if row is None:
                yield
            elif not is_second or row.session_id in sessions:
                for kind in KINDS:
                    if (name := getattr(row, kind)) is not None and not name.startswith(ERASED):
                        seen[kind].add(name)


def _who(engine: sa.Engine, sought: Sought, *, of_anybody: bool) -> Iterator[AnyRow | None]:
    """The clients and sessions of rows that name the person, or of those that name no user; after
    each stretch of the log ``None``.
    """
    for table in TABLES:
        of_client = (table.c.client_id == sought.person) & table.c.user_id.is_(None)
        named = sa.or_(table.c.user_id == sought.person, of_client)
        unknown = table.c.user_id.is_(None) & table.c.session_id.is_not(None)
        for after, until in _pieces(engine):
            query = (
                sa.select(table.c.client_id, table.c.session_id)
                .distinct()
                .where(
                    table.c.collection == sought.collection,
                    table.c.sequence > after,
                    table.c.sequence <= until,
                    unknown if of_anybody else named,
                )
            )
            with reading(engine) as connection:
                rows = connection.execute(query).all()
            yield from [*rows, None]


def next_rows(engine: sa.Engine, table: sa.Table, sought: Sought, after: int) -> Found:
    """The next rows above a sequence that have an id to be replaced, at most ``ROWS_PER_QUERY``;
    none where the log ends.
    """
    through = after
    for start, until in _pieces(engine, after):
        query = (
            sa.select(table.c.sequence)
            .where(table.c.sequence > start, table.c.sequence <= until, _names(table, sought))
            .order_by(table.c.sequence)
            .limit(ROWS_PER_QUERY)
        )
        with reading(engine) as connection:
            found = connection.execute(query).scalars().all()
        if found:
            return Found(found, found[-1] if len(found) == ROWS_PER_QUERY else until)
        through = until
    return Found((), through)


def change(
    connection: sa.Connection, table: sa.Table, sought: Sought, among: sa.ColumnElement[bool]
) -> Changed:
    """Change the rows that have an id to be replaced, of those for which ``among`` holds."""
    query = sa.select(table).where(_names(table, sought), among).with_for_update(of=table)
    rows = connection.execute(query).all()
    theirs = [row for row in rows if sought.is_by(row)]
    _update(connection, table, [_without_words(table, row, sought) for row in theirs])
    others = [row for row in rows if not sought.is_by(row)]
    _update(connection, table, [{"at": row.sequence, **sought.ids(row)} for row in others])
    if table is EVENTS:
        return Changed(events=len(theirs))
    features = _remove_features(connection, sought, [row.query_id for row in theirs])
    return Changed(impressions=len(theirs), features=features)


def _pieces(engine: sa.Engine, after: int = 0) -> Iterator[tuple[int, int]]:
    """Stretches of the log up to where it ends now."""
    with reading(engine) as connection:
        head = int(connection.execute(sa.select(EVENT_HEAD.c.head)).scalar_one())
    for start in range(after, head, SPAN):
        yield start, min(start + SPAN, head)


def _names(table: sa.Table, sought: Sought) -> sa.ColumnElement[bool]:
    """Whether a row has an id to be replaced."""
    seen = [
        table.c[kind].in_(
            sa.select(ERASED_IDS.c.name).where(
                ERASED_IDS.c.erasure == sought.erasure, ERASED_IDS.c.kind == kind
            )
        )
        for kind in KINDS
    ]
    own = (table.c.user_id == sought.person, table.c.client_id == sought.person)
    return sa.and_(table.c.collection == sought.collection, sa.or_(*own, *seen))


def _without_words(table: sa.Table, row: AnyRow, sought: Sought) -> dict[str, Any]:
    """What becomes of a row of the person, found ``at`` its sequence."""
    ids = {"at": row.sequence, **sought.ids(row)}
    if table is EVENTS:  # an id that was made of the content would tell of whom
        return {**ids, "event_id": sought.nobody(row.event_id), "details": None}
    return {**ids, "query_text": "", "details": _of_nobody(row.details)}


def _update(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Put in the place of rows what they are to be; all have the same columns."""
    if rows:
        values: dict[str, Any] = {name: sa.bindparam(name) for name in rows[0] if name != "at"}
        update = table.update().where(table.c.sequence == sa.bindparam("at")).values(values)
        connection.execute(update, rows)


def _of_nobody(details: str | None) -> str | None:
    held = orjson.loads(details) if details else {}
    kept = {name: held[name] for name in OF_NOBODY if name in held}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS).decode() if kept else None


def _remove_features(connection: sa.Connection, sought: Sought, query_ids: Sequence[str]) -> int:
    gone, asked = 0, list(dict.fromkeys(query_ids))
    for start in range(0, len(asked), ROWS_PER_QUERY):
        remove = FEATURES.delete().where(
            FEATURES.c.collection == sought.collection,
            FEATURES.c.query_id.in_(asked[start : start + ROWS_PER_QUERY]),
        )
        gone += int(connection.execute(remove).rowcount)
    return gone
