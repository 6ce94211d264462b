"""How somebody's rows in the event log become nobody's.

A row is the person's if it has their user id; or no user id, and an id that was seen with them: of
a device, or of a session. It keeps what was done, and when; its text and its details go, and the
text of what nobody known asked, if the person's deeds tell that it was them. The ids,
the person's and those seen with them, are each replaced by another one that names nobody, on every
row of the log, whosever it is: so counts, sessions and everybody's past are what they were.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY, parts, reading
from tandem.catalog.event_tables import ERASED_IDS, EVENT_HEAD, EVENTS, FEATURES, IMPRESSIONS
from tandem.events import ERASED, OF_NOBODY

TABLES = (EVENTS, IMPRESSIONS)
KINDS = ("client_id", "session_id")
"""Columns of the ids that are found by the person's own."""

SPAN = 50_000
"""So many of the log's sequences are looked through at once: impressions have no index by person,
and nobody waits for a search among all of them."""

MOST_USERS = 5
"""A client or a session that so many other users were seen with is a machine that they share, or a
program that asks for all of them: it says of none of them who it is, and stays.
"""

AnyRow = sa.Row[Any]


class Seen(NamedTuple):
    """Ids that were seen with somebody."""

    client_id: AbstractSet[str] = frozenset()
    session_id: AbstractSet[str] = frozenset()

    def has(self, row: AnyRow) -> bool:
        """Whether a row has one of them."""
        return row.client_id in self.client_id or row.session_id in self.session_id

    def and_of(self, rows: Iterable[AnyRow]) -> "Seen":
        """With those of rows; what replaced an id before stands for nobody already."""
        clients, sessions = {*self.client_id}, {*self.session_id}
        for row in rows:
            for name, names in ((row.client_id, clients), (row.session_id, sessions)):
                if name is not None and not name.startswith(ERASED):
                    names.add(name)
        return Seen(clients, sessions)


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
        return row.client_id == self.person or self.seen.has(row)

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


def seen_with(engine: sa.Engine, sought: Sought) -> Iterator[Seen | None]:
    """The ids that were seen with the person; ``None`` while it is looked for, in short steps.

    First those on rows that say who it was, then those on rows of nobody known that have one.
    """
    seen = Seen()
    for is_theirs in (_says_who, _says_nobody):
        found: list[AnyRow] = []
        for rows in _who(engine, sought, is_theirs, seen if is_theirs is _says_nobody else None):
            found += rows
            yield None
        seen = seen.and_of(found)
        users: dict[tuple[str, str], set[str]] = {}
        for rows in _who(engine, sought, _says_another, seen):
            _note_users(users, rows)
            yield None
        shared = {name for name, having in users.items() if len(having) >= MOST_USERS}
        seen = Seen(*(_without(kind, getattr(seen, kind), shared) for kind in KINDS))
    yield seen


def _without(
    kind: str, names: AbstractSet[str], shared: AbstractSet[tuple[str, str]]
) -> AbstractSet[str]:
    return {name for name in names if (kind, name) not in shared}


def _note_users(users: dict[tuple[str, str], set[str]], rows: Iterable[AnyRow]) -> None:
    """Which users have which client or session in common with the person, no more than matter."""
    for row in rows:
        for kind in KINDS:
            having = users.setdefault((kind, getattr(row, kind) or ""), set())
            if len(having) < MOST_USERS:
                having.add(row.user_id)


def _says_who(table: sa.Table, person: str) -> sa.ColumnElement[bool]:
    of_client = (table.c.client_id == person) & table.c.user_id.is_(None)
    return sa.or_(table.c.user_id == person, of_client)


def _says_nobody(table: sa.Table, _person: str) -> sa.ColumnElement[bool]:
    return table.c.user_id.is_(None)


def _says_another(table: sa.Table, person: str) -> sa.ColumnElement[bool]:
    return table.c.user_id != person


def _who(
    engine: sa.Engine,
    sought: Sought,
    is_theirs: Callable[[sa.Table, str], sa.ColumnElement[bool]],
    having: Seen | None,
) -> Iterator[Sequence[Any]]:
    """The ids on rows of one kind, ``having`` one of these, stretch by stretch of the log."""
    for part in [None] if having is None else _parts(having):
        for table in TABLES:
            kept = [table.c.collection == sought.collection, is_theirs(table, sought.person)]
            if part is not None:
                kept.append(sa.or_(*(table.c[kind].in_(getattr(part, kind)) for kind in KINDS)))
            for after, until in _pieces(engine):
                query = (
                    sa.select(table.c.user_id, table.c.client_id, table.c.session_id)
                    .distinct()
                    .where(table.c.sequence > after, table.c.sequence <= until, *kept)
                )
                with reading(engine) as connection:
                    rows = connection.execute(query).all()
                yield rows


def _parts(seen: Seen) -> Iterator[Seen]:
    """No more ids of a kind at once than a query may name."""
    clients, sessions = sorted(seen.client_id), sorted(seen.session_id)
    for start in range(0, max(len(clients), len(sessions)), ROWS_PER_QUERY):
        end = start + ROWS_PER_QUERY
        yield Seen({*clients[start:end]}, {*sessions[start:end]})


def named_rows(engine: sa.Engine, table: sa.Table, sought: Sought) -> Iterator[Found]:
    """The rows that have an id to be replaced, at most ``ROWS_PER_QUERY`` of a stretch of the log
    at a time: none of a stretch without any, so that nobody looks for long without a pause. What
    comes meanwhile is behind the last of them.
    """
    for after, until in _pieces(engine):
        through = after
        while through < until:
            query = (
                sa.select(table.c.sequence)
                .where(table.c.sequence > through, table.c.sequence <= until, _names(table, sought))
                .order_by(table.c.sequence)
                .limit(ROWS_PER_QUERY)
            )
            with reading(engine) as connection:
                found = connection.execute(query).scalars().all()
            through = found[-1] if len(found) == ROWS_PER_QUERY else until
            yield Found(found, through)


def change(
    connection: sa.Connection, table: sa.Table, sought: Sought, among: sa.ColumnElement[bool]
) -> Changed:
    """Change the rows that have an id to be replaced, of those for which ``among`` holds."""
    query = sa.select(table).where(_names(table, sought), among)
    # in one order: else two erasures at one row's neighbours wait for each other
    query = query.order_by(table.c.sequence).with_for_update(of=table)
    rows = connection.execute(query).all()
    theirs = [row for row in rows if sought.is_by(row)]
    _update(connection, table, [_without_words(table, row, sought) for row in theirs])
    others = [row for row in rows if not sought.is_by(row)]
    _update(connection, table, [{"at": row.sequence, **sought.ids(row)} for row in others])
    if table is EVENTS:
        told_by = [row.query_id for row in theirs if row.query_id is not None]
        return _hide_asked(connection, sought, told_by)._replace(events=len(theirs))
    features = _remove_features(connection, sought, [row.query_id for row in theirs])
    return Changed(impressions=len(theirs), features=features)


def _hide_asked(connection: sa.Connection, sought: Sought, query_ids: Sequence[str]) -> Changed:
    """Take the words out of what nobody known asked, where their deeds tell that it was the person:
    some applications say it with deeds alone. What is theirs by its ids has its own turn.
    """
    rows = list[AnyRow]()
    for part in parts(list(dict.fromkeys(query_ids))):
        query = sa.select(IMPRESSIONS).where(
            IMPRESSIONS.c.collection == sought.collection,
            IMPRESSIONS.c.query_id.in_(part),
            IMPRESSIONS.c.user_id.is_(None),
        )
        rows += connection.execute(query.order_by(IMPRESSIONS.c.sequence).with_for_update()).all()
    changed = [
        {"at": row.sequence, "query_text": "", "details": _of_nobody(row.details)}
        for row in rows
        if not sought.is_by(row) and (row.query_text or row.details != _of_nobody(row.details))
    ]
    _update(connection, IMPRESSIONS, changed)
    features = _remove_features(connection, sought, [row.query_id for row in rows])
    return Changed(impressions=len(changed), features=features)


def _pieces(engine: sa.Engine) -> Iterator[tuple[int, int]]:
    """Stretches of the log up to where it ends now."""
    with reading(engine) as connection:
        head = int(connection.execute(sa.select(EVENT_HEAD.c.head)).scalar_one())
    for start in range(0, head, SPAN):
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
    gone = 0
    for part in parts(list(dict.fromkeys(query_ids))):
        remove = FEATURES.delete().where(
            FEATURES.c.collection == sought.collection,
            FEATURES.c.query_id.in_(part),
        )
        gone += int(connection.execute(remove).rowcount)
    return gone
