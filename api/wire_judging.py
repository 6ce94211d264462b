"""Judging, as it goes over the wire: what is asked, and what is replied."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.wire import Wire
from relevance_eval.judging.desk import NAMED
from relevance_eval.judging.ratings import MAXIMUM_GRADE
from tandem.documents import MAXIMUM_ID_BYTES


def _text(description: str, longest: int | None = None) -> Any:
    bounds: dict[str, Any] = {"minLength": 1}
    if longest is not None:
        bounds["maxLength"] = longest
    return Field(description=description, json_schema_extra=bounds)


PoolName = Annotated[str, _text(f"The pool: {NAMED}.", 63)]
Rater = Annotated[
    str, _text(f"Who judges: at most {MAXIMUM_ID_BYTES} bytes of UTF-8.", MAXIMUM_ID_BYTES)
]
QueryId = Annotated[str, _text("One of the pool's queries.")]
DocumentId = Annotated[str, _text("One of the documents that are pooled for the query.")]
Grade = Annotated[
    int | None,
    Field(
        description=f"0 to {MAXIMUM_GRADE}, as `/v1/judging/pools` explains them; null: looked at, "
        "and left unjudged.",
        json_schema_extra={"minimum": 0, "maximum": MAXIMUM_GRADE},
    ),
]


class JudgingAsked(BaseModel):
    """Every name is known, every value of its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class QueriesAsked(JudgingAsked):
    """How far a rater is."""

    pool: PoolName
    rater: Rater


class DocumentsAsked(QueriesAsked):
    """What is to be judged for a query."""

    query_id: QueryId


class DocumentAsked(JudgingAsked):
    """What a document says."""

    pool: PoolName
    query_id: QueryId
    document_id: DocumentId


class RatingAsked(DocumentsAsked):
    """What a rater says of a document."""

    document_id: DocumentId
    grade: Grade


class UndoAsked(QueriesAsked):
    """A rater takes the last rating back."""


class PoolReply(Wire):
    """A pool."""

    name: str
    queries: int
    documents: int = Field(description="to be judged, each once a query")
    fault: str | None = Field(description="why it cannot be judged; null where it can")


class GradeReply(Wire):
    """A grade."""

    grade: int
    meaning: str


class PoolsReply(Wire):
    """The pools, and the grades."""

    pools: list[PoolReply]
    grades: list[GradeReply]


class JudgedQueryReply(Wire):
    """A query."""

    query_id: str
    text: str
    intent: str = Field(description="what whoever typed it wants; empty where nobody wrote it down")
    documents: int
    rated: int = Field(description="how many of them this rater has rated, or left unjudged")


class JudgingQueriesReply(Wire):
    """The queries of a pool, in its order."""

    queries: list[JudgedQueryReply]


class JudgedDocumentReply(Wire):
    """A document. Which configuration found it, and where, is told by nothing."""

    document_id: str
    rated: bool = Field(description="also one that was left unjudged")
    grade: int | None


class JudgingDocumentsReply(Wire):
    """The documents of a query, in this rater's own order."""

    documents: list[JudgedDocumentReply]


class JudgingDocumentReply(Wire):
    """What a document says now."""

    document_id: str
    gone: bool = Field(description="deleted since it was pooled: no content")
    title: str | None
    body: str | None
    attributes: dict[str, Any] | None = Field(description="as they were sent")


class RatingReply(Wire):
    """A rating."""

    query_id: str
    document_id: str
    grade: int | None


class UndoReply(Wire):
    """What was taken back; what was said of that document before counts again."""

    undone: RatingReply | None = Field(description="null where there is nothing to take back")
