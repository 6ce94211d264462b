"""What signals read comes in time or not at all."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from api.bootstrap import House
from api.signal_reads import SignalReads
from indexer.indexing import catch_up
from query.breaker import FAILURES_IN_A_ROW
from rerank.document_facts import DocumentFacts
from tandem.behaviour import Who
from tandem.errors import CatalogError, EngineUnavailable
from tandem.events import Event
from tandem.rankings import Degradation
from tests.e2e.shop import until
from tests.logs import logged
from tests.metered import Noted
from tests.owned_house import NAME

ANN = Who(user_id="ann")
LONG = 600.0


@pytest.fixture
def reads(house: House) -> Iterator[SignalReads]:
    """Of a house in which Ann has clicked d1 and d2."""
    moment = datetime(2026, 11, 26, tzinfo=UTC)
    events = [Event(f"e{name}", "click", moment, name, "ann") for name in ("d1", "d2")]
    house.catalog.events.append(NAME, "test", events)
    with closing(SignalReads(house.catalog, NAME)) as opened:
        yield opened


def hanging(monkeypatch: pytest.MonkeyPatch, catalog: Any, released: threading.Event) -> None:
    """As a catalogue on a server that does not answer."""

    class Hanging:
        def behaviour(self, _collection: str) -> Any:
            released.wait(30)
            raise CatalogError("down")

    monkeypatch.setattr(type(catalog), "events", property(lambda _: Hanging()))


def test_a_past_as_of_a_position(reads: SignalReads) -> None:
    """Before the log began there is none."""
    for as_of, found in ((2, ["d1", "d2"]), (1, ["d1"]), (0, [])):
        deeds = reads.past(ANN, as_of, LONG)
        assert not isinstance(deeds, Degradation)
        assert [deed.document_id for deed in deeds] == found


def test_a_log_that_fails_costs_the_past_alone(
    reads: SignalReads, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told once."""
    released = threading.Event()
    released.set()
    hanging(monkeypatch, house.catalog, released)
    with logged() as records:
        for _ in range(3):
            assert reads.past(ANN, 2, LONG) == Degradation("profile", "error")
    assert ["do not know who asks: down" in item.getMessage() for item in records] == [True]


def test_a_server_that_hangs_is_soon_not_waited_for(
    reads: SignalReads, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it only seems to be one."""
    released = threading.Event()
    hanging(monkeypatch, house.catalog, released)
    monkeypatch.setattr(reads, "_is_on_server", True)
    try:
        with logged():
            found = [reads.past(ANN, 2, 0.08) for _ in range(20)]
        reasons = [part.reason for part in found if isinstance(part, Degradation)]
        assert reasons[:FAILURES_IN_A_ROW] == ["timeout"] * FAILURES_IN_A_ROW
        assert reasons.count("skipped") >= 20 - FAILURES_IN_A_ROW - 2
    finally:
        released.set()


def test_how_a_generation_is_read(reads: SignalReads, house: House) -> None:
    """Documents and words as they are indexed, the words as its analysis leaves them."""
    collection = house.collection(NAME)
    assert catch_up(collection.followers) == []
    reading = reads.reading(collection.live)
    assert [*reading.documents(["d3", "none"], LONG)] == ["d3"]
    assert [*reading.vectors(["d3", "none"])] == ["d3"]
    (word, other) = reading.words("marked word3", LONG)
    assert (word.documents, other.documents) == (0, 1)
    assert reading.count() == 20
    assert [*reading.analyse("Marking the marks")] == ["mark", "mark"]


def test_an_index_that_hangs(
    reads: SignalReads, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever orders by what it holds is told in time; what comes later is there for the next."""
    collection = house.collection(NAME)
    assert catch_up(collection.followers) == []
    opened, released, is_over = collection.live, threading.Event(), threading.Event()
    vectors = opened.vector.index.vectors

    def late(document_ids: Any) -> Any:
        released.wait(30)
        is_over.set()
        return vectors(document_ids)

    monkeypatch.setattr(opened.vector.index, "vectors", late)
    facts = DocumentFacts(opened.generation.schema, reads.reading(opened))
    try:
        with pytest.raises(EngineUnavailable, match="an index: timeout"):
            facts.of(["d3"], 0.05)
        assert not is_over.is_set()
    finally:
        released.set()
    until(lambda: facts.bytes_held > 0)
    monkeypatch.setattr(opened, "indexed", None)
    assert [*facts.of(["d3"], LONG)] == ["d3"]


def test_whether_a_query_was_just_embedded_is_told(house: House) -> None:
    """The vector leg has done it, or somebody asks for words alone."""
    noted, opened = Noted(), house.collection(NAME).live
    with closing(SignalReads(house.catalog, NAME, noted)) as reads:
        vector = reads.reading(opened).vector
        assert vector("never asked") is None
        opened.asking.embed_queries(["just asked"])
        assert vector("just asked") is not None
    assert noted.caches == {("query_vectors", "hit"): 1, ("query_vectors", "miss"): 1}
