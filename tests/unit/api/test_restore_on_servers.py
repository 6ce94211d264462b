"""``tandem restore`` where the indexes stand on servers that another Tandem may use as well."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api.commands.backup import run_restore
from api.engines import NAMESPACE_DIGITS
from tandem.catalog.backup import backup
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.errors import EngineUnavailable
from tests.builders import document, schema_of

SETTINGS = """\
[engines]
lexical = "opensearch+http://127.0.0.1:9"
vector = "qdrant+http://127.0.0.1:9"
"""
NAMES = {"main-lexical-1", "main-vector-1"}


@dataclass
class Servers:
    """What both servers hold, as (the namespace, the index)."""

    held: set[tuple[str, str]] = field(default_factory=set)
    down: str = ""

    def opened(self, leg: str) -> Callable[[str, str], "_Store"]:
        """Opens the store of one of them."""
        return lambda _url, log_id: _Store(self, leg, log_id[:NAMESPACE_DIGITS])


@dataclass
class _Store:
    servers: Servers
    leg: str
    namespace: str

    def drop(self, name: str) -> None:
        assert self.leg in name
        if self.servers.down == self.leg:
            raise EngineUnavailable("no answer", hint="start it")
        self.servers.held.discard((self.namespace, name))

    def close(self) -> None:
        pass


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    """In the place of OpenSearch and Qdrant."""
    made = Servers()
    monkeypatch.setattr("api.engines._opensearch", made.opened("lexical"))
    monkeypatch.setattr("api.engines._qdrant", made.opened("vector"))
    return made


@pytest.fixture
def production(tmp_path: Path, servers: Servers) -> set[tuple[str, str]]:
    """A catalogue with a generation in ``live``, its backup, and its indexes on the servers."""
    (tmp_path / "tandem.toml").write_text(SETTINGS)
    folder = tmp_path / "live"
    catalog = Catalog(file_url(folder / "documents.sqlite"), file_url(folder / "e.sqlite"))
    catalog.documents.append("main", "s", [document("a")])
    given = {"analysis": "a", "embedder": "e", "dimension": 8, "passage_tokens": 128}
    catalog.releases.create_generation("main", schema_of(), **given)  # type: ignore[arg-type]
    backup(catalog, tmp_path / "b.backup")
    own = catalog.documents.log_id[:NAMESPACE_DIGITS]
    catalog.close()
    indexes = {(own, name) for name in NAMES}
    servers.held |= indexes | {("somebody", name) for name in NAMES}
    return indexes


def restored(tmp_path: Path, folder: str) -> None:
    """The command, with --replace."""
    config = tmp_path / "tandem.toml"
    given = {"data_dir": tmp_path / folder, "config": config}
    assert run_restore(tmp_path / "b.backup", replace=True, as_json=True, **given) == 0


def test_a_scratch_restore_leaves_production_alone(
    tmp_path: Path,
    servers: Servers,
    production: set[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its log is another one, so that what it makes and drops there is its own; twice too."""
    before = set(servers.held)
    for _ in range(2):
        restored(tmp_path, "scratch")
        said = json.loads(capsys.readouterr().out)
        assert said["log_id"] != said["restored_log_id"]
        namespace_of_it = said["restored_log_id"][:NAMESPACE_DIGITS]
        assert namespace_of_it not in {namespace for namespace, _ in production}
        assert servers.held == before


def test_the_indexes_of_what_was_replaced_go(
    tmp_path: Path, servers: Servers, production: set[tuple[str, str]]
) -> None:
    """Nobody would ever use them again; nobody else's are touched."""
    before = set(servers.held)
    restored(tmp_path, "live")
    assert servers.held == before - production


def test_a_server_that_does_not_answer(
    tmp_path: Path,
    servers: Servers,
    production: set[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The restore is done; what was left behind is named, and the other server is cleared."""
    servers.down = "lexical"
    restored(tmp_path, "live")
    told = capsys.readouterr().err
    (own,) = {namespace for namespace, _ in production}
    assert "left behind: main-lexical-1 at opensearch+http://127.0.0.1:9: no answer" in told
    assert f"tandem-{own}-" in told
    assert servers.held & production == {(own, "main-lexical-1")}
