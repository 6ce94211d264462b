"""Over real engines: a person searches, clicks, and asks to be forgotten."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.bootstrap import House
from tests.e2e.shop import until
from tests.integration.downtime import embedders
from tests.owned_house import NAME
from tests.served_house import served
from tests.web_client import error_of

PERSON, DEVICE, SESSION = "eve-of-the-telling-name", "phone-of-eve", "session-of-eve"
WORDS = "title unforgettable"
SEARCH = {"feature_log_share": 1.0}
PATIENT = {"budget_ms": 10_000}
"""However busy the machine is, both legs answer, and features are had."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[House, TestClient]]:
    """The application over a house that owns its data folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with served(tmp_path, search=SEARCH) as made:
            yield made


def asked(client: TestClient, **given: Any) -> Any:
    """The reply to a search of five documents."""
    reply = client.get("/v1/search", params={"q": WORDS, "limit": 5, **PATIENT, **given})
    assert reply.status_code == 200, reply.text
    return reply.json()


def found_in(house: House, traces: list[bytes]) -> set[bytes]:
    """Those that any file of the data folder has; an engine may drop one of its own meanwhile."""
    found = set[bytes]()
    for file in house.settings.data_dir.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):
            content = file.read_bytes()
            found |= {trace for trace in traces if trace in content}
    return found


def test_nothing_of_a_person_is_left(opened: tuple[House, TestClient]) -> None:
    """No file of the data folder has an id or the text; what was done is counted as before; the
    cursor is gone, and whoever comes again by that id is somebody else.
    """
    house, client = opened
    who = {"user_id": PERSON, "client_id": DEVICE, "session_id": SESSION}
    first = asked(client, **who)
    click = {
        "action_name": "click",
        "timestamp": "2026-11-26T09:30:00Z",
        "query_id": first["query_id"],
        "user_query": WORDS,
        "event_attributes": {"object": {"object_id": first["hits"][0]["document_id"]}},
        **who,
    }
    other = asked(client, user_id="bob")
    assert client.post("/v1/events", json=click).json()["accepted"] == 1
    log = house.catalog.events
    both = {first["query_id"], other["query_id"]}
    until(lambda: log.features.known(NAME, both) == both)
    traces = [name.encode() for name in (PERSON, DEVICE, SESSION, "unforgettable")]
    assert found_in(house, traces) == {*traces}

    told = client.delete(f"/v1/users/{PERSON}").json()
    assert (told["state"], told["events"], told["impressions"]) == ("done", 1, 1)
    assert told["features"] == 1
    assert client.delete("/v1/users/bob").json()["impressions"] == 1, "he asked the same"
    assert found_in(house, traces) == set()

    assert (log.event_count(NAME), log.impression_count(NAME)) == (1, 2)
    assert not log.features.known(NAME, both)
    gone = client.get("/v1/search", params={"cursor": first["cursor"]})
    assert error_of(gone)["code"] == "cursor_expired"
    again = asked(client, **who)
    until(lambda: log.impression_count(NAME) == 3)
    assert log.impressions_of(NAME, [again["query_id"]])[0].what.user_id == PERSON
