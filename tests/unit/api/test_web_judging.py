"""Judging over HTTP: what is sent, what is kept, and that nothing says who found what."""

from pathlib import Path
from typing import Any

import pytest

from api.wire_judging import (
    JudgingDocumentReply,
    JudgingDocumentsReply,
    JudgingQueriesReply,
    PoolsReply,
    RatingReply,
    UndoReply,
)
from relevance_eval.judging.desk import Desk
from tandem.errors import SearchUnavailable
from tests.pools import POOL
from tests.web_client import StandIn, client_of, error_of, fail_with

ANN = {"pool": "autumn", "rater": "ann"}
HERE = {**ANN, "query_id": "q1", "document_id": "a"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """One pool."""
    made = Desk(tmp_path)
    made.keep("autumn", POOL)
    return made


@pytest.fixture
def client(desk: Desk) -> Any:
    """Asks an application that has it."""
    return client_of(StandIn(judging=desk))


def test_a_rater_goes_through_a_query(client: Any) -> None:
    """Pools, queries, documents, a document, a rating, and back."""
    pools = PoolsReply.model_validate_json(client.get("/v1/judging/pools").content, strict=True)
    assert [(pool.name, pool.queries, pool.documents) for pool in pools.pools] == [("autumn", 2, 4)]
    assert [grade.grade for grade in pools.grades] == [0, 1, 2, 3]

    def rated() -> list[int]:
        reply = client.get("/v1/judging/queries", params=ANN)
        told = JudgingQueriesReply.model_validate_json(reply.content, strict=True)
        return [query.rated for query in told.queries]

    def documents() -> JudgingDocumentsReply:
        reply = client.get("/v1/judging/documents", params={**ANN, "query_id": "q1"})
        return JudgingDocumentsReply.model_validate_json(reply.content, strict=True)

    assert rated() == [0, 0]
    before = documents()
    assert sorted(each.document_id for each in before.documents) == ["a", "b", "c"]
    reply = client.post("/v1/judging/ratings", json={**HERE, "grade": 2})
    assert reply.json() == {"query_id": "q1", "document_id": "a", "grade": 2}
    RatingReply.model_validate_json(reply.content, strict=True)
    client.post("/v1/judging/ratings", json={**HERE, "document_id": "b", "grade": None})
    assert rated() == [2, 0]
    after = {each.document_id: (each.rated, each.grade) for each in documents().documents}
    assert after == {"a": (True, 2), "b": (True, None), "c": (False, None)}
    assert [each.document_id for each in documents().documents] == [
        each.document_id for each in before.documents
    ]
    undone = client.post("/v1/judging/undo", json=ANN)
    told = UndoReply.model_validate_json(undone.content, strict=True).undone
    assert told is not None
    assert (told.document_id, told.grade) == ("b", None)
    assert client.post("/v1/judging/undo", json={**ANN, "rater": "ben"}).json() == {"undone": None}
    assert rated() == [1, 0]


def test_a_document_is_told_as_it_is_now(client: Any) -> None:
    """One that is gone says so."""

    def told(document_id: str) -> JudgingDocumentReply:
        given = {"pool": "autumn", "query_id": "q1", "document_id": document_id}
        reply = client.get("/v1/judging/document", params=given)
        return JudgingDocumentReply.model_validate_json(reply.content)

    there = told("a")
    assert (there.title, there.body, there.gone) == ("Snow", "about snow", False)
    assert there.attributes == {"kind": "book", "tags": ["x", "y"]}
    assert told("b").model_dump() == {
        "document_id": "b", "gone": True, "title": None, "body": None, "attributes": None,
    }  # fmt: skip


def test_nothing_tells_who_found_what(client: Any) -> None:
    """No run's name, no rank and no score in any reply."""
    asked: tuple[tuple[str, dict[str, str]], ...] = (
        ("pools", {}),
        ("queries", ANN),
        ("documents", {**ANN, "query_id": "q1"}),
        ("document", {"pool": "autumn", "query_id": "q1", "document_id": "a"}),
    )
    for path, given in asked:
        text = client.get(f"/v1/judging/{path}", params=given).text
        assert "error" not in text
        for word in ("words", "rank", "score", "seed"):
            assert word not in text, (path, text)


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"pool": "winter"}, "pool_not_found", None),
        ({"pool": "../autumn"}, "pool_not_found", None),
        ({"query_id": "q9"}, "not_pooled", None),
        ({"document_id": "z"}, "not_pooled", None),
        ({"rater": " "}, "bad_parameter", "rater"),
        ({"rater": "x" * 513}, "bad_parameter", "rater"),
        ({"rater": 5}, "bad_parameter", "rater"),
        ({"grade": 4}, "bad_parameter", "grade"),
        ({"grade": -1}, "bad_parameter", "grade"),
        ({"grade": 1.5}, "bad_parameter", "grade"),
        ({"grade": "2"}, "bad_parameter", "grade"),
        ({"grade": True}, "bad_parameter", "grade"),
        ({"grades": 2}, "bad_parameter", "grades"),
    ],
)
def test_bad_ratings_are_refused(
    client: Any, desk: Desk, changed: dict[str, Any], code: str, field: str | None
) -> None:
    """By name, and nothing of them is kept."""
    error = error_of(client.post("/v1/judging/ratings", json={**HERE, "grade": 2, **changed}))
    assert (error["code"], error["field"]) == (code, field)
    assert desk.ratings("autumn") == {}


@pytest.mark.parametrize("name", ["pool", "rater", "query_id", "document_id", "grade"])
def test_what_is_missing_is_named(client: Any, name: str) -> None:
    """Also a grade: null is one, nothing is none."""
    body = {key: value for key, value in {**HERE, "grade": None}.items() if key != name}
    error = error_of(client.post("/v1/judging/ratings", json=body))
    assert (error["code"], error["message"]) == ("bad_parameter", f"{name}: must be given")


def test_another_site_rates_nothing(client: Any, desk: Desk) -> None:
    """Its readers' browsers say where they come from."""
    headers = {"sec-fetch-site": "cross-site"}
    for path, body in (("ratings", {**HERE, "grade": 2}), ("undo", ANN)):
        reply = client.post(f"/v1/judging/{path}", json=body, headers=headers)
        assert error_of(reply)["code"] == "cross_site"
    assert desk.ratings("autumn") == {}


def test_what_is_broken_is_told(client: Any, tmp_path: Path) -> None:
    """A file by its line, a full disk as what may pass, an engine as what cannot be read now."""
    (tmp_path / "autumn" / "ratings.jsonl").write_text("nothing\n")
    error = error_of(client.get("/v1/judging/queries", params=ANN))
    assert error["code"] == "pool_unreadable"
    assert "ratings.jsonl:1:" in error["message"]
    (tmp_path / "autumn" / "ratings.jsonl").unlink()
    (tmp_path / "autumn" / "ratings.jsonl").mkdir()
    reply = client.post("/v1/judging/ratings", json={**HERE, "grade": 2})
    assert error_of(reply)["code"] == "ratings_unavailable"
    assert reply.headers["retry-after"] == "1"
    down = fail_with(SearchUnavailable("the log is down"))
    down.judging = Desk(tmp_path)
    given = {"pool": "autumn", "query_id": "q1", "document_id": "a"}
    error = error_of(client_of(down).get("/v1/judging/document", params=given))
    assert error["code"] == "search_unavailable"
