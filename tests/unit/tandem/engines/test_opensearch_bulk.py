"""What becomes of each change in a bulk request, at a server that answers as it is told."""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pytest

from tandem.engines import opensearch_bulk
from tandem.engines.opensearch_bulk import BulkWriter, Write
from tandem.engines.opensearch_client import Overloaded, TooLarge
from tandem.errors import EngineError, EngineUnavailable

Answer = Callable[[list[str]], list[dict[str, Any]]]
"""The ids of a request -> an outcome each; it may raise."""

DONE = {"status": 201}
BUSY = {"status": 429, "error": {"type": "rejected_execution", "reason": "queue full"}}
BAD = {"status": 400, "error": {"type": "mapper_parsing_exception", "reason": "no number"}}


class FakeServer:
    """Answers by a function, and remembers what it was asked."""

    shown = "http://fake:1"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[list[str]] = []
        self.lock = threading.Lock()

    def ask(
        self,
        request: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        seconds: float,
    ) -> Any:
        """A bulk request's answer."""
        assert request == "POST /words/_bulk"
        assert params is not None
        assert params["require_alias"] == "true"
        assert 0 < seconds <= 60
        ids = [orjson.loads(line)["delete"]["_id"] for line in body.splitlines()]
        with self.lock:
            self.requests.append(ids)
            outcomes = self.answer(ids)
        items = [{"delete": outcome} for outcome in outcomes]
        return {"errors": any("error" in item for item in outcomes), "items": items}


def writes(count: int, size: int = 0) -> list[Write]:
    """So many writes, each of about ``size`` bytes."""
    return [
        Write(name, orjson.dumps({"delete": {"_id": name, "pad": "x" * size}}) + b"\n")
        for name in (f"d{number}" for number in range(count))
    ]


def written(server: FakeServer, given: Sequence[Write]) -> tuple[dict[str, str], list[float]]:
    """(refused id -> reason, the pauses made)."""
    pauses: list[float] = []
    writer = BulkWriter(server, "words", sleep=pauses.append)
    try:
        refused = writer.write(given)
    finally:
        writer.close()
    return {item.write.document_id: item.reason for item in refused}, pauses


def by_id(outcomes: Mapping[str, dict[str, Any]]) -> Answer:
    """The outcome of each id; what is not named is done."""
    return lambda ids: [outcomes.get(name, DONE) for name in ids]


def test_nothing_to_write_asks_nobody() -> None:
    """No request without a change."""
    server = FakeServer(by_id({}))
    assert written(server, []) == ({}, [])
    assert server.requests == []


def test_what_is_there_already_is_fine() -> None:
    """A newer version (409) and a delete of what is not there (404) are no failures."""
    conflict = {"type": "version_conflict_engine_exception", "reason": "newer"}
    outcomes: dict[str, dict[str, Any]] = {
        "d0": {"status": 409, "error": conflict},
        "d1": {"status": 404},
        "d2": BAD,
    }
    refused, pauses = written(FakeServer(by_id(outcomes)), writes(4))
    assert refused == {"d2": "mapper_parsing_exception: no number"}
    assert pauses == []


@pytest.mark.parametrize("status", [429, 503])
def test_only_what_was_rejected_is_sent_again(status: int) -> None:
    """The rejected items go again after a growing pause; refusals of each round are kept."""
    tries = iter([["d1", "d3"], ["d3"], []])

    def answer(ids: list[str]) -> list[dict[str, Any]]:
        busy = next(tries)
        kinds = {name: {**BUSY, "status": status} for name in busy}
        return by_id({**kinds, "d0": BAD, **({} if "d1" in busy else {"d1": BAD})})(ids)

    server = FakeServer(answer)
    refused, pauses = written(server, writes(4))
    assert server.requests == [["d0", "d1", "d2", "d3"], ["d1", "d3"], ["d3"]]
    assert refused.keys() == {"d0", "d1"}
    assert len(pauses) == 2
    assert 0.1 <= pauses[0] <= 0.2 <= pauses[1] <= 0.4


def test_a_rejected_request_is_sent_again() -> None:
    """The server may refuse the whole request for now."""
    tries = iter([Overloaded("busy"), None])

    def answer(ids: list[str]) -> list[dict[str, Any]]:
        if (error := next(tries)) is not None:
            raise error
        return by_id({})(ids)

    server = FakeServer(answer)
    assert written(server, writes(2))[0] == {}
    assert server.requests == [["d0", "d1"]] * 2


def test_patience_ends() -> None:
    """What stays rejected is ``EngineUnavailable``; the pauses are bounded."""
    server = FakeServer(by_id({"d1": BUSY}))
    pauses: list[float] = []
    writer = BulkWriter(server, "words", sleep=pauses.append)
    with pytest.raises(EngineUnavailable, match="queue full") as raised:
        writer.write(writes(3))
    writer.close()
    assert raised.value.hint
    assert len(server.requests) == opensearch_bulk.ATTEMPTS == len(pauses) + 1
    assert max(pauses) <= opensearch_bulk.LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"status": 404, "error": {"type": "index_not_found_exception", "reason": ""}}, "missing"),
        ({"status": 400, "error": {"type": "index_closed_exception", "reason": "shut"}}, "shut"),
        ({"status": 400, "error": {"type": "strict_dynamic_mapping_exception", "reason": "not "
          "allowed"}}, "not allowed"),
        ({"status": 400, "error": {"type": "illegal_argument_exception", "reason": "number of "
          "documents in the index cannot exceed 2147483519"}}, "cannot exceed"),
        ({"status": 400, "error": {"type": "illegal_argument_exception", "reason": "no write index "
          "is defined for alias [words]"}}, "no write index"),
        ({"status": 400, "error": {"type": "illegal_argument_exception", "reason": "pipeline with "
          "id [x] does not exist"}}, "pipeline"),
        ({"status": 403, "error": {"type": "cluster_block_exception", "reason": "full"}}, "full"),
        ({"status": 500, "error": {"type": "io_exception", "reason": "disk"}}, "disk"),
    ],
)  # fmt: skip
def test_what_is_no_documents_fault_is_an_error(outcome: dict[str, Any], said: str) -> None:
    """A missing, closed or blocked index must not make refusals of a whole collection."""
    with pytest.raises(EngineError, match=said):
        written(FakeServer(by_id({"d1": outcome})), writes(3))


def test_an_unreachable_server_is_not_asked_again() -> None:
    """A refused connection or a timeout is told at once: the follower has its own patience."""

    def answer(ids: list[str]) -> list[dict[str, Any]]:
        raise EngineUnavailable("gone")

    server = FakeServer(answer)
    with pytest.raises(EngineUnavailable, match="gone"):
        written(server, writes(2))
    assert len(server.requests) == 1


def test_a_request_too_large_is_halved() -> None:
    """Down to the one document that alone is too large: that is refused."""

    def answer(ids: list[str]) -> list[dict[str, Any]]:
        if len(ids) > 2 or "d5" in ids:
            raise TooLarge("too large")
        return by_id({})(ids)

    server = FakeServer(answer)
    refused, _ = written(server, writes(8))
    assert refused == {"d5": "too large"}
    assert {name for ids in server.requests if len(ids) <= 2 for name in ids} >= {
        f"d{n}" for n in range(8)
    }


def test_chunks_keep_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither too many changes nor too many bytes in one request; one that is large goes alone."""
    monkeypatch.setattr(opensearch_bulk, "CHUNK_CHANGES", 4)
    monkeypatch.setattr(opensearch_bulk, "CHUNK_BYTES", 1_000)
    server = FakeServer(by_id({}))
    given = [*writes(6, 200), Write("d99", writes(1, 5_000)[0].lines.replace(b"d0", b"d99"))]
    assert written(server, given)[0] == {}
    assert sorted(server.requests, key=lambda ids: int(re.sub(r"\D", "", ids[0]))) == [
        ["d0", "d1", "d2", "d3"], ["d4", "d5"], ["d99"],
    ]  # fmt: skip


def test_chunks_are_under_way_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests meet at the server, and a failure is raised when all have come back."""
    monkeypatch.setattr(opensearch_bulk, "CHUNK_CHANGES", 1)
    meeting = threading.Barrier(2, timeout=10)
    finished: list[str] = []

    class Meeting(FakeServer):
        def ask(self, request: str, body: Any = None, **keywords: Any) -> Any:
            meeting.wait()
            if b"d0" in body:
                raise EngineUnavailable("gone")
            answer = super().ask(request, body, **keywords)
            finished.append("d1")
            return answer

    with pytest.raises(EngineUnavailable, match="gone"):
        written(Meeting(by_id({})), writes(2))
    assert finished == ["d1"]
