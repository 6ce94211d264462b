"""Who asks, and what they may do: every request has a caller, every route but the open ones needs a
scope.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import Request, Security
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from api.rates import Rates
from tandem.catalog.keys import SCOPES, Scope
from tandem.errors import TandemError

BEARER = HTTPBearer(
    scheme_name="key",
    bearerFormat="tdm_ID_SECRET",
    description="A key that `tandem keys create` has made. None is needed before the first one was "
    "made: the server then listens for its own machine alone.",
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: ``key`` is the id of their key, ``None`` without one; ``scopes`` are what they may
    do; ``filter`` is joined to all that they ask, and ``None`` where they see everything;
    ``requests_per_second`` is how often they may ask this process, ``None`` for any number.
    """

    key: str | None = None
    scopes: frozenset[Scope] = frozenset()
    filter: Mapping[str, Any] | None = None
    requests_per_second: float | None = None


EVERYBODY = Caller(scopes=frozenset(SCOPES))
"""Who asks a server that has no keys: it listens for its own machine alone."""

NOBODY = Caller()
"""Who asks with no key, or with one that is not known, a server that has keys."""

Recognise = Callable[[str | None], Caller]
"""The caller with that key, as it was sent; never waits."""


class Unauthorized(TandemError):
    """There is no key, or none that is known."""

    code = "unauthorized"


class Forbidden(TandemError):
    """The key is known, and not for this."""

    code = "forbidden"


def everybody(key: str | None) -> Caller:
    """Recognises nobody, and lets everybody do everything."""
    del key
    return EVERYBODY


class TooManyRequests(TandemError):
    """The key has asked too often; ``seconds`` from now it may again."""

    code = "too_many_requests"

    def __init__(self, caller: Caller, seconds: float) -> None:
        rate = f"{caller.requests_per_second:g} requests a second"
        whose = "this server" if caller.key is None else f"the key {caller.key}"
        super().__init__(
            f"{whose} takes {rate}, and there were more", hint=f"ask again in {seconds:.2g} s"
        )
        self.seconds = seconds


class Access:
    """An ASGI application around another one: says in ``request.state.caller`` who asks, in
    ``recognise`` who that is by now, and has ``rates`` count how often.
    """

    def __init__(self, app: ASGIApp, recognise: Recognise = everybody) -> None:
        self._app = app
        self._recognise = recognise
        self._rates = Rates()

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Hand one request on."""
        if scope["type"] == "http":
            recognise = partial(self._recognise, _key(Headers(scope=scope)))
            scope.setdefault("state", {}).update(
                caller=recognise(), recognise=recognise, rates=self._rates
            )
        await self._app(scope, receive, send)


def caller_of(request: Request) -> Caller:
    """Who asks."""
    found = request.state.caller
    assert isinstance(found, Caller)
    return found


def needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency of a route: the caller, who may do that. It needs no thread.

    Raises:
        Unauthorized: nobody knows who asks.
        Forbidden: they may not.
        TooManyRequests: not so often.
    """
    # only tells OpenAPI that a key is needed: Access has read it
    credentials = Security(BEARER, scopes=[scope])

    async def allowed(request: Request, _: Any = credentials) -> Caller:
        caller = _checked(caller_of(request), scope)
        if caller.requests_per_second is not None:
            wait = request.state.rates.take(caller.key, caller.requests_per_second)
            if wait > 0:
                raise TooManyRequests(caller, wait)
        return caller

    return allowed


def still(request: Request, scope: Scope) -> Callable[[], Caller]:
    """Who asks by now, for what lasts longer than a key may: they may still do that, or it is
    raised as by ``needs``. It never waits.
    """

    def allowed() -> Caller:
        return _checked(request.state.recognise(), scope)

    return allowed


def _checked(caller: Caller, scope: Scope) -> Caller:
    if scope in caller.scopes:
        return caller
    if caller.key is None:
        raise Unauthorized(
            "this needs a key, and none that is known was sent",
            hint="send the header Authorization: Bearer KEY; tandem keys create makes one",
        )
    held = ", ".join(sorted(caller.scopes))
    raise Forbidden(
        f"the key {caller.key} has the scope {held}, and this needs {scope}",
        hint=f"make a key for it: tandem keys create --scope {scope}",
    )


def _key(headers: Headers) -> str | None:
    """The key that was sent, if one was."""
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else None
