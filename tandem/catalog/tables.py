"""The catalogue's tables. Sequences count from 1; 0 means "before everything".

Times are microseconds since 1970, JSON is canonical text: every database holds them alike.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from tandem.catalog.text import AnyText

FORMAT = 4
"""Grows with every change to the tables; 1 had no number, 2 did not know what an index awaits, 3
had no models."""

CATALOGUE = sa.MetaData()


def _head_table(name: str, metadata: sa.MetaData) -> sa.Table:
    """Where a log's last sequence stands."""
    return sa.Table(
        name,
        metadata,
        sa.Column("log_id", sa.String(32), primary_key=True),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
    )


LOG = _head_table("document_log_head", CATALOGUE)
"""One row. A sequence is taken by moving ``head`` in the transaction that writes the rows, so that
none is lost, none is given twice, and they become visible in order."""

DOCUMENTS = sa.Table(
    "documents",
    CATALOGUE,
    sa.Column("collection", sa.String(64), primary_key=True),
    sa.Column("document_id", AnyText, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("source", AnyText, nullable=False),
    sa.Column("is_deleted", sa.Boolean, nullable=False),
    sa.Column("content_hash", sa.String(32), nullable=False),
    sa.Column("title", AnyText, nullable=False),
    sa.Column("body", AnyText, nullable=False),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("updated_at", sa.BigInteger),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Index("documents_by_sequence", "collection", "sequence", unique=True),
)
"""The newest version of each document, or its tombstone."""

GENERATIONS = sa.Table(
    "generations",
    CATALOGUE,
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("schema", sa.Text, nullable=False),
    sa.Column("analysis", sa.String(64), nullable=False),
    sa.Column("embedder", sa.Text, nullable=False),
    sa.Column("dimension", sa.Integer, nullable=False),
    sa.Column("passage_tokens", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
"""What a pair of indexes was built with, and whether it is ``building``, ``ready``, ``leaving`` or
``dropped``."""

CHECKPOINTS = sa.Table(
    "checkpoints",
    CATALOGUE,
    sa.Column("index_name", sa.String(96), primary_key=True),
    sa.Column("identity", sa.String(32), nullable=False),
    sa.Column("log_id", sa.String(32), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("applied", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("beat", sa.BigInteger, nullable=False),
    sa.Column("awaited", sa.BigInteger),
)
"""How far an index followed the log, and up to where it lacks something that it should have: one
that was begun when the log held documents already. ``epoch`` grows with each owner; a late one is
refused. ``beat`` grows with each sign of life of the ``owner``, and never shrinks."""

FAILURES = sa.Table(
    "failures",
    CATALOGUE,
    sa.Column("index_name", sa.String(96), primary_key=True),
    sa.Column("document_id", AnyText, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("reason", AnyText, nullable=False),
)
"""Documents that an engine refused for good."""

RELEASES = sa.Table(
    "releases",
    CATALOGUE,
    sa.Column("release", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("parent", sa.Integer),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("model", sa.Integer),
)

LIVE = sa.Table(
    "live_releases",
    CATALOGUE,
    sa.Column("collection", sa.String(64), primary_key=True),
    sa.Column("release", sa.Integer, nullable=False),
)
"""The pointer that going live moves."""

MODELS = sa.Table(
    "models",
    CATALOGUE,
    sa.Column("model", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("manifest", sa.Text, nullable=False),
)
"""Reranking models, and what each says of itself."""

MODEL_PARTS = sa.Table(
    "model_parts",
    CATALOGUE,
    sa.Column("model", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
"""The files that a model is made of; one that was removed has none."""

TASKS = sa.Table(
    "tasks",
    CATALOGUE,
    sa.Column("task", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("arguments", sa.Text, nullable=False),
    sa.Column("progress", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("error", AnyText, nullable=False),
    sa.Column("hint", AnyText, nullable=False),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)
"""What another process asked the owner to do, and what came of it."""

VERIFICATIONS = sa.Table(
    "verifications",
    CATALOGUE,
    sa.Column("index_name", sa.String(96), primary_key=True),
    sa.Column("verified_at", sa.BigInteger, nullable=False),
    sa.Column("findings", sa.Text, nullable=False),
    sa.Column("repaired", sa.BigInteger, nullable=False),
)
"""The last comparison of each index with the log."""

EVENT_FORMAT = 2
"""As ``FORMAT``, of the tables below; 1 had no details."""

EVENT_LOG = sa.MetaData()
"""A file of their own under SQLite: who writes events waits for nobody who writes documents."""

EVENT_HEAD = _head_table("event_log_head", EVENT_LOG)
"""As ``LOG``. Events and impressions take their sequences from it together: one order of what was
shown and what was done."""

# An INTEGER is SQLite's own key of a row; any other key is an index more.
EventSequence = sa.BigInteger().with_variant(sa.Integer, "sqlite")

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
    sa.Index("events_by_user", "collection", "user_id", "sequence"),
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


class Log(NamedTuple):
    """A log as it stands in a database: its tables, and the one whose row has its id and head.
    ``added`` maps a format to the columns and tables that it has and the one before it had not:
    with nothing in them, since what is there already knows nothing of them. A log of an earlier
    format is taken up where all from there on are told.
    """

    title: str
    tables: sa.MetaData
    head: sa.Table
    format: int
    added: Mapping[int, tuple[sa.Column[Any] | sa.Table, ...]]

    @property
    def readable(self) -> tuple[int, ...]:
        """The formats that can be taken up, and the present one."""
        return tuple(
            number for number in range(1, self.format + 1) if self.lacking(number) is not None
        )

    def lacking(self, found: int) -> tuple[sa.Column[Any] | sa.Table, ...] | None:
        """What an earlier format has not; ``None`` if it cannot be taken up."""
        later = range(found + 1, self.format + 1)
        if not all(number in self.added for number in later):
            return None
        return tuple(item for number in later for item in self.added[number])

    def names(self, found: int) -> list[str]:
        """What the tables of a format that can be taken up are called."""
        lacking = {item.name for item in self.lacking(found) or () if isinstance(item, sa.Table)}
        return sorted(self.tables.tables.keys() - lacking)


CONTENT = Log(
    "catalogue",
    CATALOGUE,
    LOG,
    FORMAT,
    {3: (CHECKPOINTS.c.awaited,), 4: (RELEASES.c.model, MODELS, MODEL_PARTS)},
)
BEHAVIOUR = Log(
    "event log",
    EVENT_LOG,
    EVENT_HEAD,
    EVENT_FORMAT,
    {2: (EVENTS.c.details, IMPRESSIONS.c.details)},
)

CACHE = sa.MetaData()

EMBEDDINGS = sa.Table(
    "embeddings",
    CACHE,
    sa.Column("embedder", sa.String(255), primary_key=True),
    sa.Column("text_hash", sa.LargeBinary(16), primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)
"""Float32 rows by text, in a file of their own: all of it can be computed again."""

FROZEN = sa.MetaData()

FROZEN_RANKINGS = sa.Table(
    "frozen_rankings",
    FROZEN,
    sa.Column("ranking_id", sa.String(64), primary_key=True),
    sa.Column("collection", sa.String(64), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Index("frozen_rankings_by_expiry", "expires_at", "collection", "generation", "size"),
)
"""What cursors page through, in a file of their own under SQLite: losing it costs a next page.
All that has to be known of how many they are and how large, of content's bytes, is in the index."""
