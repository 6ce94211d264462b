"""``/v1/judging/``: people judge what was pooled, without seeing which configuration found it."""

from fastapi import APIRouter, Depends, Request

from api.access import needs
from api.asked import by_body, by_parameters, check_id
from api.http_errors import BadParameter, Json
from api.routes.content import JSON, Body, check_type
from api.routes.described import BODY_ERRORS, errors, json_body, parameters, reply, schema_of
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.wire_examples import (
    JUDGING_DOCUMENT_REPLY,
    JUDGING_DOCUMENTS_REPLY,
    JUDGING_QUERIES_REPLY,
    POOLS_REPLY,
    RATING,
    RATING_REPLY,
    UNDO,
)
from api.wire_judging import (
    DocumentAsked,
    DocumentsAsked,
    JudgingDocumentReply,
    JudgingDocumentsReply,
    JudgingQueriesReply,
    PoolsReply,
    QueriesAsked,
    RatingAsked,
    RatingReply,
    UndoAsked,
    UndoReply,
)
from relevance_eval.judging.desk import DocumentEntry, check_pooled
from relevance_eval.judging.ratings import GRADES, MAXIMUM_GRADE, Place, Rating

POOL_ERRORS = ("pool_not_found", "pool_unreadable")


def routes(serving: Serving) -> APIRouter:
    """Judging."""
    router = APIRouter(
        prefix="/v1/judging", tags=["judging"], dependencies=[Depends(needs("admin"))]
    )
    _add_pools(router, serving)
    _add_documents(router, serving)
    _add_rating(router, serving)
    return router


def _add_pools(router: APIRouter, serving: Serving) -> None:
    @router.get(
        "/pools",
        operation_id="judging_pools",
        summary="Which pools there are",
        dependencies=[Depends(refuse_unknown)],
        responses={
            200: reply(PoolsReply, "The pools by name.", POOLS_REPLY),
            **errors("pool_unreadable"),
        },
    )
    def pools() -> Json:
        """The pools of the collection that is served, made by `tandem eval pool`, and what the
        grades mean.
        """
        grades = [{"grade": grade, "meaning": meaning} for grade, meaning in GRADES.items()]
        entries = [entry._asdict() for entry in serving.judging.pools()]
        return Json({"pools": entries, "grades": grades})

    @router.get(
        "/queries",
        operation_id="judging_queries",
        summary="The queries of a pool, and how far a rater is",
        responses={
            200: reply(JudgingQueriesReply, "The queries.", JUDGING_QUERIES_REPLY),
            **errors(*POOL_ERRORS),
        },
        openapi_extra=parameters(QueriesAsked),
    )
    def queries(request: Request) -> Json:
        """The queries in the order in which they are judged, with what is meant by each."""
        asked = by_parameters(QueriesAsked, request.query_params)
        check_id("rater", asked.rater)
        found = serving.judging.queries(asked.pool, asked.rater)
        return Json({"queries": [entry._asdict() for entry in found]})


def _add_documents(router: APIRouter, serving: Serving) -> None:
    @router.get(
        "/documents",
        operation_id="judging_documents",
        summary="What is to be judged for a query",
        responses={
            200: reply(JudgingDocumentsReply, "The documents.", JUDGING_DOCUMENTS_REPLY),
            **errors(*POOL_ERRORS, "not_pooled"),
        },
        openapi_extra=parameters(DocumentsAsked),
    )
    def documents(request: Request) -> Json:
        """The documents that were pooled for a query, in an order that is this rater's own and the
        same each time: neither it nor anything else tells which configuration found them.
        """
        asked = by_parameters(DocumentsAsked, request.query_params)
        check_id("rater", asked.rater)
        found = serving.judging.documents(asked.pool, asked.rater, asked.query_id)
        return Json({"documents": [_entry(each) for each in found]})

    @router.get(
        "/document",
        operation_id="judging_document",
        summary="What a document says",
        responses={
            200: reply(JudgingDocumentReply, "The document.", JUDGING_DOCUMENT_REPLY),
            **errors(*POOL_ERRORS, "not_pooled", "collection_not_found", "search_unavailable"),
        },
        openapi_extra=parameters(DocumentAsked),
    )
    def document(request: Request) -> Json:
        """A document of the pool, as it is in the live release."""
        asked = by_parameters(DocumentAsked, request.query_params)
        check_pooled(serving.judging.pool(asked.pool), asked.query_id, asked.document_id)
        found = serving.document(asked.document_id)
        return Json(
            {
                "document_id": asked.document_id,
                "gone": found is None,
                "title": found.title if found else None,
                "body": found.body if found else None,
                "attributes": dict(found.attributes) if found else None,
            }
        )


def _add_rating(router: APIRouter, serving: Serving) -> None:
    @router.post(
        "/ratings",
        operation_id="judging_rate",
        summary="Rate a document",
        dependencies=[Depends(refuse_unknown)],
        responses={
            200: reply(RatingReply, "What is kept.", RATING_REPLY),
            **errors(*BODY_ERRORS, *POOL_ERRORS, "not_pooled", "ratings_unavailable"),
        },
        openapi_extra=json_body(schema_of(RatingAsked), RATING),
    )
    def rate(request: Request, body: Body) -> Json:
        """Keep what a rater says of a document for a query; durable when it is answered. Of one
        document a rater's last word counts.
        """
        check_type(request.headers, *JSON)
        asked = by_body(RatingAsked, body)
        check_id("rater", asked.rater)
        if asked.grade is not None and not 0 <= asked.grade <= MAXIMUM_GRADE:
            raise BadParameter("grade", f"is {asked.grade}, expected 0 to {MAXIMUM_GRADE}, or null")
        place = Place(asked.query_id, asked.document_id)
        serving.judging.rate(asked.pool, asked.rater, place, asked.grade)
        return Json(_rating(Rating(asked.rater, place, asked.grade)))

    @router.post(
        "/undo",
        operation_id="judging_undo",
        summary="Take the last rating back",
        dependencies=[Depends(refuse_unknown)],
        responses={
            200: reply(UndoReply, "What was taken back.", {"undone": RATING_REPLY}),
            **errors(*BODY_ERRORS, *POOL_ERRORS, "ratings_unavailable"),
        },
        openapi_extra=json_body(schema_of(UndoAsked), UNDO),
    )
    def undo(request: Request, body: Body) -> Json:
        """Take back the rater's last rating of the pool that is not taken back yet: what was said
        of that document before counts again. To do so again goes back one more.
        """
        check_type(request.headers, *JSON)
        asked = by_body(UndoAsked, body)
        check_id("rater", asked.rater)
        undone = serving.judging.undo(asked.pool, asked.rater)
        return Json({"undone": None if undone is None else _rating(undone)})


def _entry(each: DocumentEntry) -> dict[str, object]:
    return {"document_id": each.document_id, "rated": each.is_rated, "grade": each.grade}


def _rating(rating: Rating) -> dict[str, object]:
    return {**rating.place._asdict(), "grade": rating.grade}
