"""Who asks is known without the catalogue, and what it says is known soon."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.access import EVERYBODY, NOBODY, Caller
from api.keyring import Keyring, refuse_strangers
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.keys import SCOPES, ApiKey, Keys, Wanted
from tandem.errors import CatalogError, SettingsError
from tandem.server_section import ServerSettings
from tests.e2e.shop import until

OWN_KEY = "k" * 32
ALL = frozenset(SCOPES)


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    """None yet."""
    catalog = Catalog(file_url(tmp_path / "a.sqlite"), file_url(tmp_path / "b.sqlite"))
    yield catalog.keys
    catalog.close()


@contextmanager
def keyring(keys: Keys, own: tuple[str, ...] = (), **settings: Any) -> Iterator[Keyring]:
    """Over those keys."""
    with closing(Keyring(keys, ServerSettings(**settings), own)) as made:
        yield made


def made(keys: Keys, **values: Any) -> tuple[str, str]:
    """A new key's id and text."""
    key, text = keys.create(Wanted(**{"name": "n", "scopes": frozenset({"search"}), **values}))
    return key.key_id, text


def test_without_keys(keys: Keys) -> None:
    """Who listens for their own machine lets everybody in; else nobody is, as after a catalogue was
    exchanged for one without keys.
    """
    with keyring(keys) as near, keyring(keys, host="0.0.0.0") as far:
        assert near.recognise(None) == near.recognise("x") == EVERYBODY
        assert far.recognise(None) == far.recognise("x") == NOBODY


def test_a_key_is_recognised(keys: Keys) -> None:
    """With what it may do; a sign more or less, or the secret of another, is nobody's."""
    key_id, text = made(keys, filter={"kind": "a"}, requests_per_second=3.0)
    _, other = made(keys)
    with keyring(keys) as ring:
        assert ring.recognise(text) == Caller(key_id, frozenset({"search"}), {"kind": "a"}, 3.0)
        mixed = text[:16] + other[16:]
        for wrong in (None, "", text + "A", text[:-1], mixed, text.upper(), key_id, "é"):
            assert ring.recognise(wrong) == NOBODY


def test_admin_is_everything(keys: Keys) -> None:
    """It has the other scopes too."""
    _, text = made(keys, scopes=frozenset({"admin"}))
    with keyring(keys) as ring:
        assert ring.recognise(text).scopes == ALL


def test_what_the_catalogue_says_is_known_soon(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first key shuts the door, also while it runs; a revoked one is nobody's, and one that was
    the only one does not open it again.
    """
    monkeypatch.setattr("api.keyring.EVERY_SECONDS", 0.02)
    with keyring(keys) as ring:
        assert ring.recognise(None) == EVERYBODY
        key_id, text = made(keys)
        until(lambda: ring.recognise(None) == NOBODY)
        assert ring.recognise(text).key == key_id
        keys.revoke(key_id)
        until(lambda: ring.recognise(text) == NOBODY)
        assert ring.recognise(None) == NOBODY


def test_while_the_catalogue_is_down(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were known go on."""
    monkeypatch.setattr("api.keyring.EVERY_SECONDS", 0.02)
    key_id, text = made(keys)
    asked = []

    def fail() -> list[ApiKey]:
        asked.append(1)
        raise CatalogError("down")

    with keyring(keys) as ring:
        monkeypatch.setattr(keys, "list", fail)
        until(lambda: len(asked) >= 2)
        assert ring.recognise(text).key == key_id
        assert ring.recognise(None) == NOBODY
    with pytest.raises(CatalogError):
        Keyring(keys, ServerSettings())


def test_keys_of_whoever_runs_it(keys: Keys) -> None:
    """That of the settings counts as a key; that of the data folder only where there are others."""
    with keyring(keys, ("local",)) as ring:
        assert ring.recognise(None) == EVERYBODY
    with keyring(keys, ("local",), key=OWN_KEY) as ring:
        assert ring.recognise(None) == NOBODY
        assert ring.recognise(OWN_KEY) == ring.recognise("local") == Caller("own", ALL)
        assert ring.recognise(OWN_KEY + "k") == NOBODY


def test_the_usual_rate(keys: Keys) -> None:
    """Is that of every key without one of its own, and of everybody where there is none."""
    with keyring(keys, requests_per_second=5) as ring:
        assert ring.recognise(None).requests_per_second == 5
        _, text = made(keys, requests_per_second=2.0)
        _, other = made(keys)
    with keyring(keys, requests_per_second=5) as ring:
        assert ring.recognise(text).requests_per_second == 2
        assert ring.recognise(other).requests_per_second == 5
        assert ring.recognise(None).requests_per_second is None


@pytest.mark.parametrize("key", ["", "short", "k" * 31, "k" * 31 + " k", "k" * 32 + "é"])
def test_a_key_that_could_be_guessed(keys: Keys, key: str) -> None:
    """Is refused, and not repeated."""
    with pytest.raises(SettingsError, match=r"server\.key has") as raised:
        Keyring(keys, ServerSettings(key=key))
    assert not key or key not in f"{raised.value}{raised.value.hint}"


def test_strangers_need_a_key(keys: Keys) -> None:
    """Nobody listens for other machines without one."""
    for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"):
        refuse_strangers(keys, ServerSettings(host=host))
    far = [ServerSettings(host=host) for host in ("0.0.0.0", "::", "10.0.0.7", "shop.example")]
    for settings in far:
        with pytest.raises(SettingsError, match="there is no key") as raised:
            refuse_strangers(keys, settings)
        assert "tandem keys create" in raised.value.hint
    refuse_strangers(keys, ServerSettings(host="0.0.0.0", key=OWN_KEY))
    made(keys)
    for settings in far:
        refuse_strangers(keys, settings)
