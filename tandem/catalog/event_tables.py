"""The event log's tables, as ``tandem.catalog.tables``."""

import sqlalchemy as sa

from tandem.catalog.logs import Log, head_table
from tandem.catalog.text import AnyText

EVENT_FORMAT = 4
"""As ``FORMAT``, of the tables below; 1 had no details, 2 no features, 3 no erasures. An index of
theirs by user has another name, and is left as it is.
"""

EVENT_LOG = sa.MetaData()
"""A file of their own under SQLite: who writes events waits for nobody who writes documents."""

EVENT_HEAD = head_table("event_log_head", EVENT_LOG)
"""As ``LOG``. Events and impressions take their sequences from it together: one order of what was
shown and what was done."""

# An INTEGER is SQLite's own key of a row; any other key is an index more.
EventSequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")

DEED = (
    *("action", "document_id", "happened_at", "received_at", "value"),
    *("user_id", "client_id", "session_id", "query_id", "position"),
)
"""What learning reads of an event, beside its sequence."""


def _of_whom(column: str) -> tuple[sa.Index, sa.Index]:
    """The events of somebody in their order. On SQLite all that learning reads stands in the index
    in one place, where the rows themselves are one page of the file each; an entry of PostgreSQL's
    indexes has no room for the longest names.
    """
    order = ("collection", column, "sequence")
    known = sa.column(column).is_not(None)
    rest = [name for name in DEED if name != column]
    return (
        sa.Index(f"events_of_{column}", *order, *rest, sqlite_where=known).ddl_if("sqlite"),
        sa.Index(f"events_by_{column}", *order, postgresql_where=known).ddl_if("postgresql"),
    )


BY_WHOM = (
    *_of_whom("user_id"),
    *_of_whom("client_id"),
    sa.Index("events_by_session", "collection", "session_id", "sequence"),
)

EVENTS = sa.Table(
    "events",
    EVENT_LOG,
    sa.Column("sequence", EventSequence, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("source", AnyText, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("event_id", AnyText, nullable=False),
    sa.Column("action", AnyText, nullable=False),
    sa.Column("happened_at", sa.BigInteger, nullable=False),
    sa.Column("document_id", AnyText),
    sa.Column("user_id", AnyText),
    sa.Column("client_id", AnyText),
    sa.Column("session_id", AnyText),
    sa.Column("query_id", AnyText),
    sa.Column("position", sa.Integer),
    sa.Column("value", sa.Double),
    sa.Column("details", sa.Text),
    sa.Index("events_by_sequence", "collection", "sequence", unique=True),
    sa.Index("events_by_id", "collection", "event_id", unique=True),
    *BY_WHOM,
)

IMPRESSIONS = sa.Table(
    "impressions",
    EVENT_LOG,
    sa.Column("sequence", EventSequence, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("source", AnyText, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("query_id", AnyText, nullable=False),
    sa.Column("first_position", sa.Integer, nullable=False),
    sa.Column("happened_at", sa.BigInteger, nullable=False),
    sa.Column("release", sa.Integer, nullable=False),
    sa.Column("surface", sa.String(16), nullable=False),
    sa.Column("query_text", AnyText, nullable=False),
    sa.Column("user_id", AnyText),
    sa.Column("client_id", AnyText),
    sa.Column("session_id", AnyText),
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("exposures", sa.Text, nullable=False),
    sa.Column("details", sa.Text),
    sa.Index("impressions_by_sequence", "collection", "sequence", unique=True),
    sa.Index("impressions_by_query", "collection", "query_id", "first_position", unique=True),
)
"""One page of a query's answers a row."""

FEATURE_NAMES = sa.Table(
    "feature_names",
    EVENT_LOG,
    sa.Column("names_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("names", sa.Text, nullable=False),
)
"""A list of names once, by its digest: thousands of searches have the same."""

FEATURES = sa.Table(
    "impression_features",
    EVENT_LOG,
    sa.Column("sequence", EventSequence, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("query_id", AnyText, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("names_id", sa.LargeBinary(16), nullable=False),
    sa.Column("document_ids", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Index("features_by_sequence", "collection", "sequence", "received_at", "bytes"),
    sa.Index("features_by_query", "collection", "query_id", "sequence"),
)
"""What the model saw of the documents of one page, float32 by document: its sequence is one of
these rows alone. How many there are and how large is all in an index."""

ERASURES = sa.Table(
    "erasures",
    EVENT_LOG,
    sa.Column("erasure", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("person", AnyText),
    sa.Column("secret", sa.LargeBinary(32)),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.BigInteger),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("impressions", sa.Integer, nullable=False),
    sa.Column("features", sa.Integer, nullable=False),
)
"""Who is to be forgotten, and that it was done. ``sequence`` is the place in the log's order from
which on nobody reads what was before; until it is there, ``person`` is the id, and ``secret`` makes
what stands in the place of ids. Then both are gone."""

ERASED_IDS = sa.Table(
    "erased_ids",
    EVENT_LOG,
    sa.Column("erasure", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("name", AnyText, nullable=False),
)
"""The clients and sessions of whoever is being erased, found before the first row changes."""

BEHAVIOUR = Log(
    "event log",
    EVENT_LOG,
    EVENT_HEAD,
    EVENT_FORMAT,
    {
        2: (EVENTS.c.details, IMPRESSIONS.c.details),
        3: (FEATURE_NAMES, FEATURES, *BY_WHOM),
        4: (ERASURES, ERASED_IDS),
    },
)
