"""Collections and aliases on a Qdrant server, also where making one was interrupted."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from qdrant_client import models

from tandem.errors import EngineError, SettingsError
from tandem.protocols import VectorIndex
from tests.builders import document, random_rows, schema_of, upserts
from tests.contracts.qdrant_local import QUIET
from tests.unit.tandem.engines.qdrant_recorder import Recorder

pytestmark = QUIET
SCHEMA = schema_of(
    genre="keyword", year="integer", price="float", open="boolean", seen="datetime", abstract="text"
)
STEPS = (
    "create_collection",
    "create_payload_index",
    "update_collection_aliases",
    "delete_collection",
)


@pytest.fixture
def recorder() -> Recorder:
    """A server in memory."""
    return Recorder()


def make(recorder: Recorder, name: str, identity: str) -> VectorIndex:
    """An index with one document, named like its identity."""
    index = recorder.store().create(name, identity, SCHEMA, 4)
    index.apply(upserts([document(identity)]), {identity: random_rows(1, 1, 4)})
    return index


def found(recorder: Recorder, name: str) -> list[str]:
    """What the index of that name holds."""
    opened = recorder.store().open(name, SCHEMA, 4)
    return [version.document_id for version in opened.versions()]


def test_how_an_index_is_made(recorder: Recorder) -> None:
    """Collection, payload indexes, alias; then what was there before goes."""
    make(recorder, "a-vector-1", "one")
    recorder.calls.clear()
    make(recorder, "a-vector-1", "two")
    steps = [call.name for call in recorder.named(*STEPS)]
    assert steps == [STEPS[0], *[STEPS[1]] * 7, STEPS[2], STEPS[3]]
    assert recorder.collections() == {"tandem-unit-a-vector-1-two"}
    assert recorder.aliases() == {"tandem-unit-a-vector-1": "tandem-unit-a-vector-1-two"}
    (moved,) = recorder.named("update_collection_aliases")
    assert len(moved.arguments[0]) == 2


def test_payload_indexes_follow_the_schema(recorder: Recorder) -> None:
    """One a filterable field, and Tandem's own, which lend a graph no links."""
    make(recorder, "a", "one")
    made = {call.arguments[1]: call.arguments[2] for call in recorder.named(STEPS[1])}
    assert {key: params.type.value for key, params in made.items()} == {
        "document_id": "keyword",
        "sequence": "integer",
        "attribute_genre": "keyword",
        "attribute_year": "integer",
        "attribute_price": "float",
        "attribute_open": "integer",
        "attribute_seen": "datetime",
    }
    without_links = {key for key, params in made.items() if params.enable_hnsw is False}
    assert without_links == {"document_id", "sequence"}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("again", ["two", "three"])
def test_an_interrupted_create(recorder: Recorder, step: str, when: str, again: str) -> None:
    """The name leads to the whole old index or to the whole new one, and the next create cleans."""
    make(recorder, "a-1", "old")
    make(recorder, "a-12", "other")

    def dies(real: Any, *arguments: Any, **named: Any) -> Any:
        if when == "after":
            real(*arguments, **named)
        raise KeyboardInterrupt

    recorder.instead[step] = dies
    with pytest.raises(KeyboardInterrupt):
        recorder.store().create("a-1", "two", SCHEMA, 4)
    recorder.instead.clear()
    store = recorder.store()
    moved = step == STEPS[3] or (step == STEPS[2] and when == "after")
    assert store.identity("a-1") == ("two" if moved else "old")
    assert found(recorder, "a-1") == ([] if moved else ["old"])
    assert list(store.names()) == ["a-1", "a-12"]
    make(recorder, "a-1", again)
    assert recorder.collections() == {f"tandem-unit-a-1-{again}", "tandem-unit-a-12-other"}
    assert (found(recorder, "a-1"), found(recorder, "a-12")) == ([again], ["other"])


def test_drop_takes_leftovers_first(recorder: Recorder) -> None:
    """Interrupted, the name still leads to what is left, so that it can be dropped again."""
    make(recorder, "a", "live")
    vectors = {"passage": models.VectorParams(size=4, distance=models.Distance.COSINE)}
    for left in ("zzz", "aaa"):
        recorder.server.engine.create_collection(f"tandem-unit-a-{left}", vectors)
    recorder.store().drop("a")
    deleted = [call.arguments[0] for call in recorder.named("delete_collection")]
    assert deleted[-1] == "tandem-unit-a-live"
    assert recorder.collections() == set()
    assert recorder.aliases() == {}


def test_an_index_that_was_wiped_has_no_identity(recorder: Recorder) -> None:
    """Without its collection, or where another took its alias, the index is not there."""
    make(recorder, "a", "one")
    recorder.server.engine.delete_collection("tandem-unit-a-one")
    assert recorder.store().identity("a") is None
    make(recorder, "b", "two")
    store = recorder.store()
    recorder.server.engine.create_collection("stranger", {})
    stranger = models.CreateAlias(collection_name="stranger", alias_name="tandem-unit-b")
    recorder.server.engine.update_collection_aliases(
        [models.CreateAliasOperation(create_alias=stranger)]
    )
    assert store.identity("b") is None
    assert list(store.names()) == ["b"], "what is left can be dropped"
    with pytest.raises(EngineError, match="no index b") as raised:
        store.open("b", SCHEMA, 4)
    assert raised.value.hint


def test_an_opened_index_does_not_follow_the_alias(recorder: Recorder) -> None:
    """Who opened one generation never reads another under the same name: it is gone instead."""
    opened = make(recorder, "a", "one")
    make(recorder, "a", "two")
    with pytest.raises(EngineError, match="not found"):
        opened.count()


@pytest.mark.parametrize("namespace", ["", "with-hyphen", "a b", "ü", "x" * 64, "a/b"])
def test_namespaces_that_cannot_be(recorder: Recorder, namespace: str) -> None:
    """Two of them could mean one collection, or the server would refuse the name."""
    with pytest.raises(SettingsError, match="expected 1 to 63") as raised:
        recorder.store(namespace)
    assert raised.value.hint


def test_an_identity_with_a_hyphen_is_refused(recorder: Recorder) -> None:
    """It could not be told from the name."""
    with pytest.raises(EngineError, match="identity"):
        recorder.store().create("a", "one-two", SCHEMA, 4)
    assert recorder.collections() == set()


def test_a_collection_in_error_is_degraded(recorder: Recorder) -> None:
    """The server is there, and one index is not well: which one, and what the server says."""
    make(recorder, "good", "one")
    make(recorder, "bad", "two")

    def told(real: Any, name: str) -> Any:
        status = models.CollectionStatus.RED if "bad" in name else models.CollectionStatus.GREEN
        return SimpleNamespace(status=status, optimizer_status=SimpleNamespace(error="no space"))

    assert recorder.store().health().state == "ok"
    recorder.instead["get_collection"] = told
    health = recorder.store().health()
    assert (health.state, health.detail) == ("degraded", "bad: no space")
    assert health.version


def test_health_has_one_deadline(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What asking for the version used up is not left for the rest."""
    monkeypatch.setattr("tandem.engines.qdrant_store.LOOK_SECONDS", 0.05)

    def slow(real: Any) -> Any:
        time.sleep(0.06)
        return real()

    recorder.instead["info"] = slow
    health = recorder.store().health()
    assert (health.state, [call.name for call in recorder.calls]) == ("unreachable", ["info"])
    assert health.version


def test_a_strange_vector_is_not_opened(recorder: Recorder) -> None:
    """A collection of the right name that Tandem did not make so."""
    vectors = {"passage": models.VectorParams(size=4, distance=models.Distance.DOT)}
    recorder.server.engine.create_collection("tandem-unit-a-one", vectors)
    recorder.server.engine.create_collection("tandem-unit-b-one", {})
    moves = [
        models.CreateAliasOperation(
            create_alias=models.CreateAlias(
                collection_name=f"tandem-unit-{name}-one", alias_name=f"tandem-unit-{name}"
            )
        )
        for name in "ab"
    ]
    recorder.server.engine.update_collection_aliases(moves)
    with pytest.raises(EngineError, match="by Dot"):
        recorder.store().open("a", SCHEMA, 4)
    with pytest.raises(EngineError, match="no such vector"):
        recorder.store().open("b", SCHEMA, 4)
