"""Impressions: what was shown, put down soon, and no reply waits for it."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.impressions import ImpressionWriter, impression_of, is_sampled
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.event_log import Accepted, EventLog
from tandem.documents import Document
from tandem.errors import CatalogError, SettingsError
from tandem.events import Exposure, Impression
from tandem.features import FeatureMatrix
from tandem.queries import Query, Sort, new_query_id
from tandem.rankings import Correction, Hit, Ranking, SearchResult
from tests.logs import logged
from tests.metered import Noted

AT = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)


def answer(query: Query, *document_ids: str, first: int = 1, **values: Any) -> SearchResult:
    """A page of those documents."""
    hits = tuple(Hit(name, first + place, 1.0) for place, name in enumerate(document_ids))
    documents = {name: Document(name, "", "") for name in document_ids}
    given: dict[str, Any] = {"configuration": "hybrid", "release": 3, "documents": documents}
    return SearchResult(query, Ranking("page", hits), **given | values)


def answers(count: int, first: int = 0) -> list[SearchResult]:
    """Those of queries ``q<first>`` and on."""
    return [answer(Query("red", f"q{first + number}"), "a", "b") for number in range(count)]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """On SQLite."""
    opened = Catalog(file_url(tmp_path / "documents.sqlite"), file_url(tmp_path / "e.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def writer(catalog: Catalog) -> Iterator[ImpressionWriter]:
    """Of the collection ``main``."""
    made = ImpressionWriter(catalog, "main", again_seconds=0.01)
    yield made
    made.close()


def written(catalog: Catalog) -> list[str]:
    """The queries in the log."""
    return [row.what.query_id for row in catalog.events.impressions("main", 0, 20_000).rows]


class Gate:
    """Stands in for the log's ``append_impressions``: fails for as long as it is shut."""

    def __init__(self, log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_shut = False
        self.batches: list[int] = []
        self.tried = threading.Semaphore(0)
        self.error: Exception = CatalogError("the disk is gone")
        self._append = log.append_impressions
        monkeypatch.setattr(log, "append_impressions", self)

    def __call__(self, name: str, source: str, batch: Sequence[Impression]) -> Accepted:
        """See ``EventLog``."""
        self.tried.release()
        if self.is_shut:
            raise self.error
        self.batches.append(len(batch))
        return self._append(name, source, batch)


@pytest.fixture
def gate(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Open at first."""
    return Gate(catalog.events, monkeypatch)


# --- what is put down ---


def test_what_was_shown() -> None:
    """With ranks over all pages for positions, and who asked."""
    query = Query(
        "red shoes",
        "q",
        user_id="u",
        client_id="c",
        session_id="s",
        filters={"year": {"gte": 1990}},
        issued_at=AT,
    )
    assert impression_of(answer(query, "x", "y", first=11)) == Impression(
        "q",
        AT,
        3,
        "red shoes",
        "search",
        "u",
        "c",
        "s",
        exposures=(Exposure("x", 11), Exposure("y", 12)),
        details={"configuration": "hybrid", "filters": {"year": {"gte": 1990}}},
    )


def test_what_is_gone_was_not_shown() -> None:
    """What could not be read in time stood there all the same, and nothing else moves up."""
    result = answer(
        Query("red"),
        "gone",
        "unread",
        "there",
        documents={"there": Document("there", "", "")},
        unread=frozenset({"unread"}),
    )
    assert impression_of(result).exposures == (Exposure("unread", 2), Exposure("there", 3))
    assert impression_of(answer(Query("nothing"))).exposures == ()


def test_a_corrected_text_is_told() -> None:
    """What people typed stands there, and beside it what was searched for."""
    result = answer(Query("rde"), "a", correction=Correction("red", {"rde": "red"}))
    assert impression_of(result).query_text == "rde"
    assert impression_of(result).details == {"configuration": "hybrid", "corrected": "red"}


@pytest.mark.parametrize(
    ("query", "details"),
    [
        (Query("red"), {}),
        (Query("", surface="similar", seed_document_id="d"), {"seed_document_id": "d"}),
        (Query("", sort=Sort.read("-year")), {"sort": "-year"}),
        (Query("", sort=Sort()), {"sort": ""}),
        (Query("", filters={"at": AT}), {"filters": {"at": "2026-11-26T05:00:00+00:00"}}),
        (Query("", filters={"a": 2**70}), {"filters": True}),
        (Query("", filters={"a": "\ud800"}), {"filters": True}),
        (Query("", filters={"a": ["x" * 50] * 90}), {"filters": True}),
        (
            Query("", surface="similar", seed_document_id="\0" * 512, filters={"a": "x" * 1_000}),
            {"seed_document_id": "\0" * 512, "filters": True},
        ),
    ],
)
def test_what_else_led_to_it(query: Query, details: dict[str, Any]) -> None:
    """As far as the log can hold it."""
    found = impression_of(answer(query, "a"))
    assert found.details == {"configuration": "hybrid", **details}
    assert found.surface == query.surface


# --- when ---


def test_it_is_written_soon(catalog: Catalog, writer: ImpressionWriter) -> None:
    """Without anybody waiting for it."""
    writer.add(answers(1)[0])
    deadline = time.monotonic() + 20
    while not written(catalog):
        assert time.monotonic() < deadline, "nobody wrote it"
        time.sleep(0.01)
    assert written(catalog) == ["q0"]


def test_flushed_it_is_there(catalog: Catalog, writer: ImpressionWriter) -> None:
    """What was added before, in its order; then there is nothing to wait for."""
    for result in answers(1_203):
        writer.add(result)
    assert writer.flush(20)
    assert written(catalog) == [f"q{number}" for number in range(1_203)]
    assert writer.flush(0)
    assert writer.dropped == 0


def test_together_they_cost_one_write(gate: Gate, writer: ImpressionWriter) -> None:
    """As many as come in a moment, but no more than a batch."""
    gate.is_shut = True
    writer.add(answers(1)[0])
    gate.tried.acquire()
    for result in answers(699, first=1):
        writer.add(result)
    gate.is_shut = False
    assert writer.flush(20)
    assert sum(gate.batches) == 700
    assert max(gate.batches) <= 500
    assert len(gate.batches) <= 3


def test_the_same_page_is_put_down_once(catalog: Catalog, writer: ImpressionWriter) -> None:
    """However often it is shown; another page of the query is another one."""
    query = Query("red", "q")
    for first in (1, 1, 11):
        writer.add(answer(query, "a", first=first))
        writer.add(answer(query, "a", first=first))
    assert writer.flush(20)
    assert written(catalog) == ["q", "q"]


def test_many_add_at_once(catalog: Catalog, writer: ImpressionWriter) -> None:
    """None is lost, and whoever flushes finds his own."""
    faults: list[object] = []

    def search(thread: int) -> None:
        for number in range(20):
            name = f"{thread}-{number}"
            writer.add(answer(Query("red", name), "a"))
            if not writer.flush(20) or name not in catalog.events.known_queries("main", [name]):
                faults.append(name)

    threads = [threading.Thread(target=search, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(written(catalog)) == 80


# --- what fails ---


@pytest.mark.parametrize("error", [CatalogError("gone"), SettingsError("no folder")])
def test_while_the_log_fails_they_wait(
    catalog: Catalog, gate: Gate, writer: ImpressionWriter, error: Exception
) -> None:
    """It is told once, and when it is over everything is written, in order."""
    gate.is_shut, gate.error = True, error
    with logged() as told:
        for result in answers(3):
            writer.add(result)
        assert not writer.flush(0.2)
        for _ in range(5):
            assert gate.tried.acquire(timeout=20)
        gate.is_shut = False
        assert writer.flush(20)
    assert written(catalog) == ["q0", "q1", "q2"]
    warnings = [record.getMessage() for record in told if record.levelname == "WARNING"]
    assert warnings == [f"impressions wait for the event log: {error}"]
    assert writer.dropped == 0


def test_a_full_queue_loses_the_later_ones(
    catalog: Catalog, gate: Gate, writer: ImpressionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are counted, and it is told once each time that it is full."""
    monkeypatch.setattr("api.impressions.QUEUED", 10)
    gate.is_shut = True
    with logged() as told:
        for result in answers(13):
            writer.add(result)
        gate.is_shut = False
        assert writer.flush(20)
        gate.is_shut = True
        for result in answers(12, first=20):
            writer.add(result)
        gate.is_shut = False
        assert writer.flush(20)
    assert writer.dropped == 5
    assert written(catalog) == [f"q{number}" for number in (*range(10), *range(20, 30))]
    full = [record.getMessage() for record in told if "further ones" in record.getMessage()]
    assert full == ["10 impressions wait; further ones are lost"] * 2


def test_what_the_log_refuses_is_left_out_alone(
    catalog: Catalog, writer: ImpressionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it; the others of its batch are written."""
    append = catalog.events.append_impressions

    def picky(name: str, source: str, batch: Sequence[Impression]) -> Accepted:
        if any(impression.query_id == "q1" for impression in batch):
            raise OverflowError("too large")
        return append(name, source, batch)

    monkeypatch.setattr(catalog.events, "append_impressions", picky)
    with logged() as told:
        for result in answers(3):
            writer.add(result)
        assert writer.flush(20)
    assert written(catalog) == ["q0", "q2"]
    assert writer.dropped == 1
    assert [record.getMessage() for record in told] == ["an impression is left out: too large"]


def test_what_can_be_no_impression_is_left_out(catalog: Catalog, writer: ImpressionWriter) -> None:
    """Whoever searches hears nothing of it."""
    with logged() as told:
        writer.add(answer(Query("red", session_id=" "), "a"))
        writer.add(answers(1)[0])
        assert writer.flush(20)
    assert written(catalog) == ["q0"]
    assert [record.getMessage() for record in told] == [
        "an impression is left out: session_id: is blank"
    ]


# --- the end ---


def test_closed_it_has_written_what_waited(catalog: Catalog) -> None:
    """And takes nothing more."""
    writer = ImpressionWriter(catalog, "main")
    for result in answers(20):
        writer.add(result)
    writer.close()
    writer.add(answers(1, first=99)[0])
    assert len(written(catalog)) == 20
    assert writer.dropped == 1
    assert "impressions" not in {thread.name for thread in threading.enumerate()}


def test_the_end_does_not_wait_for_a_log_that_is_gone(catalog: Catalog, gate: Gate) -> None:
    """What is lost is told."""
    writer = ImpressionWriter(catalog, "main")
    gate.is_shut = True
    for result in answers(2):
        writer.add(result)
    with logged() as told:
        writer.close(0.05)
    assert writer.dropped == 2
    assert "2 impressions are lost: the log was not written" in [
        record.getMessage() for record in told
    ]
    assert "impressions" not in {thread.name for thread in threading.enumerate()}


def test_what_comes_after_the_end_is_lost_without_a_false_reason(catalog: Catalog) -> None:
    """Nothing waits then."""
    made = ImpressionWriter(catalog, "main")
    made.close()
    with logged() as records:
        made.add(answers(1)[0])
    assert (made.dropped, records) == (1, [])


def test_what_is_in_hand_at_the_end_is_not_told_as_lost(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that is written while the end waits is in the log."""
    log, begun, go_on = catalog.events, threading.Event(), threading.Event()
    append = log.append_impressions

    def slow(*arguments: Any) -> Accepted:
        begun.set()
        go_on.wait(20)
        return append(*arguments)

    monkeypatch.setattr(log, "append_impressions", slow)
    made = ImpressionWriter(catalog, "main")
    made.add(answers(1)[0])
    assert begun.wait(20)
    later = threading.Timer(0.2, go_on.set)
    later.start()
    with logged() as records:
        made.close(timeout_seconds=0.0)
    assert (made.dropped, records) == (0, [])
    assert written(catalog) == ["q0"]


# --- what a model could see ---


def features_of(*document_ids: str) -> FeatureMatrix:
    """One feature: 1 for the first."""
    values = np.arange(1, len(document_ids) + 1, dtype=np.float32)[:, None]
    return FeatureMatrix(("place",), document_ids, values)


def test_features_go_with_what_was_shown(catalog: Catalog, writer: ImpressionWriter) -> None:
    """Where an answer has some; ``as_of`` goes with every one."""
    writer.add(answer(Query("red", "q0"), "a", "b"))
    assert writer.flush(10)
    writer.add(answer(Query("red", "q1"), "a", "b", as_of=1, features=features_of("a", "b")))
    writer.add(answer(Query("red", "q2"), "a", as_of=1))
    assert writer.flush(10)
    rows = catalog.events.impressions_of("main", ["q0", "q1", "q2"])
    assert [row.what.as_of for row in rows] == [0, 1, 1]
    found = catalog.events.features.of("main", ["q0", "q1", "q2"])
    assert [*found] == ["q1"]
    assert found["q1"].document_ids == ("a", "b")


def test_features_that_cannot_be_written_are_tried_again(
    catalog: Catalog, writer: ImpressionWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was shown is there once all the same."""
    log, tried = catalog.events, []
    keep = log.features.keep

    def failing(*arguments: Any) -> int:
        tried.append(arguments)
        if len(tried) == 1:
            raise CatalogError("full")
        return keep(*arguments)

    monkeypatch.setattr(log.features, "keep", failing)
    with logged():
        writer.add(answer(Query("red", "q1"), "a", features=features_of("a")))
        assert writer.flush(10)
    assert len(tried) == 2
    assert written(catalog) == ["q1"]
    assert [*log.features.of("main", ["q1"])] == ["q1"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_a_share_of_all_queries_is_sampled(share: float) -> None:
    """By their ids alone: the same ones always; who is sampled at a small share is at a larger."""
    ids = [new_query_id() for _ in range(2_000)]
    sampled = [query_id for query_id in ids if is_sampled(query_id, share)]
    assert abs(len(sampled) / len(ids) - share) < 0.06
    assert sampled == [query_id for query_id in ids if is_sampled(query_id, share)]
    assert all(is_sampled(query_id, share + 0.1) for query_id in sampled)


def test_how_many_wait_is_told(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever that changes; what is lost is told once, each."""
    monkeypatch.setattr("api.impressions.QUEUED", 2)
    noted = Noted()
    writer = ImpressionWriter(catalog, "main", meter=noted)
    for result in answers(3):
        writer.add(result)
    assert noted.told[:2] == [(1, 0), (2, 0)]
    assert (2, 1) in noted.told
    writer.close()
    writer.add(answers(1)[0])
    assert noted.told[-2:] == [(0, 0), (0, 1)]
