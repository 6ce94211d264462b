"""Two keys with filters: to each it is as if there were nothing but its own documents."""

import itertools
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.generation import OpenGeneration
from api.keyring import Keyring
from api.serving import Serving
from api.web import create_web
from query.past_queries import PEOPLE
from tandem.catalog.keys import Wanted
from tandem.documents import Document
from tandem.errors import CatalogError
from tandem.events import Exposure, Impression
from tests.e2e.shop import until
from tests.integration.downtime import embedders
from tests.owned_house import NAME, at_work, owned, settings_in
from tests.unit.api.test_openapi import OPERATIONS

FIELDS = {
    "tenant": {"type": "keyword"},
    "kind": {"type": "keyword"},
    "year": {"type": "integer"},
    "note": {"type": "text"},
}
TENANTS = ("ann", "bob")
EVERYBODY = "everybody"
"""Whose key has no filter."""

OPEN = {"live", "ready"}
SHARED = ("snow", "river", "stream", "winter")
"""Words that anybody's documents may hold."""

OWN = {"ann": ("annular", "glacier"), "bob": ("bobsled", "avalanche")}
"""Words, kinds and titles that only this tenant's documents hold."""

RULES = """\
[[rules]]
name = "pins everybody's"
query = "snow"
pin = ["ann-1", "bob-1"]

[[synonyms]]
name = "wintry"
words = ["snow", "avalanche", "glacier"]
"""


def documents(tenant: str, seed: int) -> list[Document]:
    """Random ones, whose ids and words betray whose they are."""
    chance = random.Random(f"{tenant}{seed}")
    found = []
    for number in range(1, 16):
        words = [*chance.sample(SHARED, 2), chance.choice(OWN[tenant])]
        chance.shuffle(words)
        found.append(
            Document(
                f"{tenant}-{number}",
                f"{' '.join(words).title()} of {tenant}",
                f"{' '.join(words)} secret{tenant}{number}",
                {
                    "tenant": (tenant, f"group-{tenant}") if number % 3 else tenant,
                    "kind": f"{chance.choice(OWN[tenant])} kind",
                    "year": (1_000 if tenant == "ann" else 3_000) + number,
                    "note": f"marked {chance.choice(OWN[tenant])}",
                },
            )
        )
    return found


def unowned() -> list[Document]:
    """What belongs to nobody is nobody's."""
    return [
        Document("none-1", "Snow of nobody", "snow river", {"kind": "nobody kind", "year": 5_000})
    ]


def traces_of(tenant: str) -> tuple[str, ...]:
    """What no reply may hold that another one gets."""
    first = "1" if tenant == "ann" else "3"
    years = [f"{first}0{number:02}" for number in range(1, 16)]
    return (tenant, *OWN[tenant], f"secret{tenant}", *(f'"{year}"' for year in years))


@dataclass
class House:
    """The application, and the key of each tenant."""

    client: TestClient
    keys: Mapping[str, str]

    def ask(self, tenant: str, path: str, method: str = "GET", **more: Any) -> Any:
        """As that tenant."""
        headers = {"authorization": f"Bearer {self.keys[tenant]}", **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **more)


def impressions() -> list[Impression]:
    """Enough people have asked for what only one tenant has, so that it would be suggested."""
    texts = [f"{word} snow" for word in itertools.chain(*OWN.values())]
    return [
        Impression(
            f"{number}-{text}", datetime.now(UTC), 1, query_text=text,
            user_id=f"u{number}", exposures=(Exposure("ann-1", 1),),
        )
        for text in texts
        for number in range(PEOPLE)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Documents of both tenants, in one collection."""
    folder = tmp_path_factory.mktemp("tenants")
    (folder / "rules.toml").write_text(RULES)
    search = {"budget_ms": 20_000, "rules": folder / "rules.toml", "depth": 10}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with owned(settings_in(folder, fields=FIELDS, search=search)) as opened, at_work(opened):
            log = opened.catalog.documents
            log.append(NAME, "test", [*documents("ann", 1), *documents("bob", 1), *unowned()])
            opened.catalog.events.append_impressions(NAME, "test", impressions())
            until(lambda: opened.collection(NAME).behind == 0)
            keys = {
                tenant: opened.catalog.keys.create(
                    Wanted(tenant, frozenset({"search", "write"}), {"tenant": [tenant]})
                )[1]
                for tenant in TENANTS
            }
            free = Wanted(EVERYBODY, frozenset({"search"}))
            keys[EVERYBODY] = opened.catalog.keys.create(free)[1]
            with (
                closing(Keyring(opened.catalog.keys, opened.settings.server)) as ring,
                closing(Serving(opened)) as serving,
            ):
                until(lambda: bool(serving._past.current.completing("annular", 1)))
                web = create_web(serving, recognise=ring.recognise)
                yield House(TestClient(web), keys)


def misspelt(word: str) -> str:
    """With two letters exchanged, so that it could be corrected."""
    return word[:2] + word[3] + word[2] + word[4:]


KNOWN_WORDS = (*SHARED, *itertools.chain(*OWN.values()))
TEXTS = st.lists(
    st.sampled_from([*KNOWN_WORDS, *(misspelt(word) for word in KNOWN_WORDS), "secretbob3"]),
    max_size=3,
).map(" ".join)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "tenant": st.sampled_from([*TENANTS, list(TENANTS), "group-bob"]),
        "kind": st.sampled_from([f"{word} kind" for word in itertools.chain(*OWN.values())]),
        "year": st.sampled_from([{"gte": 1_005}, {"lt": 3_005}, {"gte": 0}]),
        "not": st.sampled_from([{"tenant": "ann"}, {"tenant": "bob"}, {"year": {"gt": 2_000}}]),
    },
)
ASKED = st.fixed_dictionaries(
    {"q": TEXTS, "filter": FILTERS},
    optional={
        "facets": st.just(["tenant", "kind", "year"]),
        "configuration": st.sampled_from(["lexical", "semantic", "rrf", "hybrid"]),
        "limit": st.integers(1, 40),
        "explain": st.just(True),
    },
)
WHO = st.sampled_from(TENANTS)
often = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def check(tenant: str, reply: Any, asked: str) -> Any:
    """The reply, which has nothing that is another's; what was asked may be repeated."""
    data = reply.json()
    (other,) = set(TENANTS) - {tenant}
    traces = [trace for trace in (*traces_of(other), "nobody") if trace not in asked]
    assert not [trace for trace in traces if trace in reply.text.lower()]
    for hit in data.get("hits", ()):
        assert hit["document_id"].startswith(f"{tenant}-")
        assert tenant in hit["attributes"]["tenant"]
    if data.get("did_you_mean"):
        assert not {*data["did_you_mean"]["words"].values()} & {*OWN[other]}
    return data


@often
@given(tenant=WHO, asked=ASKED)
def test_searches(house: House, tenant: str, asked: dict[str, Any]) -> None:
    """Each page has the own documents alone, and what is counted is what the key's filter leaves:
    the same as for somebody who may see everything and asks for that.
    """
    first = house.ask(tenant, "/v1/search", "POST", json=asked)
    assert first.status_code == 200
    data = check(tenant, first, str(asked))
    if "not" not in asked["filter"]:
        chosen = {**asked["filter"], "not": {"not": {"tenant": tenant}}}
        free = house.ask(EVERYBODY, "/v1/search", "POST", json={**asked, "filter": chosen}).json()
        if free["did_you_mean"] is None:
            assert seen(data) == seen(free)
    shown = len(data["hits"])
    while data["cursor"]:
        page = {name: asked[name] for name in ("q", "filter", "configuration") if name in asked}
        reply = house.ask(
            tenant, "/v1/search", "POST", json={**page, "cursor": data["cursor"], "limit": 7}
        )
        data = check(tenant, reply, str(asked))
        shown += len(data["hits"])
    assert shown == data["reachable"] <= 15


def seen(data: Any) -> Any:
    """What is told of a whole search, and its first page."""
    ids = [hit["document_id"] for hit in data["hits"]]
    return ids, data["total"], data["reachable"], data["facets"]


@often
@given(tenant=WHO, typed=st.sampled_from(KNOWN_WORDS), length=st.integers(1, 9), filters=FILTERS)
def test_suggestions(
    house: House, tenant: str, typed: str, length: int, filters: dict[str, Any]
) -> None:
    """Titles of the own documents; not what others have asked."""
    asked = {"q": typed[:length], "limit": 50, "filter": json.dumps(filters)}
    reply = house.ask(tenant, "/v1/suggest", params=asked)
    data = check(tenant, reply, str(asked))
    assert all(item["kind"] == "title" for item in data["suggestions"])
    assert all(item["text"].endswith(f"of {tenant}") for item in data["suggestions"])


def test_others_are_suggested_what_was_asked(house: House) -> None:
    """Else the test above would see nothing that could go wrong."""
    data = house.ask(EVERYBODY, "/v1/suggest", params={"q": "bobs", "limit": 50}).json()
    assert {item["kind"] for item in data["suggestions"]} == {"query", "title"}
    assert house.ask("bob", "/v1/suggest", params={"q": "bobs"}).json()["suggestions"]


@often
@given(tenant=WHO, whose=WHO, number=st.integers(1, 16), filters=FILTERS)
def test_similar_documents(
    house: House, tenant: str, whose: str, number: int, filters: dict[str, Any]
) -> None:
    """To an own document; another's is as little there as one that never was."""
    seed = f"{whose}-{number}"
    asked = {"filter": json.dumps(filters), "facets": "tenant,kind,year", "explain": "true"}
    reply = house.ask(tenant, f"/v1/documents/{seed}/similar", params=asked)
    data = check(tenant, reply, f"{seed}{asked}")
    if whose == tenant and number <= 15:
        assert reply.status_code == 200
    else:
        assert (reply.status_code, data["error"]["code"]) == (404, "document_not_found")
        assert data["error"]["message"] == f"there is no document {seed!r}"


@often
@given(
    tenant=WHO,
    whose=WHO,
    number=st.integers(1, 16),
    method=st.sampled_from(["GET", "PATCH", "DELETE"]),
)
def test_anothers_document_is_not_there(
    house: House, tenant: str, whose: str, number: int, method: str
) -> None:
    """To read, change or delete: as one that never was, and no condition tells them apart."""
    path = f"/v1/documents/{whose}-{number}"
    if method == "GET":
        reply = house.ask(tenant, path)
    elif whose == tenant and number <= 15:
        return  # others ask for it too
    else:
        body: dict[str, Any] = {"json": {"title": "mine"}} if method == "PATCH" else {}
        reply = house.ask(tenant, path, method, **body)
        conditional = house.ask(tenant, path, method, params={"if_sequence": number}, **body)
        assert conditional.json()["error"]["code"] == "sequence_conflict"
        check(tenant, conditional, path)
    data = check(tenant, reply, path)
    if whose == tenant and number <= 15:
        assert data["document_id"] == f"{tenant}-{number}"
    else:
        assert data["error"]["message"] == f"there is no document '{whose}-{number}'"


def test_nobody_writes_into_what_is_anothers(house: House) -> None:
    """Nor makes what they do not see, one by one or in a batch; what is refused changes nothing."""
    before = house.ask("bob", "/v1/documents/bob-1").json()
    own = {"title": "Taken", "attributes": {"tenant": "ann", "kind": "annular kind"}}
    given = {**own, "attributes": {"tenant": "bob"}}
    asked = [("bob-1", own, "id_taken"), ("ann-1", given, "forbidden"), ("new", given, "forbidden")]
    for document_id, content, code in asked:
        reply = house.ask("ann", f"/v1/documents/{document_id}", "PUT", json=content)
        assert reply.json()["error"]["code"] == code
        check("ann", reply, f"{document_id}bob")
    moved = {"json": {"attributes": {"tenant": "bob"}}}
    assert house.ask("ann", "/v1/documents/ann-1", "PATCH", **moved).status_code == 403
    lines = [{"document_id": name, "document": content} for name, content, _ in asked]
    lines += [{"action": "delete", "document_id": "bob-1"}]
    batch = house.ask(
        "ann",
        "/v1/documents:batch",
        "POST",
        content="".join(json.dumps(line) + "\n" for line in lines),
        headers={"content-type": "application/x-ndjson"},
    )
    told = [json.loads(line) for line in batch.text.splitlines()]
    codes = [line["error"]["code"] for line in told[:-1]]
    assert codes == [*(code for _, _, code in asked), "document_not_found"]
    assert house.ask("bob", "/v1/documents/bob-1").json() == before
    assert house.ask("ann", "/v1/documents/ann-1").json()["attributes"]["tenant"][0] == "ann"


def test_corrections(house: House) -> None:
    """To the own words, also where somebody else holds a word that is as near."""
    asked = {"q": misspelt("avalanche"), "configuration": "lexical", "facets": "kind"}
    found = check("bob", house.ask("bob", "/v1/search", params=asked), "")
    assert found["did_you_mean"]["words"] == {misspelt("avalanche"): "avalanche"}
    assert {item["value"] for item in found["facets"]["kind"]} <= {"bobsled kind", "avalanche kind"}
    found = check("ann", house.ask("ann", "/v1/search", params=asked), asked["q"])
    assert (found["did_you_mean"], found["total"], found["hits"]) == (None, 0, [])


def test_cursors(house: House) -> None:
    """Of a search and of browsing: nobody goes on in another's list."""
    for text in ("snow", ""):
        asked = {"q": text, "limit": 2}
        cursor = house.ask("ann", "/v1/search", params=asked).json()["cursor"]
        for other in ("bob", EVERYBODY):
            reply = house.ask(other, "/v1/search", params={**asked, "cursor": cursor})
            assert reply.json()["error"]["code"] == "bad_cursor"
            check("bob", reply, cursor)
        assert house.ask("ann", "/v1/search", params={**asked, "cursor": cursor}).status_code == 200


def test_an_index_that_is_behind(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may find a document as what it was before it became another's: what it is now is not
    told.
    """
    there = OpenGeneration.indexed

    def changed(self: OpenGeneration, ids: Any, seconds: float) -> Mapping[str, Document]:
        found = there(self, ids, seconds)
        moved = {"tenant": "bob", "kind": "bobsled kind"}
        return {
            name: replace(document, title="Of bob", attributes=moved)
            if name == "ann-1"
            else document
            for name, document in found.items()
        }

    monkeypatch.setattr(OpenGeneration, "indexed", changed)
    reply = house.ask("ann", "/v1/search", params={"limit": 15, "configuration": "semantic"})
    assert reply.status_code == 200
    hits = {hit["document_id"]: hit for hit in reply.json()["hits"]}
    assert hits["ann-1"]["gone"]
    assert "bob" not in reply.text
    reply = house.ask("ann", "/v1/documents/ann-1/similar")
    assert reply.status_code == 200, "whose it is now is what the log says"
    check("ann", reply, "")


def test_a_log_that_is_ahead(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has become another's is refused although both indexes still have it."""
    assert house.ask("ann", "/v1/documents/ann-1/similar").status_code == 200
    monkeypatch.setattr(OpenGeneration, "logged", lambda *_: {})
    there = house.ask("ann", "/v1/documents/ann-1/similar")
    nowhere = house.ask("ann", "/v1/documents/ann-99/similar")
    assert there.status_code == nowhere.status_code == 404
    assert there.json()["error"]["code"] == "document_not_found"


def test_a_log_that_does_not_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the indexes have of another's could not be read, like what nobody has."""

    def fail(*_: object) -> Mapping[str, Document]:
        raise CatalogError("the database is gone")

    monkeypatch.setattr(OpenGeneration, "logged", fail)
    assert house.ask("ann", "/v1/documents/ann-1/similar").status_code == 200
    told = [house.ask("ann", f"/v1/documents/{name}/similar") for name in ("bob-1", "bob-99")]
    assert [reply.status_code for reply in told] == [503, 503]
    first, second = (reply.json()["error"] for reply in told)
    assert first["code"] == second["code"] == "search_unavailable"


def test_what_is_the_servers_alone(house: House) -> None:
    """No key with a filter judges, and what the page must know first tells of no document."""
    for path in ("/v1/judging/pools", "/v1/judging/queries?pool=a&rater=b"):
        assert house.ask("ann", path).json()["error"]["code"] == "forbidden"
    check("ann", house.ask("ann", "/page/setup.json"), "")


def click(name: str) -> dict[str, Any]:
    """Somebody has clicked a document."""
    return {
        "action_name": "click", "timestamp": "2026-11-21T09:30:00Z", "user_id": name,
        "event_attributes": {"object": {"object_id": name}},
    }  # fmt: skip


def test_events_of_what_is_anothers(house: House) -> None:
    """Are as those of a document that never was: nobody moves what others are shown."""
    for name in ("bob-1", "never-1"):
        refused = house.ask("ann", "/v1/events", "POST", json=click(name))
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (400, "bad_event")
        assert error["field"] == "event_attributes.object.object_id"
        assert error["message"].endswith(f"there is no document {name!r}")
    lines = [json.dumps(item) for item in (click("bob-1"), {}, click("ann-1"), click("never-1"))]
    for content, kind in (("\n".join(lines), "x-ndjson"), (f"[{','.join(lines)}]", "json")):
        headers = {"content-type": f"application/{kind}"}
        told = house.ask("ann", "/v1/events", "POST", content=content, headers=headers).json()
        assert told["accepted"] + told["duplicates"] == 1
        assert [item["line"] for item in told["rejected"]] == [1, 2, 4]
    assert house.ask("ann", "/v1/events", "POST", json=click("ann-1")).status_code == 200


@pytest.mark.parametrize(("method", "path"), sorted(OPERATIONS))
def test_nothing_is_told_without_a_key(house: House, method: str, path: str) -> None:
    """Each operation but those for whoever watches the process."""
    reply = house.client.request(method, path.replace("{document_id}", "ann-1"))
    if OPERATIONS[method, path] in OPEN:
        assert reply.status_code == 200
        assert "unauthorized" not in reply.text
    else:
        assert reply.json()["error"]["code"] == "unauthorized"
