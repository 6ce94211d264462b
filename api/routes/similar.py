"""``/v1/documents/{id}/similar``: what to look at next."""

from fastapi import APIRouter, Depends, Request

from api.access import needs
from api.asked import by_parameters, check_id, query_of
from api.http_errors import Json
from api.routes.addressed import DOCUMENT_ID, SIMILAR, Addressed
from api.routes.answering import answered
from api.routes.described import SEARCH_ERRORS, errors, parameters, reply
from api.serving import Serving
from api.wire import SearchReply
from api.wire_asked import SimilarAsked
from api.wire_examples import SEARCH_REPLY


def routes(serving: Serving) -> APIRouter:
    """Similar documents."""
    router = APIRouter(
        prefix="/v1",
        tags=["search"],
        dependencies=[Depends(needs("search"))],
        route_class=Addressed,
    )

    @router.get(
        f"/documents/{{document_id:path}}{SIMILAR}",
        operation_id="similar",
        summary="What resembles a document",
        responses={
            200: reply(SearchReply, "The page, most alike first.", SEARCH_REPLY),
            **errors(*SEARCH_ERRORS, "document_not_found"),
        },
        openapi_extra=parameters(SimilarAsked, DOCUMENT_ID),
    )
    def similar(request: Request) -> Json:
        """What resembles a document by words and meaning, under the filter; itself is not among
        it. The reply is that of a search.
        """
        asked = by_parameters(SimilarAsked, request.query_params)
        document_id = request.path_params["document_id"]
        check_id("document_id", document_id)
        query = query_of(asked, surface="similar", seed_document_id=document_id)
        return answered(serving, asked, query, request)

    return router
