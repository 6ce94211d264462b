"""Opening the house: which folders and engines are taken, and what is left untouched."""

import errno
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import open_house, require_data_folder
from api.engines import check_engines, lexical_store, open_catalog
from tandem.errors import CollectionNotFound, OwnedElsewhere, SettingsError
from tandem.sections import EngineSettings
from tandem.settings import Settings
from tests.builders import document


def settings(folder: Path, **engines: str) -> Settings:
    """The defaults in a folder, with these engines."""
    values: dict[str, Any] = {"data_dir": folder, "engines": engines}
    return Settings(**values)


@pytest.mark.parametrize("name", ["q?1", "q?2", "p%41 x#y é"])
def test_odd_folders_keep_their_own_catalogue(tmp_path: Path, name: str) -> None:
    """Whatever characters a data folder has, its files stand in it and nowhere else."""
    for folder in (tmp_path / name, tmp_path / "q?3"):
        with open_house(settings(folder), "test") as house:
            house.catalog.documents.append("main", "s", [document("a")])
            assert house.catalog.documents.head() == 1
        assert (folder / "documents.sqlite").is_file()
    assert {path.name for path in tmp_path.iterdir()} == {name, "q?3"}


@pytest.mark.parametrize(
    ("leg", "url"),
    [
        ("lexical", "opensearch://user:hidden@host"),
        ("vector", "qdrant://user:hidden@host"),
        ("catalog", "postgresql://user:hidden@host/x"),
        ("catalog", "sqlite:///"),
        ("catalog", "sqlite:///:memory:"),
        ("catalog", ""),
    ],
)
def test_engines_are_looked_at_first(tmp_path: Path, leg: str, url: str) -> None:
    """An unknown engine is refused by its setting, without its password, and nothing is made."""
    folder = tmp_path / "data"
    chosen = settings(folder, **{leg: url})
    with pytest.raises(SettingsError, match=f"engines.{leg}") as raised:
        open_house(chosen, "test")
    assert "hidden" not in str(raised.value)
    assert raised.value.hint
    assert not folder.exists()
    with pytest.raises(SettingsError):
        check_engines(chosen)


def test_a_catalogue_elsewhere(tmp_path: Path) -> None:
    """``sqlite:///PATH`` is used where it is, and is what must be there to look."""
    chosen = settings(tmp_path / "data", catalog=f"sqlite:///{tmp_path}/other/c.sqlite")
    open_house(chosen, "test").close()
    assert (tmp_path / "other" / "c.sqlite").is_file()
    assert not (tmp_path / "data" / "documents.sqlite").exists()
    require_data_folder(chosen)
    with pytest.raises(CollectionNotFound):
        require_data_folder(settings(tmp_path / "data"))


def test_a_folder_that_never_was_a_data_folder_stays_as_it_is(tmp_path: Path) -> None:
    """Looking writes nothing where nothing was indexed."""
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(CollectionNotFound, match="nothing was ever indexed") as raised:
        open_house(settings(tmp_path), "test", create=False)
    assert "tandem index" in raised.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["file", "loop", "nowhere"])
def test_what_is_no_folder_has_no_catalogue(tmp_path: Path, name: str) -> None:
    """A file or a loop of links in place of the data folder is told, to look or to index."""
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CollectionNotFound, match=name):
        require_data_folder(settings(tmp_path / name))
    if name != "nowhere":
        with pytest.raises(SettingsError, match=f"{name} cannot be used"):
            open_house(settings(tmp_path / name), "test")


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of the system is an error of the settings."""

    def refuse(_: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(SettingsError, match="cannot be read: Permission denied"):
        require_data_folder(settings(tmp_path))


def test_a_failed_opening_gives_the_folder_back(tmp_path: Path) -> None:
    """Where the catalogue cannot be opened, nobody is left who owns the folder."""
    chosen = settings(tmp_path, catalog=f"sqlite:///{tmp_path}/file/c.sqlite")
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be made"):
        open_house(chosen, "test")
    with open_house(settings(tmp_path), "first"), pytest.raises(OwnedElsewhere, match="first"):
        open_house(settings(tmp_path), "second")


def test_shards_and_replicas_reach_opensearch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings' numbers are those of new indexes."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(
        "tandem.engines.opensearch_store.OpenSearchStore",
        lambda url, **values: given.update(values, url=url),
    )
    chosen = Settings(
        data_dir=tmp_path,
        engines=EngineSettings(
            lexical="opensearch+http://nobody:9200", lexical_shards=3, lexical_replicas=2
        ),
    )
    catalog = open_catalog(Settings(data_dir=tmp_path))
    lexical_store(chosen, catalog)
    catalog.close()
    assert (given["url"], given["shards"], given["replicas"]) == (
        "opensearch+http://nobody:9200", 3, 2
    )  # fmt: skip
