"""A query, as it travels through the pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

Surface = Literal["search", "similar"]
"""Where a query comes from. Feeds join when they are built."""

MAXIMUM_TEXT_CHARACTERS = 4_000
MAXIMUM_LIMIT = 1_000
MAXIMUM_BUDGET_MS = 600_000


def new_query_id() -> str:
    """A fresh random identifier, 32 hex digits."""
    return uuid4().hex


@dataclass(frozen=True, slots=True)
class Sort:
    """The order in which a collection is browsed: by a field's value, or by document_id where there
    is none.
    """

    field: str | None = None
    is_descending: bool = False

    @classmethod
    def read(cls, text: str) -> "Sort":
        """``year`` sorts upwards, ``-year`` downwards."""
        return cls(text.removeprefix("-"), text.startswith("-"))


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asked for.

    A blank ``text`` browses what the filters leave, in the order of ``sort``. ``filters`` is the
    filter as data (``tandem.filters``) and ``facets`` are names of fields, neither yet checked
    against a schema; ``forced`` is a second filter, of who may not see everything: both must hold.
    ``seed_document_id`` is the document to which others are similar, on that surface. ``limit``
    counts documents, 1 to 1,000; ``cursor`` asks for the page after the one that gave it.
    ``budget_ms`` is the time for the whole answer in milliseconds, at most 600,000; ``None`` takes
    the configuration's. ``wants_highlights``: what a hit shows of itself is looked for;
    ``wants_explanation``: what each feature did to the score of the hits shown;
    ``wants_features``: the features of the hits shown, for whoever learns from them. ``issued_at``
    is aware, UTC.
    """

    text: str
    query_id: str = field(default_factory=new_query_id)
    surface: Surface = "search"
    seed_document_id: str | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    forced: Mapping[str, Any] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    sort: Sort | None = None
    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    limit: int = 10
    cursor: str | None = None
    budget_ms: float | None = None
    wants_highlights: bool = True
    wants_explanation: bool = False
    wants_features: bool = False
    issued_at: datetime = field(default_factory=lambda: datetime.now(UTC))
