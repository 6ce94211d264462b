"""Documents, as they go over the wire: what is asked, and what is replied."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.document_batch import ACTIONS
from api.wire import Wire
from indexer.validation import MAXIMUM_BODY_CHARACTERS, MAXIMUM_TITLE_CHARACTERS
from tandem.documents import MAXIMUM_ID_BYTES, MAXIMUM_SEQUENCE

WAIT_MS, LONGEST_WAIT_MS = 10_000, 60_000

IfSequence = Annotated[
    int | None,
    Field(
        description="The sequence at which the document must stand, else nothing is changed; 0: it "
        "must not exist. `If-Match` says the same.",
        ge=0,
        le=MAXIMUM_SEQUENCE,
    ),
]


class WriteAsked(BaseModel):
    """How a document is to be written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    if_sequence: IfSequence = None
    wait: Annotated[
        Literal["indexed"] | None,
        Field(description="`indexed`: reply when searches find it by words and by meaning."),
    ] = None
    wait_ms: Annotated[
        int | None,
        Field(
            description=f"How long to wait for that, in milliseconds; by default {WAIT_MS:,}.",
            ge=0,
            le=LONGEST_WAIT_MS,
        ),
    ] = None


class DocumentReply(Wire):
    """A document as the log has it. Its parts can be sent again as they are."""

    document_id: str
    sequence: int = Field(description="grows with each change; the same as in `ETag`")
    title: str
    body: str
    attributes: dict[str, Any] = Field(description="as they were sent")
    updated_at: str | None = Field(description="RFC 3339, in UTC")


class IndexedReply(Wire):
    """Whether searches find the document."""

    lexical: bool = Field(description="by words")
    vector: bool = Field(description="by meaning")


class WriteReply(Wire):
    """What became of a write. It is durable."""

    document_id: str
    result: Literal["created", "updated", "unchanged", "deleted"]
    sequence: int = Field(
        description="at which the document stands now; `unchanged` has got no new one"
    )
    indexed: IndexedReply | None = Field(default=None, description="with `wait` alone")
    refused: dict[str, str] | None = Field(
        default=None,
        description="with `wait` alone: leg -> why its engine refuses this version for good",
    )


_TEXT = {"type": ["string", "null"]}
DOCUMENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "title": {**_TEXT, "maxLength": MAXIMUM_TITLE_CHARACTERS},
        "body": {
            **_TEXT,
            "maxLength": MAXIMUM_BODY_CHARACTERS,
            "description": "One of title and body must not be blank.",
        },
        "attributes": {
            "type": ["object", "null"],
            "additionalProperties": True,
            "description": "By name: texts, numbers, truth values, lists of texts. Null is none.",
        },
        "updated_at": {**_TEXT, "format": "date-time", "description": "RFC 3339."},
    },
}
DOCUMENT: dict[str, Any] = {
    "title": "Refunds",
    "body": "Your money back within 30 days.",
    "attributes": {"year": 2021},
    "updated_at": "2026-11-21T09:30:00Z",
}
DOCUMENT_REPLY: dict[str, Any] = {"document_id": "d3", "sequence": 17, **DOCUMENT}
PATCH: dict[str, Any] = {"title": "Refunds and returns", "attributes": {"year": None}}
PATCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": True,
    "description": "What is to change (RFC 7396): null takes a part away, `attributes` are merged.",
}
WRITE_REPLY: dict[str, Any] = {
    "document_id": "d3",
    "result": "updated",
    "sequence": 18,
    "indexed": {"lexical": True, "vector": True},
    "refused": {},
}
LINES = (
    '{"document_id": "d3", "document": {"title": "Refunds", "attributes": {"year": 2021}}}\n'
    '{"action": "patch", "document_id": "d4", "document": {"body": "New."}, "if_sequence": 12}\n'
    '{"action": "delete", "document_id": "d5"}\n'
)
REPLY_LINES = (
    '{"line": 1, "document_id": "d3", "result": "created", "sequence": 17}\n'
    '{"line": 2, "document_id": "d4", "error": {"code": "sequence_conflict", "message": "the '
    'document \'d4\' stands at sequence 15, expected at sequence 12", "field": null, "hint": '
    '"get it again, and decide by what it says now", "docs": '
    '"docs/reference/http.md#sequence_conflict"}}\n'
    '{"line": 3, "document_id": "d5", "result": "deleted", "sequence": 18}\n'
    '{"summary": {"lines": 3, "created": 1, "updated": 0, "unchanged": 0, "deleted": 1, '
    '"errors": 1, "sequence": 18, "stopping": false}}\n'
)
LINES_TOLD = (
    f"One write a line: `document_id` (text, at most {MAXIMUM_ID_BYTES} bytes of UTF-8), `action` "
    f"({', '.join(f'`{action}`' for action in ACTIONS)}; by default the first), `document` (the "
    "document, or the merge patch) and `if_sequence`. The body may be as long as you like, a line "
    "has at most 1,048,576 bytes."
)


def header(name: str, description: str) -> dict[str, Any]:
    """A header, as a parameter."""
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }


IF_MATCH = header(
    "If-Match", 'The `ETag` of the document that is to be changed, `"17"`: as `if_sequence=17`.'
)
IF_NONE_MATCH = header("If-None-Match", "`*`: the document must not exist, as `if_sequence=0`.")
IF_CHANGED = header("If-None-Match", "An `ETag` that is known already: then the reply is 304.")
