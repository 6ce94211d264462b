"""API keys: who may ask a server for what, and of which documents.

A key is ``tdm_ID_SECRET``: the id finds its row and may be shown, the secret is 32 random bytes of
which the row has the SHA-256. A slow hash, as passwords need, would protect nothing: nobody guesses
256 random bits, and every request would pay for it.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any, Literal, NamedTuple, get_args

import orjson
import sqlalchemy as sa

from tandem.catalog.database import reading
from tandem.catalog.moments import moment, now
from tandem.catalog.order import in_order
from tandem.catalog.tables import KEYS
from tandem.errors import InputError

Scope = Literal["search", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""``search`` reads and tells events, ``write`` changes documents, ``admin`` is for everything."""

MARK = "tdm"
ID_BYTES, SECRET_BYTES = 6, 32
WRITTEN = re.compile(rf"{MARK}_([0-9a-f]{{{2 * ID_BYTES}}})_([0-9A-Za-z_-]{{43}})")
LONGEST_NAME = 100
LONGEST_FILTER = 10_000
MOST_REQUESTS = 1_000_000.0


class KeyParts(NamedTuple):
    """What a key says: whose it is, and that it is theirs."""

    key_id: str
    secret: str

    def written(self) -> str:
        """The key, as it is sent."""
        return f"{MARK}_{self.key_id}_{self.secret}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key. ``secret_hash`` is 64 hex digits; ``filter`` is joined to all that is
    asked with it, ``None`` where it sees everything; ``requests_per_second`` is how often it may
    ask each process, ``None`` as the settings say. Times are aware, UTC.
    """

    key_id: str
    name: str
    secret_hash: str
    scopes: frozenset[Scope]
    filter: Mapping[str, Any] | None
    requests_per_second: float | None
    created_at: datetime
    revoked_at: datetime | None = None

    def fits(self, secret: str) -> bool:
        """Whether that is its secret, in a time that says nothing of how much of it is right."""
        return compare_digest(self.secret_hash, digest(secret))


class Wanted(NamedTuple):
    """A key that is to be made; see ``ApiKey``."""

    name: str
    scopes: frozenset[Scope]
    filter: Mapping[str, Any] | None = None
    requests_per_second: float | None = None


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_parts(text: str) -> KeyParts | None:
    """The key that the text is; ``None`` where it is none."""
    found = WRITTEN.fullmatch(text)
    return None if found is None else KeyParts(found[1], found[2])


class Keys:
    """The keys of the catalogue, for all of its collections. None is ever removed: once there was
    one, a server asks everybody for theirs.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def create(self, wanted: Wanted) -> tuple[ApiKey, str]:
        """A new key, and its text, which nobody can read again.

        Raises:
            InputError: it is for nothing, or contradicts itself.
        """
        _check(wanted)
        parts = KeyParts(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES))
        created = now()
        key = ApiKey(
            parts.key_id,
            wanted.name,
            digest(parts.secret),
            wanted.scopes,
            wanted.filter,
            wanted.requests_per_second,
            moment(created),
        )
        values = {
            "key_id": key.key_id,
            "name": key.name,
            "secret_hash": key.secret_hash,
            "scopes": " ".join(sorted(key.scopes)),
            "filter": None if key.filter is None else _json(key.filter),
            "requests_per_second": key.requests_per_second,
            "created_at": created,
            "revoked_at": None,
        }
        with in_order(self._engine) as (connection, _):
            connection.execute(KEYS.insert().values(values))
        return key, parts.written()

    def list(self) -> list[ApiKey]:
        """All of them, the oldest first, those that were revoked too."""
        query = sa.select(KEYS).order_by(KEYS.c.created_at, KEYS.c.key_id)
        with reading(self._engine) as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, key_id: str) -> ApiKey:
        """Let nobody in with it any more. One that was revoked before stays so.

        Raises:
            InputError: there is none of that id.
        """
        same = KEYS.c.key_id == key_id
        with in_order(self._engine) as (connection, _):
            unrevoked = KEYS.update().where(same, KEYS.c.revoked_at.is_(None))
            connection.execute(unrevoked.values(revoked_at=now()))
            row = connection.execute(sa.select(KEYS).where(same)).one_or_none()
        if row is None:
            raise InputError(
                f"there is no key {key_id!r}", hint="see which there are: tandem keys list"
            )
        return _key(row)


def _check(wanted: Wanted) -> None:
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME or not wanted.name.isprintable():
        raise InputError(
            f"the name is {wanted.name[:LONGEST_NAME]!r}, expected 1 to {LONGEST_NAME} characters "
            "in one line",
            hint="name whoever will use the key",
        )
    if not wanted.scopes:
        raise InputError("the key is for nothing", hint=_either(SCOPES))
    if wanted.filter is not None and "admin" in wanted.scopes:
        raise InputError(
            "a key with a filter cannot have the scope admin, which sees everything",
            hint="leave out one of both",
        )
    if wanted.filter == {}:
        raise InputError(
            "an empty filter keeps nothing apart", hint="leave it out for a key that sees all"
        )
    if wanted.filter is not None and len(_json(wanted.filter)) > LONGEST_FILTER:
        raise InputError(f"the filter has more than {LONGEST_FILTER:,} characters as JSON")
    rate = wanted.requests_per_second
    if rate is not None and not 0 < rate <= MOST_REQUESTS:
        raise InputError(
            f"the rate is {rate:g}, expected more than 0 and at most {MOST_REQUESTS:,.0f} requests "
            "a second",
            hint="leave it out for what the setting server.requests_per_second says",
        )


def _either(scopes: Iterable[str]) -> str:
    return f"give at least one scope of {', '.join(scopes)}"


def _json(data: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(data), option=orjson.OPT_SORT_KEYS).decode()


def _key(row: sa.Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        row.key_id,
        row.name,
        row.secret_hash,
        frozenset(scope for scope in SCOPES if scope in row.scopes.split()),
        None if row.filter is None else orjson.loads(row.filter),
        row.requests_per_second,
        moment(row.created_at),
        None if row.revoked_at is None else moment(row.revoked_at),
    )
