"""Backup, loss, restore; and catalogues that are older than the indexes beside them."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.shop import Shop

COUNT = 12


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Twelve documents indexed, and a reindex behind them."""
    made = Shop(tmp_path)
    made.configure()
    made.done("index", made.write(1, COUNT))
    return made


def test_everything_lost_and_back(shop: Shop) -> None:
    """Searches after the restore as before the loss, releases included; verify finds nothing."""
    shop.done("reindex", "--embedder", "hash-b")
    written = shop.done("backup", "b.backup", "--json").data
    assert written["head"] == COUNT
    before = shop.done("search", "text word3", "--json").data
    releases = shop.done("releases", "--json").data
    shutil.rmtree(shop.folder / ".tandem")

    restored = shop.done("restore", "b.backup", "--json").data
    assert restored["head"] == COUNT
    assert restored["log_id"] == written["log_id"] != restored["restored_log_id"]
    after = shop.done("search", "text word3", "--json").data
    assert after["hits"] == before["hits"]
    assert shop.done("releases", "--json").data == releases
    assert shop.done("verify", "--json").data["clean"]
    shop.done("index", shop.write(COUNT + 1, COUNT + 1, "b.jsonl"))
    assert shop.found(f"mark{COUNT + 1}") == [f"d{COUNT + 1}"]
    assert shop.done("rollback", "--json").data["generation"] == 1


def test_over_a_catalogue_that_holds_something(shop: Shop) -> None:
    """Refused without --replace, and nothing is touched; with it, what came later is gone from
    both indexes too.
    """
    shop.done("backup", "b.backup")
    shop.done("index", shop.write(COUNT + 1, COUNT + 2, "later.jsonl"))
    assert "--replace" in shop.refused("restore", "b.backup", code=2)
    assert shop.found(f"mark{COUNT + 2}") == [f"d{COUNT + 2}"]

    shop.done("restore", "b.backup", "--replace")
    assert shop.state()["indexes"]["lexical"]["state"] in {"behind", "missing"}
    assert shop.found(f"mark{COUNT + 2}") == []
    assert shop.found("mark3") == ["d3"]
    assert shop.done("verify", "--json").data["clean"]


def test_over_a_damaged_file(shop: Shop) -> None:
    """What is said when it is met leads to a catalogue that works."""
    shop.done("backup", "b.backup")
    file = shop.folder / ".tandem" / "documents.sqlite"
    file.write_bytes(b"\xa5" * 8_192)
    assert "tandem restore --replace FILE" in shop.refused("search", "text", code=1)
    assert "tandem restore --replace FILE" in shop.refused("restore", "b.backup", code=1)
    told = shop.done("restore", "b.backup", "--replace").err
    assert "documents.sqlite.damaged" in told
    assert shop.found("mark3") == ["d3"]
    assert shop.done("verify", "--json").data["clean"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_backup_that_is_cut_off(shop: Shop, share: float) -> None:
    """Refused as a whole, before anything is replaced."""
    shop.done("backup", "b.backup")
    whole = (shop.folder / "b.backup").read_bytes()
    (shop.folder / "cut.backup").write_bytes(whole[: int(len(whole) * share)])
    told = shop.refused("restore", "cut.backup", "--replace", code=2)
    assert "cut.backup" in told
    assert shop.found("mark3") == ["d3"]


def test_an_older_catalogue_copied_over_a_newer_one(shop: Shop) -> None:
    """Not the way to go back, but it happens: the indexes are ahead, are built again, and the
    command says so.
    """
    file = shop.folder / ".tandem" / "documents.sqlite"
    older = file.read_bytes()
    shop.done("index", shop.write(COUNT + 1, COUNT + 5, "later.jsonl"))
    file.write_bytes(older)
    told = shop.done("index", shop.write(COUNT + 7, COUNT + 7, "b.jsonl")).err
    for leg in ("lexical", "vector"):
        assert f"the {leg} index is ahead of the document log, which ends at {COUNT}" in told
    assert shop.found(f"mark{COUNT + 5}") == []
    assert shop.found(f"mark{COUNT + 7}") == [f"d{COUNT + 7}"]
    assert shop.done("verify", "--json").data["clean"]
