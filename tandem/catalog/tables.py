"""The catalogue's tables. Sequences count from 1; 0 means "before everything".

Times are microseconds since 1970, JSON is canonical text: every database holds them alike.
"""

import sqlalchemy as sa

from tandem.catalog.logs import Log, head_table
from tandem.catalog.text import AnyText

FORMAT = 6
"""Grows with every change to the tables; 1 had no number, 2 did not know what an index awaits, 3
had no models, 4 no searches of releases' own, 5 no keys."""

CATALOGUE = sa.MetaData()


LOG = head_table("document_log_head", CATALOGUE)
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
    sa.Column("updated_at", sa.BigInteger),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("title", AnyText, nullable=False),
    sa.Column("body", AnyText, nullable=False),
    sa.Index("documents_by_sequence", "collection", "sequence", unique=True),
)
"""The newest version of each document, or its tombstone. What may be long stands last: SQLite
passes over all that stands before what it reads. Files of earlier versions have another order.
"""

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
    sa.Column("search", sa.Text),
)
"""What each searches: a generation, ordered by a model, fused by settings of its own as JSON; the
last two may be missing."""

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

KEYS = sa.Table(
    "keys",
    CATALOGUE,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("name", AnyText, nullable=False),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("scopes", sa.String(64), nullable=False),
    sa.Column("filter", AnyText),
    sa.Column("requests_per_second", sa.Float),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
)
"""Who may ask a server, without what would let anybody in; the words of ``scopes`` have spaces
between them."""

CONTENT = Log(
    "catalogue",
    CATALOGUE,
    LOG,
    FORMAT,
    {
        3: (CHECKPOINTS.c.awaited,),
        4: (RELEASES.c.model, MODELS, MODEL_PARTS),
        5: (RELEASES.c.search,),
        6: (KEYS,),
    },
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
