"""Filters, long texts and applied batches, as they are sent to OpenSearch."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
import pytest

from tandem.analysis import ENGLISH
from tandem.engines import opensearch_queries as queries
from tandem.engines.opensearch_client import Server
from tandem.engines.opensearch_index import OpenSearchIndex
from tandem.errors import EngineUnavailable
from tandem.fields import Field, FieldType
from tandem.schema import Schema
from tandem.suggestions import Match
from tests.builders import deletion, document, filters, schema_of, upserts

SCHEMA = schema_of(genre="keyword", year="integer", abstract="text")


def test_each_bound_is_a_clause() -> None:
    """OpenSearch keeps one of ``gt`` and ``gte`` of a range, without a word."""
    (clause,) = queries.filter_clauses(filters(SCHEMA, {"year": {"gt": 1, "gte": 0, "lt": 9}}))
    bounds = [part["range"]["attribute_year"] for part in clause["bool"]["filter"]]
    assert bounds == [{"gt": 1}, {"gte": 0}, {"lt": 9}]


def test_filters_add_nothing_to_scores() -> None:
    """They stand beside the query, not in it; without one nothing is put around it."""
    query: dict[str, Any] = {"match_all": {}}
    assert queries.filtered(query, []) is query
    clauses = queries.filter_clauses(filters(SCHEMA, {"not": {"genre": ["a", "b"]}}))
    assert queries.filtered(query, clauses) == {
        "bool": {
            "must": [query],
            "filter": [
                {"bool": {"must_not": [{"bool": {"filter": [
                    {"terms": {"attribute_genre": ["a", "b"]}}
                ]}}]}}
            ],
        }
    }  # fmt: skip


def test_the_clauses_of_a_long_text_stay_within_lucenes_limit() -> None:
    """However many fields: words times clauses a word, and some left for filters."""
    for fields in (0, 1, 10, 100):
        schema = Schema.of(Field(f"t{number}", FieldType.TEXT) for number in range(fields))
        most = queries.scored_words(schema)
        assert most >= 1
        assert most * (1 + len(schema.text_fields)) <= 1_024 - 100
        assert not queries.is_long(" ".join(["a"] * most), schema)
        assert queries.is_long("a " * (most + 1), schema)


def test_only_misspelt_words_of_four_letters_are_looked_up_nearby() -> None:
    """Short words stand as typed; the last word may be unfinished."""
    exact = queries.titles_body(["oz", "data"], Match.HOLDING, (), 9)["query"]["bool"]["filter"]
    assert exact == [
        {"term": {"title_words": "oz"}},
        {"prefix": {"title_words": {"value": "data"}}},
    ]
    near = queries.titles_body(["data", "oz"], Match.MISSPELT, (), 9)["query"]["bool"]["filter"]
    assert "fuzzy" in near[0]
    assert near[1] == {"prefix": {"title_words": {"value": "oz"}}}


class RecordingServer:
    """Takes every write, and remembers it."""

    shown = "http://recording:1"

    def __init__(self, answer: Mapping[str, Any] | None = None) -> None:
        self.answer = answer or {"errors": False}
        self.bodies: list[Any] = []

    def ask(self, request: str, body: Any = None, **_: Any) -> Any:
        """The prepared answer."""
        self.bodies.append(body)
        return self.answer

    def actions(self) -> list[tuple[str, str, int]]:
        """(kind, id, version) of every action sent."""
        lines = [orjson.loads(line) for body in self.bodies for line in body.splitlines()]
        return [
            (kind, line[kind]["_id"], line[kind]["version"])
            for line in lines
            for kind in ("index", "delete")
            if kind in line
        ]


def index_at(server: RecordingServer) -> OpenSearchIndex:
    """An index that asks the fake."""
    return OpenSearchIndex(cast("Server", server), "words", SCHEMA, ENGLISH)


def test_only_the_newest_change_of_a_document_is_sent() -> None:
    """Chunks are under way together, so a batch must not hold a document twice."""
    server = RecordingServer()
    index = index_at(server)
    changes = [
        *upserts([document("a", "one"), document("b", "one"), document("a", "two")]),
        deletion(4, "b"),
    ]
    assert index.apply(changes) == []
    index.close()
    assert sorted(server.actions()) == [("delete", "b", 4), ("index", "a", 3)]


def test_what_does_not_fit_is_deleted_at_its_sequence() -> None:
    """An older version must not stay and pass for the newest."""
    server = RecordingServer()
    index = index_at(server)
    refusals = index.apply(upserts([document("a", year="x"), document("b", "\ud800")], 7))
    index.close()
    assert [refusal.document_id for refusal in refusals] == ["a", "b"]
    assert "whole number" in refusals[0].reason
    assert server.actions() == [("delete", "a", 7), ("delete", "b", 8)]


def test_an_empty_batch_asks_nothing() -> None:
    """No request."""
    server = RecordingServer()
    index = index_at(server)
    assert index.apply([]) == []
    index.close()
    assert server.bodies == []


def test_an_answer_cut_short_is_no_answer() -> None:
    """What a server found until its time was over would be a ranking by luck."""
    answer = {"timed_out": True, "hits": {"hits": []}}
    index = index_at(RecordingServer(answer))
    with pytest.raises(EngineUnavailable, match=r"within 0\.5 s"):
        index.search("zebra", limit=3, timeout_seconds=0.5)
    index.close()


def test_no_words_cost_no_request_where_none_is_needed() -> None:
    """Highlights and suggestions know it here."""
    server = RecordingServer()
    index = index_at(server)
    assert index.highlight("the !?", ["a"], timeout_seconds=1) == {}
    assert index.suggest("!?", limit=3, timeout_seconds=1) == []
    assert index.score("zebra", [], timeout_seconds=1) == {}
    assert index.facets("zebra", fields=[], timeout_seconds=1) == {}
    index.close()
    assert server.bodies == []


def test_schemas_without_text_fields_of_their_own() -> None:
    """Title and body are always there."""
    query = queries.scored(queries.Text("zebra"), Schema())
    assert [*query["bool"]["must"][0]["match"]] == ["all_text"]
    parts = query["bool"]["should"][0]["dis_max"]["queries"]
    assert [next(iter(part["match"])) for part in parts] == ["title", "body"]
