"""``tandem keys``, as it is typed."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from api.cli import run
from api.console import BAD_USE, FOUND
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.schema import Schema
from tests.builders import schema_of

Captured = pytest.CaptureFixture[str]
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(tmp_path: Path, capsys: Captured) -> Typed:
    """Runs a verb with a data folder; the exit code, and what was printed."""

    def run_it(*words: str) -> tuple[int, str, str]:
        code = run(["keys", *words, "--data-dir", str(tmp_path)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_it


def catalog_with(folder: Path, schema: Schema) -> None:
    """A catalogue whose live generation has that schema."""
    with closing(Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "e"))) as made:
        number = made.releases.create_generation(
            "main", schema, analysis="english-1", embedder="m", dimension=8, passage_tokens=9
        ).number
        made.releases.promote("main", number, parent=None)


def test_a_key_is_shown_once(typed: Typed) -> None:
    """Alone on standard output, so that it can be kept by a program; lists do not have it."""
    code, key, told = typed("create", "--name", "shop", "--scope", "search", "--scope", "write")
    assert code == FOUND
    assert key.count("\n") == 1
    assert key.startswith("tdm_")
    assert "shown once" in told
    secret = key.strip().split("_", 2)[2]
    code, out, _ = typed("list")
    assert code == FOUND
    assert "shop" in out
    assert "search,write" in out
    assert secret not in out
    code, out, _ = typed("list", "--json")
    (row,) = json.loads(out)["keys"]
    assert (row["name"], row["scopes"]) == ("shop", ["search", "write"])
    assert (row["filter"], row["requests_per_second"], row["revoked_at"]) == (None, None, None)
    assert secret not in out


def test_in_json(typed: Typed) -> None:
    """All of it, the key included."""
    given = ("--name", "a", "--scope", "search", "--filter", '{"tenant": "a"}', "--rate", "2.5")
    _, out, _ = typed("create", *given, "--json")
    made = json.loads(out)
    assert made["key"].startswith(f"tdm_{made['id']}_")
    assert (made["filter"], made["requests_per_second"]) == ({"tenant": "a"}, 2.5)
    _, out, _ = typed("list")
    assert "only {'tenant': 'a'}  2.5 requests a second" in out


def test_revoking(typed: Typed) -> None:
    """By the id of the list; one that is not there is said to be none."""
    assert typed("list") == (FOUND, "no key yet: tandem keys create\n", "")
    _, out, _ = typed("create", "--name", "a", "--scope", "admin", "--json")
    key_id = json.loads(out)["id"]
    assert typed("revoke", key_id)[:2] == (FOUND, f"the key {key_id} of a is revoked\n")
    assert "revoked 20" in typed("list")[1]
    assert json.loads(typed("revoke", key_id, "--json")[1])["revoked_at"]
    code, _, told = typed("revoke", "nobody")
    assert code == BAD_USE
    assert "there is no key 'nobody'" in told
    assert "tandem keys list" in told


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--scope", "read"], "there is no scope 'read'"),
        (["--scope", "search", "--filter", "tenant=a"], "--filter"),
        (["--scope", "search", "--filter", '{"tennant": "a"}'], "no such field"),
        (["--scope", "admin", "--filter", '{"tenant": "a"}'], "cannot have the scope admin"),
        (["--scope", "search", "--rate", "0"], "expected more than 0"),
        (["--scope", "search", "--rate", "nan"], "expected more than 0"),
    ],
)
def test_what_is_no_key(typed: Typed, tmp_path: Path, given: list[str], said: str) -> None:
    """The mistake is named, and nothing made: a filter that fits no document would be found out
    by who got the key.
    """
    catalog_with(tmp_path, schema_of(tenant="keyword"))
    code, out, told = typed("create", "--name", "a", *given)
    assert (code, out) == (BAD_USE, "")
    assert said in told
    assert typed("list")[1].startswith("no key yet")
