"""``/v1/documents``: reading, writing and deleting them."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from api.access import caller_of, needs, still
from api.asked import by_parameters, check_id
from api.asked_writes import Action, AskedWrite
from api.batch_reply import BatchReply
from api.bodies import read_object
from api.document_shape import told
from api.http_errors import BadParameter, Json
from api.incoming import IncomingLines
from api.preconditions import etag, is_known, sequence_of
from api.routes.addressed import DOCUMENT_ID, DocumentRoute
from api.routes.content import JSON, LINES, MERGE_PATCH, Body, check_type
from api.routes.described import BODY_ERRORS, errors, json_body, parameters, reply
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.wire_documents import (
    DOCUMENT,
    DOCUMENT_REPLY,
    DOCUMENT_SCHEMA,
    IF_CHANGED,
    IF_MATCH,
    IF_NONE_MATCH,
    LINES_TOLD,
    PATCH,
    PATCH_SCHEMA,
    REPLY_LINES,
    WAIT_MS,
    WRITE_REPLY,
    DocumentReply,
    WriteAsked,
    WriteReply,
)
from api.wire_documents import LINES as EXAMPLE_LINES

PATH = "/documents/{document_id:path}"
WRITE_ERRORS = (
    "bad_filter", "forbidden", "cross_site", "sequence_conflict", "document_log_unavailable",
)  # fmt: skip
NEW_ERRORS = (*WRITE_ERRORS, *BODY_ERRORS, "bad_document", "search_unavailable")
WRITTEN: dict[int | str, dict[str, Any]] = {
    200: reply(WriteReply, "It is so, and durable.", WRITE_REPLY),
    202: reply(
        WriteReply,
        "With `wait`: it is so, and durable, but not every leg shows it yet.",
        {**WRITE_REPLY, "indexed": {"lexical": True, "vector": False}},
    ),
}
CREATED: dict[int | str, dict[str, Any]] = {
    201: reply(WriteReply, "It is new, and durable.", {**WRITE_REPLY, "result": "created"})
}
WRITE = [DOCUMENT_ID, IF_MATCH, IF_NONE_MATCH]


def routes(serving: Serving) -> APIRouter:
    """Documents."""
    router = APIRouter(prefix="/v1", tags=["documents"], route_class=DocumentRoute)
    _reading(router, serving)
    _writing(router, serving)
    _batches(router, serving)
    return router


def _reading(router: APIRouter, serving: Serving) -> None:
    @router.get(
        PATH,
        operation_id="document",
        summary="One document",
        dependencies=[Depends(needs("search")), Depends(refuse_unknown)],
        responses={
            200: reply(DocumentReply, "The document.", DOCUMENT_REPLY),
            304: {"description": "It is the one that is known already."},
            **errors("bad_filter", "document_not_found", "document_log_unavailable"),
        },
        openapi_extra={"parameters": [DOCUMENT_ID, IF_CHANGED]},
    )
    async def document(request: Request) -> Response:
        """A document as it was accepted last, whether searches find it yet or not."""
        found = await serving.document_desk.read(_document_id(request), caller_of(request))
        assert found.document is not None, "what is gone is not found"
        tag = {"etag": etag(found.sequence)}
        if is_known(request.headers, found.sequence):
            return Response(status_code=304, headers=tag)
        own = {"document_id": found.document_id, "sequence": found.sequence}
        return Json({**own, **told(found.document)}, headers=tag)


def _writing(router: APIRouter, serving: Serving) -> None:
    @router.put(
        PATH,
        operation_id="put_document",
        summary="Write a document",
        dependencies=[Depends(needs("write"))],
        responses={**WRITTEN, **CREATED, **errors(*NEW_ERRORS, "id_taken")},
        openapi_extra=parameters(WriteAsked, *WRITE) | json_body(DOCUMENT_SCHEMA, DOCUMENT),
    )
    async def put(request: Request, body: Body) -> Json:
        """Write a document as a whole, in the place of what was there. It is durable when the reply
        comes, and searchable soon; the first one makes the collection. What is sent again without
        a change is `unchanged`.
        """
        check_type(request.headers, *JSON)
        return await _written(serving, "put", request, read_object(body))

    @router.patch(
        PATH,
        operation_id="patch_document",
        summary="Change a part of a document",
        dependencies=[Depends(needs("write"))],
        responses={**WRITTEN, **errors(*NEW_ERRORS, "document_not_found")},
        openapi_extra=parameters(WriteAsked, *WRITE)
        | json_body(PATCH_SCHEMA, PATCH, MERGE_PATCH, *JSON),
    )
    async def patch(request: Request, body: Body) -> Json:
        """Change a part of a document: a JSON merge patch (RFC 7396) of what `GET` tells of it. Two
        who change different parts at once both succeed.
        """
        check_type(request.headers, MERGE_PATCH, *JSON)
        return await _written(serving, "patch", request, read_object(body))

    @router.delete(
        PATH,
        operation_id="delete_document",
        summary="Delete a document",
        dependencies=[Depends(needs("write"))],
        responses={**WRITTEN, **errors(*WRITE_ERRORS, "document_not_found")},
        openapi_extra=parameters(WriteAsked, *WRITE),
    )
    async def delete(request: Request) -> Json:
        """Delete a document. Searches do not show it soon after."""
        return await _written(serving, "delete", request)


def _batches(router: APIRouter, serving: Serving) -> None:
    @router.post(
        "/documents:batch",
        operation_id="documents_batch",
        summary="Write many documents",
        dependencies=[Depends(needs("write")), Depends(refuse_unknown)],
        status_code=200,
        response_class=BatchReply,
        responses={
            200: {
                "description": "A line for each that was sent, as soon as it is durable; the last "
                "one sums up. `stopping`: the server ends, or nobody has read 256 MB of the reply; "
                "what comes after was not read.",
                "content": {BatchReply.media_type: {"example": REPLY_LINES}},
            },
            **errors(*BODY_ERRORS, "document_log_unavailable"),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "description": LINES_TOLD,
                "content": {LINES[0]: {"schema": {"type": "string"}, "example": EXAMPLE_LINES}},
            }
        },
    )
    async def batch(request: Request) -> BatchReply:
        """Write, patch and delete in the order of the lines. What is refused is named in its line
        and keeps none of the others. Both ways are streamed: a line that was answered is durable,
        whatever becomes of the rest.
        """
        check_type(request.headers, *LINES)
        at_work = await serving.document_desk.batch(still(request, "write"))
        lines = IncomingLines(request.stream())
        return BatchReply(lines, at_work, serving.document_desk.is_stopping)


async def _written(
    serving: Serving, action: Action, request: Request, content: Mapping[str, Any] | None = None
) -> Json:
    how = by_parameters(WriteAsked, request.query_params)
    if how.wait is None and how.wait_ms is not None:
        raise BadParameter("wait_ms", "is expected only with wait=indexed")
    expected = sequence_of(request.headers, how.if_sequence)
    asked = AskedWrite(action, _document_id(request), content or {}, expected)
    done = await serving.document_desk.write(asked, caller_of(request))
    status = 201 if done.result == "created" else 200
    reply: dict[str, Any] = done._asdict()
    if how.wait is not None:
        wait_ms = WAIT_MS if how.wait_ms is None else how.wait_ms
        shown = await serving.document_desk.shown(done, wait_ms / 1_000)
        reply |= {"indexed": shown.indexed, "refused": shown.refused}
        status = status if shown.is_final else 202
    return Json(reply, status, {} if action == "delete" else {"etag": etag(done.sequence)})


def _document_id(request: Request) -> str:
    document_id = request.path_params["document_id"]
    check_id("document_id", document_id)
    return str(document_id)
