"""``/v1/users/{id}``: somebody is forgotten."""

from fastapi import APIRouter, Depends, Request

from api.access import needs
from api.asked import check_id
from api.http_errors import Json
from api.routes.described import errors, reply
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from api.wire import ErasureReply
from api.wire_examples import ERASURE_REPLY, ERASURE_UNDER_WAY
from tandem.documents import MAXIMUM_ID_BYTES

USER_ID = {
    "name": "user_id",
    "in": "path",
    "required": True,
    "description": "The id that the person has as a user, or as a client; percent-encoded, slashes "
    "may stand as they are.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAXIMUM_ID_BYTES},
    "example": "u-17",
}


def routes(serving: Serving) -> APIRouter:
    """Erasing people."""
    router = APIRouter(
        prefix="/v1",
        tags=["people"],
        dependencies=[Depends(needs("admin")), Depends(refuse_unknown)],
    )

    @router.delete(
        "/users/{user_id:path}",
        operation_id="erase_user",
        summary="Forget a person",
        responses={
            200: reply(ErasureReply, "It is done.", ERASURE_REPLY),
            202: reply(ErasureReply, "It is under way, and goes on.", ERASURE_UNDER_WAY),
            **errors("cross_site", "event_log_unavailable"),
        },
        openapi_extra={"parameters": [USER_ID]},
    )
    def erase_user(request: Request) -> Json:
        """Forget a person: their ids and the ids of their sessions are replaced by random ones that
        stand for nobody; what they typed, the details of what they did and the features that were
        kept of their searches are removed. What was done with which document stays, so that all
        counts are what they were. To ask again is harmless, and tells how far it is. What is told
        of the person afterwards begins a new life.
        """
        person = request.path_params["user_id"]
        check_id("user_id", person)
        found = serving.erasures.take(person)
        return Json(found, 200 if found["state"] == "done" else 202)

    return router
