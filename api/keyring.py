"""The keys as a server knows them: read from the catalogue every second, asked without it.

Where the catalogue is down those that were known go on, and none that was revoked meanwhile is
refused: the log says so, and readiness that the catalogue is unreachable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hmac import compare_digest

from api.access import EVERYBODY, NOBODY, Caller
from api.refusals import is_loopback
from api.watching import Watch
from tandem.catalog.keys import SCOPES, ApiKey, Keys, digest, key_parts
from tandem.errors import SettingsError
from tandem.server_section import ServerSettings

EVERY_SECONDS = 1.0
SHORTEST_KEY = 32
"""Characters of a key that the settings give: nobody may guess it."""

OWN = "own"
"""The id by which callers are known that have no row: whoever runs the server."""


class Keyring:
    """Knows callers by their keys. Thread-safe. ``own`` are further keys, of whoever runs the
    server. While there are none else, everybody may do everything, if the server listens for its
    own machine alone.
    """

    def __init__(self, keys: Keys, settings: ServerSettings, own: Sequence[str] = ()) -> None:
        """Read them.

        Raises:
            CatalogError: they cannot be read.
            SettingsError: the settings' own key could be guessed.
        """
        check_key(settings.key)
        self._keys = keys
        self._rate = settings.requests_per_second or None
        self._is_local = is_loopback(settings.host)
        self._own = [digest(key) for key in (*own, settings.key) if key is not None]
        self._needs_key = settings.key is not None
        self._known: Mapping[str, ApiKey] = {}
        self._read()
        self._watch = Watch(
            "keys", self._read, told="keys are not brought up to date", every_seconds=EVERY_SECONDS
        ).start()

    @property
    def is_open(self) -> bool:
        """Whether there is no key yet."""
        return not self._known and not self._needs_key

    def recognise(self, key: str | None) -> Caller:
        """See ``Recognise``."""
        if self.is_open:
            return self._limited(EVERYBODY if self._is_local else NOBODY)
        return NOBODY if key is None else self._holder(key)

    def close(self) -> None:
        """Read no more."""
        self._watch.close()

    def _read(self) -> None:
        self._known = {key.key_id: key for key in self._keys.list()}

    def _holder(self, text: str) -> Caller:
        parts = key_parts(text)
        known = None if parts is None else self._known.get(parts.key_id)
        if known is not None and parts is not None:
            fits = known.fits(parts.secret) and known.revoked_at is None
            return self._limited(_caller(known)) if fits else NOBODY
        given = digest(text)
        matching = [own for own in self._own if compare_digest(own, given)]
        return Caller(OWN, frozenset(SCOPES)) if matching else NOBODY

    def _limited(self, caller: Caller) -> Caller:
        """At the settings' rate, where it has none of its own."""
        if caller.requests_per_second is not None or self._rate is None:
            return caller
        return replace(caller, requests_per_second=self._rate)


def check_key(key: str | None) -> None:
    """Refuse a key of the settings that could be guessed, or not be sent; it is not repeated.

    Raises:
        SettingsError: it is too short, or holds what no header may.
    """
    if key is None:
        return
    is_sendable = key.isascii() and key.isprintable() and " " not in key
    if len(key) < SHORTEST_KEY or not is_sendable:
        raise SettingsError(
            f"the setting server.key has {len(key)} characters, expected at least {SHORTEST_KEY} "
            "letters, digits and signs of ASCII, without a space",
            hint="make one: openssl rand -hex 24",
        )


def refuse_strangers(keys: Keys, settings: ServerSettings) -> None:
    """Refuse to listen for other machines where everybody could do everything.

    Raises:
        SettingsError: there is no key.
    """
    if is_loopback(settings.host) or settings.key is not None or keys.list():
        return
    raise SettingsError(
        f"there is no key, and without one tandem serve listens on a loopback address alone, not "
        f"on {settings.host}",
        hint="make a key first: tandem keys create --name NAME --scope admin; or listen on "
        "127.0.0.1",
    )


def _caller(key: ApiKey) -> Caller:
    scopes = frozenset(SCOPES) if "admin" in key.scopes else key.scopes
    return Caller(key.key_id, scopes, key.filter, key.requests_per_second)
