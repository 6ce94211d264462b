"""What goes over the wire, as OpenAPI tells it. Replies are written as they are, without being
copied into these; a test holds them against each other.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Wire(BaseModel):
    """Nothing else is in it."""

    model_config = ConfigDict(extra="forbid")


class EvidenceReply(Wire):
    """What one leg said about a hit."""

    leg: str = Field(description="`lexical` or `vector`")
    rank: int | None = Field(description="from 1; null where the leg did not return the document")
    score: float | None = Field(description="the leg's own; null where it is not known")
    share: float = Field(description="what the leg added to the fused score")


class HitReply(Wire):
    """One document of a page."""

    document_id: str
    rank: int = Field(description="from 1")
    score: float = Field(description="larger is better; comparable inside this reply only")
    title: str | None = Field(description="null, as is body, where the document could not be had")
    body: str | None
    attributes: dict[str, Any] | None = Field(description="as they were sent")
    evidence: list[EvidenceReply] = Field(default=[], description="with `explain` alone")


class DegradationReply(Wire):
    """A part of the answer that is missing."""

    leg: str = Field(description="`lexical`, `vector`, `completion`, `documents` or `catalogue`")
    reason: str = Field(description="`timeout`, `unavailable`, `error` or `skipped`")


class SearchReply(Wire):
    """The answer to one query."""

    query_id: str = Field(description="of this query alone: 32 hex digits")
    configuration: str
    release: int = Field(description="which release has answered")
    hits: list[HitReply] = Field(description="best first")
    degraded: list[DegradationReply] = Field(description="what is missing; usually nothing")
    milliseconds: dict[str, float] = Field(description="by stage, and `total`")


class HealthReply(Wire):
    """The process answers."""

    alive: bool


class LegReply(Wire):
    """How one leg is."""

    engine: str
    version: str
    state: str = Field(
        description="`ok`; `degraded`, which answers all the same; or why it does not: "
        "`unreachable`, `unusable`, `no index`, `loading`, `no model`"
    )


class ReadyReply(Wire):
    """A search can be answered."""

    collection: str
    release: int = Field(description="the live one, as far as is known")
    taken_up: bool = Field(
        description="false where another release may be live, which could not be taken up; the "
        "server's log says why"
    )
    catalogue: str = Field(description="`ok`, or `unreachable`: the last known release answers")
    legs: dict[str, LegReply]


class ErrorDetail(Wire):
    """What is wrong, and what to do next."""

    code: str = Field(description="one of a closed list, for programs")
    message: str = Field(description="for people: what was wrong, and what was expected")
    field: str | None = Field(description="the parameter that is meant, where it is one")
    hint: str | None = Field(description="what to do next")
    docs: str = Field(description="where the code is explained")


class ErrorReply(Wire):
    """Every error has this shape."""

    error: ErrorDetail


ERRORS: dict[int | str, dict[str, Any]] = {
    "default": {"model": ErrorReply, "description": "What is wrong."}
}
"""Every operation's replies besides its own."""
