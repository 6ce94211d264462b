"""What is refused before anybody looks at it: too large, unreadable, or come by a way that it must
not.

A page from elsewhere can have a name of its own lead to 127.0.0.1 once it is loaded (DNS
rebinding); its browser then lets it read what is answered, but says that name in ``Host``. So who
only listens for this machine answers to this machine's names alone.
"""

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.types import Scope

from api.http_errors import MAXIMUM_ADDRESS_BYTES, MAXIMUM_BODY_BYTES, Json, error_reply
from tandem.errors import SettingsError

UNBOUNDED = {("POST", "/v1/documents:batch")}
"""What reads a body in parts, each of them bounded."""

ORIGIN = re.compile(r"https?://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")


def hosts_of(address: str, names: str) -> frozenset[str] | None:
    """The names, besides those of this machine, by which a server that listens at ``address`` may
    be asked; ``None`` is any name. ``names`` are those of the settings, with commas.
    """
    chosen = frozenset(_name_of(name) for name in names.split(",") if name.strip())
    return chosen if chosen or is_loopback(_name_of(address)) else None


def origins_of(names: str) -> frozenset[str]:
    """The origins whose pages may ask, from the settings, where they have commas.

    Raises:
        SettingsError: one is none.
    """
    origins = frozenset(name.strip() for name in names.split(",") if name.strip())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"the setting server.cors_origins has {origin!r}, which is no origin",
                hint="an origin is as https://shop.example or http://localhost:3000, in lower case "
                "and without a path",
            )
    return origins


def refusal(
    scope: Scope, hosts: Collection[str] | None = None, origins: Collection[str] = ()
) -> Json | None:
    """The reply to what is refused. ``hosts`` as ``hosts_of`` gives them, ``origins`` as
    ``origins_of``.
    """
    headers = Headers(scope=scope)
    return (
        _of_another_host(headers, hosts)
        or _of_another_site(scope, headers, origins)
        or _of_address(scope)
        or _of_length(scope, headers)
    )


def is_unbounded(scope: Scope) -> bool:
    """Whether the body may be as long as its sender likes."""
    return (scope["method"], scope["path"]) in UNBOUNDED


def is_cross_site(headers: Headers, origins: Collection[str] = ()) -> bool:
    """Whether the page of another site has its reader's browser ask, of none of the origins."""
    return headers.get("sec-fetch-site") == "cross-site" and headers.get("origin") not in origins


def _of_another_host(headers: Headers, hosts: Collection[str] | None) -> Json | None:
    given = headers.get("host")
    if hosts is None or given is None:  # every browser says it
        return None
    name = _name_of(given)
    if name in hosts or is_loopback(name):
        return None
    return error_reply(
        "wrong_host",
        f"this server is not asked by the name {name!r}",
        hint="ask by localhost, or add the name to the setting server.hosts",
    )


def _of_another_site(scope: Scope, headers: Headers, origins: Collection[str]) -> Json | None:
    if scope["method"] in CHANGES_NOTHING or not is_cross_site(headers, origins):
        return None
    return error_reply(
        "cross_site",
        "a page of another site asks",
        hint="have the server of that site ask, not its readers' browsers, or add its origin to "
        "the setting server.cors_origins",
    )


def _of_address(scope: Scope) -> Json | None:
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    length = len(path) + len(query)
    if length > MAXIMUM_ADDRESS_BYTES:
        return error_reply(
            "address_too_long",
            f"path and parameters have {length:,} bytes, at most {MAXIMUM_ADDRESS_BYTES:,} "
            "are allowed",
            hint="shorten the text or the filter",
        )
    try:
        for part in (path, query):
            unquote_to_bytes(part).decode()
    except UnicodeDecodeError as error:  # one sign would stand for all of them: one name for many
        return error_reply(
            "bad_request",
            f"path and parameters are no UTF-8: the byte %{error.object[error.start]:02X} "
            "is part of no character",
            hint="percent-encode the address in UTF-8",
        )
    return None


def _of_length(scope: Scope, headers: Headers) -> Json | None:
    told = headers.get("content-length", "")
    if is_unbounded(scope) or not told.isdecimal() or int(told) <= MAXIMUM_BODY_BYTES:
        return None
    return error_reply(
        "body_too_large",
        f"the body has {int(told):,} bytes, at most {MAXIMUM_BODY_BYTES:,} are allowed",
        hint="send less at a time",
    )


def _name_of(host: str) -> str:
    """A host without its port."""
    plain = host.strip().lower()
    if plain.startswith("["):
        return plain[1:].partition("]")[0]
    return plain if plain.count(":") > 1 else plain.partition(":")[0].rstrip(".")


def is_loopback(name: str) -> bool:
    """Whether only this machine can come there."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
