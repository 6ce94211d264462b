"""A query, as it travels through the pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

Surface = Literal["search"]
"""Where a query comes from. Similar lists and feeds join when they are built."""

MAXIMUM_TEXT_CHARACTERS = 4_000
MAXIMUM_LIMIT = 1_000
MAXIMUM_BUDGET_MS = 600_000


def new_query_id() -> str:
    """A fresh random identifier, 32 hex digits."""
    return uuid4().hex


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asked for.

    ``filters`` is the filter as data (``tandem.filters``), not yet checked against a schema.
    ``limit`` counts documents, 1 to 1,000. ``budget_ms`` is the time for the whole answer in
    milliseconds, at most 600,000; ``None`` takes the configuration's. ``issued_at`` is aware, UTC.
    """

    text: str
    query_id: str = field(default_factory=new_query_id)
    surface: Surface = "search"
    filters: Mapping[str, Any] = field(default_factory=dict)
    user_id: str | None = None
    session_id: str | None = None
    limit: int = 10
    budget_ms: float | None = None
    issued_at: datetime = field(default_factory=lambda: datetime.now(UTC))
