"""Who asks is known by their key, and may do what it is for."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import Depends, FastAPI, Request
from starlette.testclient import TestClient

from api.access import (
    EVERYBODY,
    NOBODY,
    Access,
    Caller,
    Forbidden,
    Unauthorized,
    caller_of,
    needs,
    still,
)
from api.http_errors import Json, answer_errors
from tests.web_client import error_of

KNOWN = {
    "reader": Caller("reader", frozenset({"search"}), {"kind": "odd"}),
    "admin": Caller("admin", frozenset({"search", "write", "admin"})),
}


def recognise(key: str | None) -> Caller:
    """The two that are known."""
    return KNOWN.get(key or "", NOBODY)


def asked(path: str, **headers: str) -> tuple[TestClient, dict[str, str]]:
    """An application with a route a scope, and one without."""
    web = FastAPI(openapi_url=None)

    @web.get("/search", dependencies=[Depends(needs("search"))])
    def search(request: Request) -> Json:
        return Json(caller_of(request).key)

    @web.get("/admin", dependencies=[Depends(needs("admin"))])
    def admin(request: Request) -> Json:
        return Json(caller_of(request).key)

    @web.get("/open")
    def open_to_all(request: Request) -> Json:
        return Json(caller_of(request).key)

    answer_errors(web, [path])
    return TestClient(Access(web, recognise)), headers


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/search", "reader", 200),
        ("/search", "admin", 200),
        ("/admin", "admin", 200),
        ("/admin", "reader", 403),
        ("/search", "stranger", 401),
        ("/admin", None, 401),
        ("/open", None, 200),
        ("/open", "stranger", 200),
    ],
)
def test_a_scope_is_needed(path: str, key: str | None, status: int) -> None:
    """Who is not known is refused, and so is who may not; what is open is open."""
    client, headers = asked(path, **({"authorization": f"Bearer {key}"} if key else {}))
    assert client.get(path, headers=headers).status_code == status


def test_refusals_say_what_is_missing() -> None:
    """The scope that is needed, those held, the way to ask."""
    client, _ = asked("/admin")
    unknown = client.get("/admin")
    assert unknown.headers["www-authenticate"] == "Bearer"
    assert error_of(unknown)["code"] == "unauthorized"
    told = error_of(client.get("/admin", headers={"authorization": "bearer  reader"}))
    assert told["code"] == "forbidden"
    assert "reader" in told["message"]
    assert "needs admin" in told["message"]


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Basic reader", "reader", "Bearer\treader"]
)
def test_what_is_no_bearer_is_no_key(given: str) -> None:
    """A header that is not understood is nobody's."""
    client, _ = asked("/search")
    assert client.get("/search", headers={"authorization": given}).status_code == 401


def test_without_keys_everybody_may_do_everything() -> None:
    """As on the own machine."""
    assert EVERYBODY.scopes == {"search", "write", "admin"}
    assert EVERYBODY.filter is None


def test_who_may_no_longer_is_refused_amid_what_they_do() -> None:
    """By what their key is now, not by what it was when they began."""
    now = [KNOWN["admin"], KNOWN["reader"], NOBODY]
    request = SimpleNamespace(state=SimpleNamespace(recognise=lambda: now.pop(0)))
    allowed = still(cast("Any", request), "write")
    assert allowed() is KNOWN["admin"]
    with pytest.raises(Forbidden):
        allowed()
    with pytest.raises(Unauthorized):
        allowed()
