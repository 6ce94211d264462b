"""Searches by a model over HTTP, on real embedded engines, and what becomes of them in the log."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from api.bootstrap import House
from rerank.signals.registry import features
from tandem.catalog.releases import Release
from tests.e2e.shop import until
from tests.integration.downtime import embedders
from tests.logs import logged
from tests.owned_house import NAME
from tests.served_house import served
from tests.trained import trained

SOON_SECONDS = 1.0
SEARCH = {"budget_ms": 20_000, "feature_log_share": 1.0}
SESSION = {"user_id": "ann", "session_id": "s1"}
TASTE = "session_affinity.kind"


class World(NamedTuple):
    """A served house, and who asks it."""

    house: House
    client: TestClient

    def go_live(self, feature: str, **altered: bytes) -> Release:
        """A model that orders by a feature is live, with some of its parts altered."""
        catalog, collection = self.house.catalog, self.house.collection(NAME)
        model = trained(collection.generation, feature)
        parts = {
            **model.parts(),
            **{name.replace("_", "."): told for name, told in altered.items()},
        }
        number = catalog.models.add(NAME, model.manifest.as_json(), parts)
        live = collection.release
        release = catalog.releases.promote(NAME, live.generation, parent=live.number, model=number)
        collection.refresh()
        return release

    def search(self, **asked: Any) -> dict[str, Any]:
        """The reply to a search for what every document has."""
        given = {"q": "snow", "limit": 30, "budget_ms": 20_000, "record": False, **asked}
        reply = self.client.post("/v1/search", json=given)
        assert reply.status_code == 200, reply.text
        return dict(reply.json())

    def click(self, document_id: str, **who: str) -> None:
        """Somebody chooses a document."""
        event = {
            "action_name": "click",
            "timestamp": datetime.now(UTC).isoformat(),
            "event_attributes": {"object": {"object_id": document_id}},
            **who,
        }
        reply = self.client.post("/v1/events", json=event)
        assert reply.json()["accepted"] == 1


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Thirty documents of two kinds, the features of all searches kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with served(tmp_path_factory.mktemp("learned"), search=SEARCH) as opened:
            yield World(*opened)


def kinds(reply: dict[str, Any]) -> list[str]:
    """The hits' kinds, best first."""
    return [hit["attributes"]["kind"] for hit in reply["hits"]]


def test_an_event_changes_the_next_search_of_its_session(world: World) -> None:
    """At once, and nobody else's: what was chosen is odd."""
    world.go_live(TASTE)
    nobody = world.search()
    before = world.search(**SESSION)
    assert kinds(before) == kinds(nobody)
    assert before["degraded"] == []
    world.click("d1", **SESSION)
    clicked = time.monotonic()
    while kinds(world.search(**SESSION))[:15] != ["odd"] * 15:
        assert time.monotonic() < clicked + SOON_SECONDS
    assert kinds(world.search()) == kinds(nobody)


def test_contributions_add_up_to_the_score(world: World) -> None:
    """On every page, where the first one was asked to explain, too."""
    release = world.go_live("number.year")
    page = world.search(limit=10, explain=True)
    assert page["release"] == release.number
    assert page["hits"][0]["document_id"] == "a/b c?d"  # the newest
    names = {item.name for item in features(world.house.collection(NAME).generation.schema)}
    second = world.search(limit=10, explain=True, cursor=page["cursor"])
    for hit in (*page["hits"], *second["hits"]):
        told = hit["explain"]["features"]
        assert {part["name"] for part in told} == names | {"bias"}
        assert sum(part["contribution"] for part in told) == pytest.approx(hit["score"])
    silent = world.search(limit=10)
    later = world.search(limit=10, explain=True, cursor=silent["cursor"])
    assert later["hits"][0]["explain"]["features"] == []


def test_what_was_shown_keeps_what_the_model_saw(world: World) -> None:
    """Of each page what it showed, and how far the log had been read; unrecorded searches keep
    nothing.
    """
    world.go_live("number.year")
    catalog = world.house.catalog
    world.search(**SESSION)
    unrecorded = catalog.events.impression_count(NAME)
    world.click("d3", **SESSION)
    position = catalog.events.head()
    until(lambda: world.search(limit=1)["degraded"] == [])
    page = world.search(limit=10, record=True, **SESSION)
    world.search(limit=10, record=True, cursor=page["cursor"])
    until(lambda: catalog.events.impression_count(NAME) == unrecorded + 2)
    until(lambda: len(_kept(world, page["query_id"])[0]) == 20)
    shown = catalog.events.impressions_of(NAME, [page["query_id"]])
    assert all(position - 1 <= row.what.as_of < row.sequence for row in shown)
    documents, names = _kept(world, page["query_id"])
    told = [exposure.document_id for row in shown for exposure in row.what.exposures]
    assert sorted(documents) == sorted(told)
    schema = world.house.collection(NAME).generation.schema
    assert {*names} == {item.name for item in features(schema)}


def _kept(world: World, query_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The documents and names of the features that are kept of a query."""
    found = world.house.catalog.events.features.of(NAME, [query_id]).get(query_id)
    return ((), ()) if found is None else (found.document_ids, found.names)


def test_a_model_that_was_altered_orders_nothing(world: World) -> None:
    """Every answer says so, the log once; the next release is well again."""
    with logged() as records:
        world.go_live("number.year", model_txt=b"tree\n")
        told = [item for item in records if "no learned order by model" in item.getMessage()]
        assert ["SHA-256" in item.getMessage() for item in told] == [True]
        for _ in range(2):
            reply = world.search(explain=True)
            assert reply["degraded"] == [{"leg": "rerank", "reason": "error"}]
            assert {part["name"] for part in reply["hits"][0]["explain"]["features"]} == {
                "lexical",
                "vector",
            }
        assert len([item for item in records if "no learned order" in item.getMessage()]) == 1
    world.go_live("number.year")
    assert world.search()["degraded"] == []


def test_a_changed_document_is_ordered_by_what_it_is_now(world: World) -> None:
    """What is known of documents is read again when they change."""
    world.go_live("number.year")
    assert world.search()["hits"][0]["document_id"] == "a/b c?d"
    documents = world.house.catalog.documents
    (found,) = documents.documents(NAME, ["d7"]).values()
    changed = type(found)(
        found.document_id, found.title, found.body, {**found.attributes, "year": 2999}
    )
    documents.append(NAME, "test", [changed])
    until(lambda: world.search()["hits"][0]["document_id"] == "d7")


def test_what_is_similar_keeps_its_order(world: World) -> None:
    """A model is trained on searches."""
    world.go_live("number.year")
    reply = world.client.get("/v1/documents/d5/similar?limit=5&explain=true").json()
    assert reply["degraded"] == []
    assert {part["name"] for part in reply["hits"][0]["explain"]["features"]} <= {
        "lexical",
        "vector",
    }


@pytest.mark.usefixtures("models")
def test_without_a_model_features_are_kept_too(tmp_path: Path) -> None:
    """The first model is trained on them."""
    with served(tmp_path, search=SEARCH) as opened:
        plain = World(*opened)
        page = plain.search(limit=3, record=True)
        until(lambda: len(_kept(plain, page["query_id"])[0]) == 3)
        assert page["degraded"] == []
