"""Keys: made once, known by what cannot be turned back, revoked for ever."""

import dataclasses
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tandem.catalog.backup import backup
from tandem.catalog.catalog import Catalog
from tandem.catalog.keys import Keys, Wanted, digest, key_parts
from tandem.catalog.tables import KEYS
from tandem.errors import InputError

SEARCH = Wanted("the shop", frozenset({"search"}))


@pytest.fixture
def keys(catalog: Catalog) -> Keys:
    """None yet."""
    return catalog.keys


def test_a_key_is_known_again(keys: Keys) -> None:
    """By its id and its secret, of which a digest alone is kept."""
    begun = datetime.now(UTC) - timedelta(seconds=1)
    wanted = Wanted("Ü", frozenset({"search", "write"}), {"tenant": ["a", "b\0"]}, 2.5)
    made, text = keys.create(wanted)
    (kept,) = keys.list()
    assert kept == made
    assert (kept.name, kept.scopes, kept.filter, kept.requests_per_second) == wanted
    assert begun < kept.created_at < datetime.now(UTC) + timedelta(seconds=1)
    assert kept.revoked_at is None
    parts = key_parts(text)
    assert parts is not None
    assert (parts.key_id, parts.written()) == (kept.key_id, text)
    assert kept.fits(parts.secret)
    assert not kept.fits(parts.secret[:-1] + ("A" if parts.secret[-1] != "A" else "B"))
    assert parts.secret not in str(dataclasses.asdict(kept))
    assert kept.secret_hash == digest(parts.secret)


def test_no_key_is_given_twice(keys: Keys) -> None:
    """The oldest stands first."""
    made = [keys.create(SEARCH) for _ in range(5)]
    assert len({text for _, text in made}) == len({key.key_id for key, _ in made}) == 5
    assert [key.key_id for key in keys.list()] == [key.key_id for key, _ in made]


def test_revoking(keys: Keys) -> None:
    """Once and for all: the moment stays, and so does the row."""
    made, _ = keys.create(SEARCH)
    revoked = keys.revoke(made.key_id)
    assert revoked.revoked_at is not None
    assert keys.revoke(made.key_id) == revoked
    assert keys.list() == [revoked]
    with pytest.raises(InputError, match="there is no key 'nobody'"):
        keys.revoke("nobody")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "expected 1 to 100 characters"),
        ({"name": "x" * 101}, "expected 1 to 100 characters"),
        ({"name": "a\nb"}, "in one line"),
        ({"scopes": frozenset()}, "for nothing"),
        ({"scopes": frozenset({"admin"}), "filter": {"a": 1}}, "cannot have the scope admin"),
        ({"filter": {}}, "keeps nothing apart"),
        ({"filter": {"a": "x" * 10_000}}, "more than 10,000 characters"),
        ({"requests_per_second": 0.0}, "expected more than 0"),
        ({"requests_per_second": float("nan")}, "expected more than 0"),
        ({"requests_per_second": 2_000_000.0}, "at most 1,000,000"),
    ],
)
def test_what_is_no_key(keys: Keys, changed: dict[str, Any], said: str) -> None:
    """Is refused before anything is written."""
    with pytest.raises(InputError, match=said):
        keys.create(SEARCH._replace(**changed))
    assert keys.list() == []


@pytest.mark.parametrize(
    "text", ["", "tdm", "tdm_1_2", "tdm_" + "0" * 12 + "_" + "é" * 43, "tdm_" + "0" * 12 + "_x\n"]
)
def test_what_is_not_written_as_one(text: str) -> None:
    """Leads to no row."""
    assert key_parts(text) is None


def test_a_backup_lets_nobody_in(catalog: Catalog, tmp_path: Path) -> None:
    """It has the digests, so that the same keys go on after a restore."""
    _, text = catalog.keys.create(SEARCH)
    path = tmp_path / "backup.zip"
    assert backup(catalog, path).tables[KEYS.name].rows == 1
    parts = key_parts(text)
    assert parts is not None
    with zipfile.ZipFile(path) as archive:
        kept = archive.read(f"{KEYS.name}.jsonl").decode()
    assert parts.key_id in kept
    assert parts.secret not in kept
