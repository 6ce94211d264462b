"""Reindex, promote, roll back, as an operator does it: commands one after the other."""

from pathlib import Path
from typing import Any

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.documents import Document
from tests.e2e.shop import Shop, judged

pytestmark = pytest.mark.long

COUNT = 12


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Twelve documents indexed with ``note`` as a searched text."""
    made = Shop(tmp_path)
    made.configure()
    made.done("index", made.write(1, COUNT))
    return made


def test_a_changed_field_from_pending_to_live_and_back(shop: Shop) -> None:
    """The change waits for a reindex; going back keeps what was written since; forth by number."""
    assert shop.found("mark3") == ["d3"]
    assert shop.state()["pending"] is None

    shop.configure("keyword")
    assert shop.state()["pending"].startswith("fields of the settings differ")
    told = shop.done("index", shop.write(1, COUNT))
    assert "warning: fields of the settings differ from the live generation 1" in told.err
    assert "tandem reindex" in told.err
    assert "pending   fields" in shop.done("status").out

    outcome = shop.done("reindex", "--json").data
    assert (outcome["generation"], outcome["release"]) == (2, 2)
    assert [gate["gate"] for gate in outcome["gates"]] == ["refused", "verify"]
    assert shop.state()["pending"] is None
    assert shop.found("mark3") == []
    assert shop.found("text", "--filter", '{"note": "mark3"}') == ["d3"]

    listed = shop.done("releases").out
    assert "release      2  generation 2, no model, made from 1" in listed
    assert listed.count("<- live") == 1
    assert listed.count("ready     english-1, ") == 2

    shop.done("index", shop.write(COUNT + 1, COUNT + 2, "b.jsonl"))
    back = shop.done("rollback", "--json").data
    assert back == {
        "release": 1,
        "generation": 1,
        "model": None,
        "search": None,
        "left_model": None,
    }
    assert shop.found("mark3") == ["d3"]
    assert shop.found(f"mark{COUNT + 2}") == [f"d{COUNT + 2}"], "written after the switch"
    assert "no release to go back to" in shop.refused("rollback", code=1)

    forth = shop.done("promote", "2", "--json").data
    assert forth == {
        "release": 3,
        "generation": 2,
        "model": None,
        "search": None,
        "left_model": None,
    }
    assert shop.done("promote", "2", "--json").data == forth, "what is live already stays so"
    assert shop.found("mark3") == []
    data = shop.done("releases", "--json").data
    assert data["live"] == 3
    assert [item["release"] for item in data["releases"]] == [3, 2, 1]
    verified = shop.done("verify", "--json").data
    assert verified["clean"]


def test_a_fall_in_quality_changes_nothing_unless_it_is_overridden(shop: Shop) -> None:
    """Exit code 1, the live one stays; the hint says how to override, and that works."""
    judged(shop.folder / "judged", COUNT)
    shop.configure("keyword", '[quality]\njudgments = "judged"\n')
    told = shop.refused("reindex", code=1)
    assert "quality.tolerance: nDCG@10 " in told
    assert "tandem reindex --resume --override quality" in told
    assert shop.found("mark3") == ["d3"]
    state = shop.state()
    assert (state["release"], state["generation"]) == (1, 1)
    assert [item["state"] for item in state["generations"]] == ["building"]
    error = shop("reindex", "--resume", "--json")
    assert (error.code, error.data["error"]["code"], error.err) == (1, "gate_failed", "")

    done = shop.done("reindex", "--resume", "--override", "quality")
    assert "OVERRIDDEN" in done.out
    assert "generation 2 is live as release 2" in done.out
    assert shop.found("mark3") == []


def test_verify_beside_other_generations(shop: Shop) -> None:
    """One that lags is brought up to date, one that is being built is named and left out."""
    shop.done("reindex", "--embedder", "hash-b", "--no-promote")
    data = shop.folder / ".tandem"
    catalog = Catalog(file_url(data / "documents.sqlite"), file_url(data / "embeddings.sqlite"))
    live = catalog.releases.generation(1)
    catalog.releases.create_generation(
        live.collection, live.schema, analysis=live.analysis, embedder=live.embedder,
        dimension=live.dimension, passage_tokens=live.passage_tokens,
    )  # fmt: skip
    catalog.documents.append("main", "test", [Document("late", "", "late", {})])
    catalog.close()
    shop.done("search", "late")
    told = shop.done("verify", "--json")
    compared = [(index["generation"], index["documents"]) for index in told.data["indexes"]]
    assert compared == [(1, COUNT + 1), (1, COUNT + 1), (2, COUNT + 1), (2, COUNT + 1)]
    told = shop.done("verify")
    assert "generation 3 is being built: it is not compared" in told.err


def test_another_model(shop: Shop) -> None:
    """Built and only examined, promoted by hand; the settings still name the old one."""
    built = shop.done("reindex", "--embedder", "hash-b", "--no-promote")
    assert "nothing went live" in built.out
    assert "next: tandem promote 2" in built.err
    assert shop.state()["embedder"] == "hash-a@1"
    assert shop.state()["generations"][0]["state"] == "ready"
    assert "no gate 'qualty'" in shop.refused("promote", "2", "--override", "qualty", code=2)
    shop.done("promote", "2")
    state = shop.state()
    assert state["embedder"] == "hash-b@1"
    assert state["pending"].startswith("embedding.model of the settings differ")


def essence(shop: Shop) -> dict[str, Any]:
    """What no refused command may change."""
    state = shop.state()
    names = ("documents", "head", "release", "generation", "generations", "tasks", "fields")
    return {name: state[name] for name in names}


def test_bad_use_is_one_line_and_exit_code_2(shop: Shop) -> None:
    """Whatever verb: the line says what was wrong, a hint what to do, and nothing has changed."""
    folder = str(shop.folder)
    (shop.folder / "no.backup").write_text("this is none")
    cases = {
        "no generation 9; it has 1": ("promote", "9"),
        "Invalid value for": ("promote", "two"),
        "there are no weights of 'x/y'": ("reindex", "--embedder", "x/y"),
        "there is no gate 'qualty'": ("reindex", "--override", "qualty"),
        "no collection 'nowhere'": ("rollback", "-c", "nowhere"),
        "there is no collection 'nowhere'": ("releases", "-c", "nowhere"),
        "cannot be read": ("restore", "missing.backup"),
        "no.backup": ("restore", "no.backup"),
        "cannot be written": ("backup", f"{folder}/none/b.backup"),
        "there is no data folder": ("reindex", "--data-dir", f"{folder}/none"),
        "there is no settings file": ("follow", "--config", f"{folder}/none.toml"),
    }
    before = essence(shop)
    for words, arguments in cases.items():
        ran = shop(*arguments)
        assert (ran.code, ran.out) == (2, ""), (arguments, ran)
        assert words in ran.err
        assert ran.err.startswith("error: ")
    data = shop("promote", "9", "--json")
    assert (data.code, data.err) == (2, "")
    assert data.data["error"]["hint"]
    assert essence(shop) == before
