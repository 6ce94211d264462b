"""Filters, long texts and applied batches, as they are sent to OpenSearch."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
import pytest

from tandem.analysis import ENGLISH
from tandem.engines import opensearch_queries as queries
from tandem.engines.neighbours import Pair
from tandem.engines.opensearch_client import Server
from tandem.engines.opensearch_index import OpenSearchIndex
from tandem.errors import EngineError, EngineUnavailable, FieldError
from tandem.fields import Field, FieldType
from tandem.lexical import Matching, Place
from tandem.queries import Sort
from tandem.schema import Schema
from tandem.scoring import MOST_PAIRS, LexicalScoring
from tandem.suggestions import Match
from tests.builders import deletion, document, filters, schema_of, upserts

EVERYTHING = LexicalScoring.of({"abstract": 2.0}, phrase=0.5, proximity=0.25)
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
        beside = queries.scored_words(schema, MOST_PAIRS)
        assert beside >= 1
        pairs = [Pair("a", "b", 1, "a b", "a b")] * MOST_PAIRS
        asked = queries.scored(queries.Text("a b", pairs=pairs), schema, EVERYTHING)
        together = [part for part in asked["bool"]["should"] if "match_phrase" in part]
        assert beside * (1 + len(schema.text_fields)) + len(together) <= 1_024 - 100


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
    """What a server found until its time was over would be a ranking, a total or a page by luck."""
    answer = {"timed_out": True, "hits": {"hits": []}}
    index = index_at(RecordingServer(answer))
    for ask in (
        lambda: index.search("zebra", limit=3, timeout_seconds=0.5),
        lambda: index.tally(Matching("zebra"), timeout_seconds=0.5),
        lambda: index.browse(Sort("year"), limit=3, timeout_seconds=0.5),
        lambda: index.words("zebra", timeout_seconds=0.5),
        lambda: index.resembling("zebra", limit=3, timeout_seconds=0.5),
    ):
        with pytest.raises(EngineUnavailable, match=r"within 0\.5 s"):
            ask()
    index.close()


def test_no_words_cost_no_request_where_none_is_needed() -> None:
    """Highlights, suggestions and spelling know it here."""
    server = RecordingServer()
    index = index_at(server)
    assert index.highlight("the !?", ["a"], timeout_seconds=1) == {}
    assert index.suggest("!?", limit=3, timeout_seconds=1) == []
    assert index.score("zebra", [], timeout_seconds=1) == {}
    assert index.words("the !?", timeout_seconds=1) == []
    assert index.resembling("zeb", limit=3, timeout_seconds=1) == []
    assert index.resembling("z3bra", limit=3, timeout_seconds=1) == []
    assert index.resembling("zebra" * 1_000, limit=3, timeout_seconds=1) == []
    index.close()
    assert server.bodies == []


def test_schemas_without_text_fields_of_their_own() -> None:
    """Title and body are always there."""
    query = queries.scored(queries.Text("zebra"), Schema())
    assert [*query["bool"]["must"][0]["match"]] == ["all_text"]
    parts = query["bool"]["should"][0]["dis_max"]["queries"]
    assert [next(iter(part["match"])) for part in parts] == ["title", "body"]


def test_a_scoring_is_boosts_and_phrases() -> None:
    """Of what is said nothing needs to match but a word."""
    pairs = [Pair("effect", "drug", 3, "effects of the drug", "effects drug")]
    text = queries.Text("effects of the drug", pairs=pairs)
    query = queries.scored(text, SCHEMA, EVERYTHING)
    (must,) = query["bool"]["must"]
    assert must == queries.any_word("all_text", text)
    best, phrase, near = query["bool"]["should"]
    boosts = {name: told["boost"] for part in best["dis_max"]["queries"]
              for name, told in part["match"].items()}  # fmt: skip
    assert boosts == {"title": 1.0, "body": 1.0, "text_abstract": 2.0}
    asked = {"query": "effects of the drug", "slop": 0, "boost": 0.5}
    assert phrase == {"match_phrase": {"all_text": asked}}
    asked = {"query": "effects drug", "slop": 6, "boost": 0.25}
    assert near == {"match_phrase": {"all_text": asked}}
    plain = queries.scored(queries.Text("effects of the drug"), SCHEMA)
    assert queries.scored(text, SCHEMA) == plain, "pairs count for nothing by default"


def test_a_single_wording_is_asked_for_as_it_is() -> None:
    """None finds nothing; several make a disjunction max without a share for the others."""
    assert queries.best_of(queries.Wordings(), SCHEMA) == {"match_none": {}}
    one, other = queries.Text("zebra"), queries.Text("horse")
    assert queries.best_of(queries.Wordings([one]), SCHEMA) == queries.scored(one, SCHEMA)
    rest = {"constant_score": {"filter": {"terms": {"all_text": ["mule"]}}, "boost": 0}}
    assert queries.best_of(queries.Wordings([one, other], ["mule"]), SCHEMA) == {
        "dis_max": {
            "queries": [queries.scored(one, SCHEMA), queries.scored(other, SCHEMA), rest],
            "tie_breaker": 0,
        }
    }


def scored_words(body: dict[str, Any]) -> list[int]:
    """How many words each wording of a search scores."""
    query = body["query"]
    each = query["dis_max"]["queries"] if "dis_max" in query else [query]
    texts = [part["bool"]["must"][0]["match"]["all_text"] for part in each if "bool" in part]
    return [len(text["query"].split()) for text in texts]


def clauses(query: Any) -> int:
    """How many leaves a query has, which is what Lucene counts."""
    if isinstance(query, list):
        return sum(map(clauses, query))
    kind, inside = next(iter(query.items()))
    if kind == "match":
        (match,) = inside.values()
        return max(1, len(match["query"].split()))
    if kind not in {"bool", "dis_max"}:
        return 1
    return sum(clauses(parts) for parts in inside.values() if isinstance(parts, list))


class FrequentWordsServer(RecordingServer):
    """Says of every word that one document holds it, and finds nothing."""

    def ask(self, request: str, body: Any = None, **keywords: Any) -> Any:
        """Frequencies, or no hits."""
        super().ask(request, body, **keywords)
        if not request.endswith("_mtermvectors"):
            return {"timed_out": False, "hits": {"hits": []}}
        texts = [item["doc"]["all_text"] for item in body["docs"]]
        terms = [{word: {"doc_freq": 1} for word in text.split()} for text in texts]
        return {"docs": [{"term_vectors": {"all_text": {"terms": told}}} for told in terms]}


@pytest.mark.parametrize(
    ("lengths", "kept"),
    [
        ([3, 4], [3, 4]),
        ([224], [224]),
        ([225], [224]),
        ([3, 500], [3, 221]),
        ([500, 100, 600], [74, 75, 75]),
        ([500, 50, 600], [50, 87, 87]),
        ([1] * 300, [1] * 224),
        ([2] * 400, [1] * 224),
    ],
)
def test_wordings_share_what_a_query_may_score(lengths: list[int], kept: list[int]) -> None:
    """Short ones are scored whole; the long ones' words are looked up in a single request."""
    server = FrequentWordsServer()
    index = index_at(server)
    texts = [
        " ".join(f"w{number}x{word}" for word in range(length))
        for number, length in enumerate(lengths)
    ]
    index.search(texts[0], variants=texts[1:], limit=3, timeout_seconds=1)
    index.close()
    assert queries.scored_words(SCHEMA) == 224
    assert sorted(scored_words(server.bodies[-1])) == sorted(kept)
    assert len(server.bodies) == (1 if lengths == kept else 2)
    assert clauses([server.bodies[-1]["query"]]) <= 900


def test_words_whose_frequency_cannot_be_told() -> None:
    """One of several answers may be an error: it is told, with the index."""
    missing = {"type": "index_not_found_exception", "reason": "no such index [words]"}
    index = index_at(RecordingServer({"docs": [{"error": missing}]}))
    with pytest.raises(EngineError, match=r"http://recording:1 .* in words: .*no such index"):
        index.search("zebra " * 1_000, limit=3, timeout_seconds=1)
    index.close()


def asked_for(matching: Matching) -> dict[str, Any]:
    """The query of a tally."""
    answer = {"timed_out": False, "hits": {"total": {"value": 7}}}
    server = RecordingServer(answer)
    index = index_at(server)
    assert index.tally(matching, timeout_seconds=1) == (7, {})
    index.close()
    (body,) = server.bodies
    assert (body["size"], body["track_total_hits"], body["aggs"]) == (0, True, {})
    query: dict[str, Any] = body["query"]["bool"]
    return query


def test_a_set_is_one_query() -> None:
    """What matches or is named, without the hidden; blank is all, and ``None`` is nothing."""
    named = {"terms": {"document_id": ["a"]}}
    both = queries.Wordings([queries.Text("horse"), queries.Text("zebra")])
    assert asked_for(Matching("horse", ["zebra"], also=["a"], without=["b"])) == {
        "filter": [{"bool": {"should": [*queries.matched(both), named]}}],
        "must_not": [{"terms": {"document_id": ["b"]}}],
    }
    assert asked_for(Matching(None, also=["a"]))["filter"] == [{"bool": {"should": [named]}}]
    assert asked_for(Matching(" ", ["horse"], also=["a"])) == {"filter": [], "must_not": []}
    assert asked_for(Matching(None))["filter"] == [{"match_none": {}}]


def test_more_ids_than_a_clause_may_name() -> None:
    """OpenSearch takes 65,536 in one."""
    many = [str(number) for number in range(70_000)]
    (chosen,) = asked_for(Matching(None, also=many))["filter"]
    named = [clause["terms"]["document_id"] for clause in chosen["bool"]["should"]]
    assert [name for names in named for name in names] == many
    assert max(map(len, named)) <= 65_536


@pytest.mark.parametrize(
    ("sort", "after", "order", "behind"),
    [
        (Sort(), None, [{"document_id": "asc"}], None),
        (Sort(), Place(None, "a"), [{"document_id": "asc"}], ["a"]),
        (Sort("year"), Place(3, "a"), ["asc"], [3, "a"]),
        (Sort("year"), Place(None, "a"), ["asc"], [2**63 - 1, "a"]),
        (Sort("year", is_descending=True), Place(None, "a"), ["desc"], [-(2**63), "a"]),
        (Sort("price"), Place(None, "a"), ["asc"], ["Infinity", "a"]),
        (Sort("price", is_descending=True), Place(None, "a"), ["desc"], ["-Infinity", "a"]),
    ],
)
def test_a_page_begins_behind_a_place(
    sort: Sort, after: Place | None, order: list[Any], behind: list[Any] | None
) -> None:
    """Documents without a value are sorted by what no value can be."""
    server = RecordingServer({"timed_out": False, "hits": {"hits": [{"sort": behind or ["x"]}]}})
    index = OpenSearchIndex(
        cast("Server", server), "words", schema_of(year="integer", price="float"), ENGLISH
    )
    page = index.browse(sort, after=after, limit=5, timeout_seconds=1)
    index.close()
    (body,) = server.bodies
    if sort.field is not None:
        by_value = {"order": order[0], "missing": "_last"}
        order = [{f"attribute_{sort.field}": by_value}, {"document_id": "asc"}]
    assert (body["size"], body["sort"], body.get("search_after")) == (5, order, behind)
    assert page == [after or Place(None, "x")]


def test_fields_that_do_not_fit_cost_no_request() -> None:
    """What cannot be sorted by, or counted, is refused before the server hears of it."""
    server = RecordingServer()
    index = index_at(server)
    with pytest.raises(FieldError, match="genre"):
        index.browse(Sort("genre"), limit=3, timeout_seconds=1)
    with pytest.raises(FieldError, match="abstract"):
        index.tally(Matching("zebra"), fields=["abstract"], timeout_seconds=1)
    index.close()
    assert server.bodies == []
