"""``/``, ``/judge`` and ``/page/``: the search page, the judging page, what they must know first.

The files are read once, when the server starts, and nothing else is ever read: a path is looked up
among their names.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from api.access import needs
from api.http_errors import Json
from api.routes.parameters import refuse_unknown
from api.serving import Serving
from query.configurations import CONFIGURATIONS
from tandem.fields import FieldType

INDEX = "index.html"
JUDGE, JUDGE_INDEX = "/judge", "judge.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FACETS = (FieldType.KEYWORD, FieldType.BOOLEAN)
"""Numbers can be counted too, but nobody chooses among a list of them."""

HEADERS = {
    "cache-control": "no-cache",  # a newer Tandem is seen at once; what is unchanged is not sent
    "content-security-policy": "default-src 'self'; style-src 'self'; script-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

Person = Mapping[str, str]
"""``user_id``, ``name`` and ``about`` of somebody whom the page lets one be."""


class File(NamedTuple):
    """One file of the page; ``etag`` changes with its content."""

    content: bytes
    media_type: str
    etag: str


def page_files(folder: Traversable | None = None) -> dict[str, File]:
    """Name -> file, of those that a browser asks for."""
    found = {}
    for item in (folder or files("api").joinpath("page")).iterdir():
        media_type = TYPES.get("." + item.name.rpartition(".")[2])
        if media_type is not None:
            content = item.read_bytes()
            etag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
            found[item.name] = File(content, media_type, etag)
    return found


def routes(
    serving: Serving, people: Sequence[Person] = (), pages: Mapping[str, File] | None = None
) -> APIRouter:
    """The page. ``people`` are those whom its reader may choose to be."""
    router = APIRouter(include_in_schema=False)
    known = page_files() if pages is None else pages

    @router.get(
        "/page/setup.json", dependencies=[Depends(needs("search")), Depends(refuse_unknown)]
    )
    def setup() -> Json:
        """What there is to choose among."""
        collection = serving.collection()
        fields = collection.generation.schema.fields
        reply = Json(
            {
                "collection": collection.name,
                "configurations": CONFIGURATIONS,
                "facets": [field.name for field in fields if field.type in FACETS],
                "fields": [{"field": field.name, "type": field.type.value} for field in fields],
                "people": [dict(person) for person in people],
            }
        )
        reply.headers["cache-control"] = "no-store"
        return reply

    @router.api_route("/", methods=["GET", "HEAD"])
    async def index(request: Request) -> Response:
        """The page; its own parameters are read by itself."""
        return _sent(request, known, INDEX)

    @router.api_route(JUDGE, methods=["GET", "HEAD"])
    async def judge(request: Request) -> Response:
        """Where people judge; its own parameters are read by itself."""
        return _sent(request, known, JUDGE_INDEX)

    @router.api_route("/page/{name}", methods=["GET", "HEAD"])
    async def file(request: Request) -> Response:
        """What the page consists of."""
        return _sent(request, known, request.path_params["name"])

    return router


def _sent(request: Request, known: Mapping[str, File], name: str) -> Response:
    found = known.get(name)
    if found is None:
        raise HTTPException(404)
    headers: dict[str, Any] = {**HEADERS, "etag": found.etag}
    asked = request.headers.get("if-none-match", "")
    if found.etag in [tag.strip().removeprefix("W/") for tag in asked.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)
