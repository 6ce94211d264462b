"""What status shows: by the catalogue and by asking the engines; nothing is opened or written."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.look import Look
from tandem.errors import EngineUnavailable
from tandem.events import Event, Impression
from tandem.protocols import Refusal
from tandem.stores import EngineHealth
from tests.owned_house import NAME, at_work, owned, reindexed, settings_in, write

pytestmark = pytest.mark.usefixtures("models")


@dataclass
class Store:
    """Answers for the indexes that it is told of."""

    identities: dict[str, str] = field(default_factory=dict)
    is_down: bool = False
    is_stuck: bool = False
    """Health answers, nothing else does."""
    questions: int = 0

    def identity(self, name: str) -> str | None:
        """The identity, if the engine answers."""
        self.questions += 1
        if self.is_down or self.is_stuck:
            raise EngineUnavailable("no answer")
        return self.identities.get(name)

    def bytes_on_disk(self, _name: str) -> int | None:
        """Some."""
        self.questions += 1
        return 1_024

    def health(self) -> EngineHealth:
        """As the test says."""
        return EngineHealth("fake", "1", "unreachable" if self.is_down else "ok", "")

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name}: nothing may be opened to look")


@pytest.fixture
def look(tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """Two generations, both current; the first one is live again."""
    with owned(settings_in(tmp_path)) as house:
        with at_work(house) as owner:
            reindexed(owner, model="hash-b")
            owner.rollback(NAME)
        lexical, vector = Store(), Store()
        for number in (1, 2):
            for leg, store in (("lexical", lexical), ("vector", vector)):
                name = f"{NAME}-{leg}-{number}"
                checkpoint = house.catalog.checkpoints.read(name)
                assert checkpoint is not None
                store.identities[name] = checkpoint.identity
        stores: Any = (lexical, vector)
        yield Look(house.catalog, *stores), house


def test_what_is_current(look: Any) -> None:
    """Documents, release, both generations with their indexes."""
    looked, _ = look
    state = looked.collection(NAME)
    assert (state["documents"], state["head"], state["release"], state["parent"]) == (
        20, 20, 1, None,
    )  # fmt: skip
    assert (state["generation"], state["embedder"]) == (1, "hash-a@1")
    assert {row["field"] for row in state["fields"]} >= {"title", "body", "note", "kind"}
    (other,) = state["generations"]
    assert (other["generation"], other["state"], other["embedder"]) == (2, "ready", "hash-b@1")
    assert state["analysis"] == other["analysis"] == "english-1"
    for indexes in (state["indexes"], other["indexes"]):
        for index in indexes.values():
            assert (index["state"], index["applied"], index["behind"]) == ("current", 20, 0)
            assert index["documents"] == 20
            assert (index["behind_seconds"], index["bytes"], index["refused"]) == (0.0, 1_024, 0)
            assert (index["verified"], index["failures"]) == (None, [])
    assert state["tasks"] == []
    assert looked.engines()["lexical"]["engine"] == "fake"


def test_where_the_catalogue_is(look: Any) -> None:
    """The kind of database, its version, and where it is."""
    looked, house = look
    told = looked.catalogue()
    assert (told["engine"], told["state"]) == ("sqlite", "ok")
    assert told["version"] == sqlite3.sqlite_version
    assert told["detail"] == str(house.settings.data_dir / "documents.sqlite")


def test_who_holds_an_index(look: Any) -> None:
    """Whoever has the lease, or had it last; embedded engines have none."""
    looked, house = look
    checkpoints, name = house.catalog.checkpoints, f"{NAME}-vector-1"
    assert looked.collection(NAME)["indexes"]["vector"]["holder"] is None
    checkpoints.take(checkpoints.read(name), owner="host:1:abc")
    assert looked.collection(NAME)["indexes"]["vector"]["holder"] == "host:1:abc"


def test_what_is_behind_missing_or_out_of_reach(look: Any) -> None:
    """A missing index is behind by everything, whatever its checkpoint says."""
    looked, house = look
    write(house, 21, 23)
    looked.lexical.identities.clear()
    looked.vector.is_down = True
    indexes = looked.collection(NAME)["indexes"]
    lexical, vector = indexes["lexical"], indexes["vector"]
    assert (lexical["state"], lexical["applied"], lexical["behind"]) == ("missing", 0, 23)
    assert (lexical["documents"], vector["documents"]) == (0, 20)
    assert lexical["behind_seconds"] >= 0
    assert (vector["state"], vector["behind"], vector["bytes"]) == ("unreachable", 3, None)
    looked.vector.is_down = False
    assert looked.collection(NAME)["indexes"]["vector"]["state"] == "behind"


def test_an_index_that_was_exchanged_is_missing(look: Any) -> None:
    """Its identity is another one than that which was built here."""
    looked, _ = look
    looked.vector.identities[f"{NAME}-vector-1"] = "another"
    assert looked.collection(NAME)["indexes"]["vector"]["state"] == "missing"


def test_refusals_tasks_and_verifications(look: Any) -> None:
    """What somebody should look into."""
    looked, house = look
    checkpoints, name = house.catalog.checkpoints, f"{NAME}-vector-1"
    held = checkpoints.read(name)
    checkpoints.advance(held, 20, changed=["d1"], refusals=[(1, Refusal("d1", "it has no text"))])
    house.catalog.tasks.ask(NAME, "rollback", {})
    state = looked.collection(NAME)
    index = state["indexes"]["vector"]
    assert (index["refused"], index["documents"]) == (1, 19)
    assert index["failures"] == [{"document_id": "d1", "reason": "it has no text"}]
    assert [(task["kind"], task["state"]) for task in state["tasks"]] == [("rollback", "wanted")]


def test_an_engine_that_does_not_answer_is_asked_nothing_more(look: Any) -> None:
    """Each question would cost its whole time limit: four indexes, and their sizes."""
    looked, _ = look
    looked.vector.is_down = True
    for engines in (looked.engines(), None):
        state = looked.collection(NAME, engines)
        assert state["indexes"]["vector"]["state"] == "unreachable"
        assert state["indexes"]["lexical"]["state"] == "current"
    assert (looked.vector.questions, looked.lexical.questions) == (0, 8)
    looked.vector.is_down, looked.vector.is_stuck = False, True
    assert looked.collection(NAME)["indexes"]["vector"]["state"] == "unreachable"
    assert looked.vector.questions == 2


def test_what_people_did(look: Any) -> None:
    """How much is kept of it; who looks where nothing was, makes no file."""
    looked, house = look
    state = looked.collection(NAME)
    assert (state["events"], state["impressions"]) == (0, 0)
    assert looked.event_log() == {"state": "ok", "detail": "", "bytes": 0}
    assert not house.catalog.has_events()
    happened = datetime(2026, 11, 25, tzinfo=UTC)
    house.catalog.events.append(NAME, "s", [Event(name, "click", happened) for name in "ab"])
    house.catalog.events.append_impressions(NAME, "s", [Impression("q", happened, 1)])
    state = looked.collection(NAME)
    assert (state["events"], state["impressions"]) == (2, 1)
    assert looked.event_log()["bytes"] > 0


def test_an_event_log_that_is_damaged(look: Any) -> None:
    """It is said; everything else is shown all the same."""
    looked, house = look
    (house.settings.data_dir / "events.sqlite").write_bytes(b"noise" * 2_000)
    told, state = looked.event_log(), looked.collection(NAME)
    assert (told["state"], told["bytes"]) == ("unusable", None)
    assert "events.sqlite" in told["detail"]
    assert (state["events"], state["impressions"], state["documents"]) == (None, None, 20)


def test_how_large_the_cache_is(look: Any) -> None:
    """With what was not moved into its file yet."""
    _, house = look
    files = house.settings.data_dir.glob("embeddings.sqlite*")
    assert house.catalog.embedding_bytes() == sum(file.stat().st_size for file in files) > 0


def test_what_is_dropped_between_two_looks_is_shown_as_it_was(
    look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process promotes and prunes meanwhile."""
    looked, house = look
    releases = house.catalog.releases
    live = releases.live(NAME)
    releases.point(NAME, 2, expected=1)
    releases.drop(1)
    monkeypatch.setattr(releases, "live", lambda _name: live)
    state = looked.collection(NAME)
    assert (state["release"], state["generation"]) == (1, 1)
    assert [item["generation"] for item in state["generations"]] == [2]
    assert [item["trouble"] for item in state["generations"]] == [None]
