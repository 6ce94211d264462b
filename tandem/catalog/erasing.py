"""How somebody's rows in the event log become nobody's.

A row is the person's if it has their user id; or no user id, and their client id, or a session that
was seen with them. It keeps what was done, and when, and loses every id, text and detail. On rows
of others the person's ids alone are replaced: whoever shared a device with them stays who they are.

One id is replaced by one other everywhere, which names nobody: so counts, sessions and pasts are
what they were.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY, reading
from tandem.catalog.event_tables import ERASED_SESSIONS, EVENT_HEAD, EVENTS, FEATURES, IMPRESSIONS
from tandem.events import ERASED, OF_NOBODY

TABLES = (EVENTS, IMPRESSIONS)
SPAN = 50_000
"""So many of the log's sequences are looked through at once: impressions have no index by person,
and nobody waits for a search among all of them."""

AnyRow = sa.Row[Any]


class Sought(NamedTuple):
    """Whose rows are looked for, in which collection; ``secret`` makes what replaces an id."""

    erasure: int
    collection: str
    person: str
    secret: bytes

    def nobody(self, name: str | None) -> str | None:
        """What replaces an id; nobody can say of which one once the secret is gone."""
        if name is None:
            return None
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


def sessions_of(engine: sa.Engine, sought: Sought) -> Iterator[set[str]]:
    """The sessions seen with the person, piece by piece."""
    for table in TABLES:
        for after, until in _pieces(engine):
            query = (
                sa.select(table.c.session_id)
                .distinct()
                .where(
                    table.c.collection == sought.collection,
                    table.c.sequence > after,
                    table.c.sequence <= until,
                    table.c.session_id.is_not(None),
                    _is_named(table, sought),
                )
            )
            with reading(engine) as connection:
                yield set(connection.execute(query).scalars())


def next_rows(engine: sa.Engine, table: sa.Table, sought: Sought, after: int) -> Found:
    """The next rows above a sequence that name the person or a session of theirs, at most
    ``ROWS_PER_QUERY``; none where the log ends.
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
    """Change the rows that name the person, of those for which ``among`` holds."""
    query = (
        sa.select(table, _is_seen(table, sought).label("is_seen"))
        .where(_names(table, sought), among)
        .with_for_update(of=table)
    )
    rows = connection.execute(query).all()
    theirs = [row for row in rows if _is_theirs(row, sought)]
    for changed in (
        [_without_person(row, sought) for row in theirs],
        [_without_ids(row, sought) for row in rows if not _is_theirs(row, sought)],
    ):
        if changed:
            columns = changed[0].keys() - {"at"}
            update = table.update().where(table.c.sequence == sa.bindparam("at"))
            bound: dict[str, Any] = {name: sa.bindparam(name) for name in columns}
            connection.execute(update.values(bound), changed)
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


def _is_named(table: sa.Table, sought: Sought) -> sa.ColumnElement[bool]:
    """Whether a row has the person's id where theirs is what it is known by."""
    of_client = (table.c.client_id == sought.person) & table.c.user_id.is_(None)
    return sa.or_(table.c.user_id == sought.person, of_client)


def _is_seen(table: sa.Table, sought: Sought) -> sa.ColumnElement[bool]:
    """Whether a row is of a session that was seen with the person; null without a session."""
    seen = sa.select(ERASED_SESSIONS.c.session_id).where(
        ERASED_SESSIONS.c.erasure == sought.erasure
    )
    return table.c.session_id.in_(seen)


def _names(table: sa.Table, sought: Sought) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.collection == sought.collection,
        sa.or_(
            table.c.user_id == sought.person,
            table.c.client_id == sought.person,
            _is_seen(table, sought),
        ),
    )


def _is_theirs(row: AnyRow, sought: Sought) -> bool:
    if row.user_id is not None:
        return bool(row.user_id == sought.person)
    return bool(row.client_id == sought.person or row.is_seen)


def _without_person(row: AnyRow, sought: Sought) -> dict[str, Any]:
    """What is changed in a row of the person, found ``at`` its sequence."""
    changed: dict[str, Any] = {
        "at": row.sequence,
        "user_id": sought.nobody(row.user_id),
        "client_id": sought.nobody(row.client_id),
        "session_id": sought.nobody(row.session_id),
    }
    if "event_id" in row._fields:  # one made of the content would tell of whom
        return {**changed, "event_id": sought.nobody(row.event_id), "details": None}
    return {**changed, "query_text": "", "details": _of_nobody(row.details)}


def _without_ids(row: AnyRow, sought: Sought) -> dict[str, Any]:
    """What is changed in another's row."""
    is_client = row.client_id == sought.person
    return {
        "at": row.sequence,
        "client_id": sought.nobody(row.client_id) if is_client else row.client_id,
        "session_id": sought.nobody(row.session_id) if row.is_seen else row.session_id,
    }


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
