"""What only a server can do: shards, other people's indexes, and points in time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tandem.analysis import ENGLISH, PLAIN
from tandem.documents import Document
from tandem.engines.opensearch_client import Server
from tandem.engines.opensearch_index import OpenSearchIndex
from tandem.engines.opensearch_store import OpenSearchStore
from tandem.errors import EngineError, SettingsError
from tandem.fields import Field, FieldType
from tandem.filters import MAXIMUM_CONDITIONS, parse_filters
from tandem.lexical import Matching, Place, Tally
from tandem.queries import Sort
from tandem.schema import Schema
from tests.builders import deletion, document, schema_of, upserts
from tests.contracts.lexical_base import TIMEOUT, found, held, search, write
from tests.contracts.opensearch_stores import emptied, namespace_of, server, store_for

SCHEMA = Schema()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OpenSearchStore]:
    """A store without an index."""
    opened = store_for(tmp_path)
    yield opened
    emptied(opened)


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """What the names of the store's indexes begin with."""
    return f"tandem-{namespace_of(tmp_path)}"


@pytest.fixture
def asked() -> Iterator[Server]:
    """The server itself."""
    opened = server()
    yield opened
    opened.close()


def indexes(asked: Server, prefix: str) -> set[str]:
    """The names of the indexes that begin so."""
    return set(asked.ask(f"GET /{prefix}*", seconds=10))


# --- long texts, ties, shards ---


def test_more_words_than_a_query_may_score(store: OpenSearchStore) -> None:
    """Every word matches; the rare ones are scored; ``score`` tells what ``search`` does."""
    index = store.create("long", "1", SCHEMA, ENGLISH)
    words = [f"w{number:04}" for number in range(1_900)]
    common = [document(f"c{number}", " ".join(words[:1_000])) for number in range(3)]
    single = [document(f"s{number}", words[number]) for number in range(0, 1_900, 100)]
    rare = document("rare", "w1899 w1898 w1897")
    write(index, upserts([*common, *single, rare, document("other", "zebra")]))
    text = " ".join(words)
    ranking = search(index, text)
    assert set(ranking.document_ids) == {item.document_id for item in [*common, *single, rare]}
    scores = ranking.scores()
    assert all(scores["rare"] > scores[item.document_id] for item in single)
    everything = [*ranking.document_ids, "other"]
    assert index.score(text, everything, timeout_seconds=TIMEOUT) == scores
    assert index.highlight(text, ["rare"], timeout_seconds=TIMEOUT).keys() == {"rare"}
    assert found(index, "the " * 1_000) == set()
    index.close()


@pytest.mark.parametrize("kind", [FieldType.INTEGER, FieldType.KEYWORD])
def test_the_longest_text_under_the_longest_filter(store: OpenSearchStore, kind: FieldType) -> None:
    """Both together are not more clauses than OpenSearch takes."""
    names = [f"f{number:02}" for number in range(MAXIMUM_CONDITIONS)]
    schema = Schema.of([Field(name, kind) for name in names])
    index = store.create("bounded", "1", schema, ENGLISH)
    value: Any = 5 if kind is FieldType.INTEGER else "v"
    write(index, upserts([Document("a", "", "w0001", dict.fromkeys(names, value))]))
    asked: Any = {"gte": 5} if kind is FieldType.INTEGER else ["v", "w"]
    filters = parse_filters(dict.fromkeys(names, asked), schema)
    text = " ".join(f"w{number:04}" for number in range(1_900))
    ranking = index.search(text, filters=filters, limit=5, timeout_seconds=TIMEOUT)
    assert ranking.document_ids == ("a",)
    index.close()


def test_several_shards_answer_as_one(tmp_path: Path) -> None:
    """Scores compare across shards, ties are cut by id, and every version is read."""
    store = store_for(tmp_path, shards=3)
    index = store.create("spread", "1", SCHEMA, ENGLISH)
    equal = [
        document(f"d{number:02}", "zebra horse", title=f"t{number % 9}") for number in range(60)
    ]
    write(index, upserts([*equal, document("best", "zebra zebra")]))
    expected = ["best", *(f"d{number:02}" for number in range(60))]
    for limit in (1, 7, 60, 61, 100):
        assert list(search(index, "zebra", limit).document_ids) == expected[:limit]
    assert (
        index.score("zebra", expected, timeout_seconds=TIMEOUT) == search(index, "zebra").scores()
    )
    assert held(index) == {**{f"d{n:02}": n + 1 for n in range(60)}, "best": 61}
    assert index.suggest("t", limit=20, timeout_seconds=TIMEOUT) == [f"t{n}" for n in range(9)]
    index.close()
    emptied(store)


def test_several_shards_count_list_and_spell_as_one(tmp_path: Path) -> None:
    """Totals, values, pages and words are those of all shards together, whoever holds them."""
    store = store_for(tmp_path, shards=3)
    index = store.create("spread", "1", schema_of(year="integer"), ENGLISH)
    words = ("zebro", "zebra")
    sent = [document(f"d{n:02}", words[n % 2], year=n // 4) for n in range(60)]
    write(index, upserts([*sent, document("one", "giraffe")]))
    write(index, [deletion(62, "d01")])
    matching = Matching("zebra", ["giraffe"], also=["d00", "d01"], without=["d03"])
    counted = index.tally(matching, fields=["year"], limit=3, timeout_seconds=TIMEOUT)
    assert counted == Tally(30, {"year": {"1": 2, "2": 2, "3": 2}})
    held = [n for n in range(60) if n != 1]
    expected = [*(Place(n // 4, f"d{n:02}") for n in held), Place(None, "one")]
    places: list[Place] = []
    while len(places) < len(expected):
        after = places[-1] if places else None
        places += index.browse(Sort("year"), after=after, limit=7, timeout_seconds=TIMEOUT)
    assert places == expected
    told = index.words("giraffe zebra zebro none", timeout_seconds=TIMEOUT)
    assert [word.documents for word in told] == [1, 29, 30, 0]
    assert index.resembling("zebre", limit=3, timeout_seconds=TIMEOUT) == ["zebro", "zebra"]
    assert index.resembling("girafe", limit=3, timeout_seconds=TIMEOUT) == ["giraffe"]
    index.close()
    emptied(store)


def test_more_wordings_than_a_query_may_score(store: OpenSearchStore) -> None:
    """However many and long they are: all match, and ``score`` tells what ``search`` does."""
    schema = Schema.of(Field(f"part{number}", FieldType.TEXT) for number in range(20))
    index = store.create("wordings", "1", schema, ENGLISH)
    names = [f"w{number}" for number in range(90)]
    write(index, upserts([*(document(name, name) for name in names), document("other", "x")]))
    variants = [*names[1:60], " ".join(names[60:])]
    ranking = search(index, names[0], variants=variants)
    assert set(ranking.document_ids) == set(names)
    everything = [*names, "other"]
    scores = index.score(names[0], everything, variants=variants, timeout_seconds=TIMEOUT)
    assert scores == ranking.scores()
    total = index.tally(Matching(names[0], variants), timeout_seconds=TIMEOUT).total
    assert total == len(names)
    index.close()


def test_ids_of_any_length(store: OpenSearchStore) -> None:
    """OpenSearch's own ids have 512 bytes at most; ours only what a keyword may have."""
    index = store.create("ids", "1", SCHEMA, ENGLISH)
    names = ["x" * 512, "x" * 513, "ü" * 256, "ü" * 257, "tandem-hash:1", "a/b?c#d"]
    assert not write(index, upserts(document(name, "zebra") for name in names))
    assert found(index, "zebra") == set(names)
    assert set(index.documents(names)) == set(names)
    index.close()


def test_what_the_server_refuses_is_refused_and_removed(
    store: OpenSearchStore, asked: Server, prefix: str
) -> None:
    """A document that OpenSearch cannot take is told, and its older version does not stay."""
    index = store.create("refusing", "1", SCHEMA, ENGLISH)
    write(index, upserts([document("a", "zebra"), document("b", "zebra")]))
    asked.ask(
        f"PUT /{prefix}-refusing/_settings",
        {"index.mapping.field_name_length.limit": 50, "index.default_pipeline": "_none"},
        seconds=10,
    )
    endless = document("e" * 40_000, "zebra")
    refusals = write(index, upserts([endless, document("c", "zebra")], 3))
    assert [item.document_id for item in refusals] == [endless.document_id]
    assert "immense term" in refusals[0].reason or "32766" in refusals[0].reason
    assert held(index) == {"a": 1, "b": 2, "c": 4}
    index.close()


def test_shards_and_replicas_are_as_the_settings_say(
    tmp_path: Path, asked: Server, prefix: str
) -> None:
    """A replica more than there are nodes: the index works, and health says that it is missing."""
    store = store_for(tmp_path, shards=2, replicas=1)
    store.create("words", "1", SCHEMA, ENGLISH).close()
    told = asked.ask(f"GET /{prefix}-words-1/_settings", seconds=10)[f"{prefix}-words-1"]
    index = told["settings"]["index"]
    assert (index["number_of_shards"], index["number_of_replicas"]) == ("2", "1")
    assert store.health().state == "degraded"
    emptied(store)


# --- other people's indexes, and what a crash leaves ---


def test_names_that_begin_alike_are_told_apart(store: OpenSearchStore) -> None:
    """Dropping or creating "a" leaves "a-b" alone."""
    for name in ("a", "a-b", "a-b-c"):
        store.create(name, "1", SCHEMA, ENGLISH).close()
    store.create("a", "2", SCHEMA, ENGLISH).close()
    assert store.names() == ["a", "a-b", "a-b-c"]
    assert [store.identity(name) for name in ("a", "a-b", "a-b-c")] == ["2", "1", "1"]
    store.drop("a")
    assert store.names() == ["a-b", "a-b-c"]


def test_a_create_that_did_not_finish_is_cleaned_up(
    store: OpenSearchStore, asked: Server, prefix: str
) -> None:
    """An index without the alias is none, but has a name, so that it can be swept; the next
    ``create`` and ``drop`` remove it.
    """
    for replacing in (True, False):
        store.create("words", "2", SCHEMA, ENGLISH).close()
        actions = [{"remove": {"index": f"{prefix}-words-2", "alias": f"{prefix}-words"}}]
        asked.ask("POST /_aliases", {"actions": actions}, seconds=10)
        assert store.names() == ["words"]
        assert store.identity("words") is None
        if replacing:
            store.create("words", "3", SCHEMA, ENGLISH).close()
        else:
            store.drop("words")
        assert f"{prefix}-words-2" not in indexes(asked, prefix)


def test_a_vanished_index_is_not_made_up(
    store: OpenSearchStore, asked: Server, prefix: str
) -> None:
    """Writing to, reading and refreshing what is gone are errors, and nothing appears."""
    index = store.create("gone", "1", SCHEMA, ENGLISH)
    asked.ask(f"DELETE /{prefix}-gone-1", seconds=10)
    for act in (
        lambda: index.apply(upserts([document("a", "zebra")])),
        index.refresh,
        index.count,
        lambda: list(index.versions()),
        lambda: index.documents(["a"]),
        lambda: search(index, "zebra"),
        lambda: search(index, "zebra " * 1_000),
        lambda: index.tally(Matching("zebra"), timeout_seconds=TIMEOUT),
        lambda: index.browse(Sort(), limit=3, timeout_seconds=TIMEOUT),
        lambda: index.words("zebra", timeout_seconds=TIMEOUT),
        lambda: index.resembling("zebra", limit=3, timeout_seconds=TIMEOUT),
    ):
        with pytest.raises(EngineError, match=r"missing|no such index"):
            act()
    assert indexes(asked, prefix) == set()
    assert store.identity("gone") is None
    assert store.bytes_on_disk("gone") is None
    index.close()


def test_an_index_in_the_place_of_the_alias_gives_way(
    store: OpenSearchStore, asked: Server, prefix: str
) -> None:
    """Where somebody let OpenSearch make one up under our name, ``create`` replaces it."""
    asked.ask(f"PUT /{prefix}-words", {}, seconds=10)
    assert store.names() == []
    assert store.identity("words") is None
    store.create("words", "1", SCHEMA, ENGLISH).close()
    assert indexes(asked, prefix) == {f"{prefix}-words-1"}


def test_an_alias_for_people(store: OpenSearchStore, asked: Server, prefix: str) -> None:
    """It leads to one index at a time; one that leads to a stranger's index is left alone."""
    alias = f"{prefix}.shop"
    for name in ("one", "two"):
        write(store.create(name, "1", SCHEMA, ENGLISH), upserts([document(name, "zebra")]))
        store.publish(alias, name)
        answer = asked.ask(f"GET /{alias}/_search", seconds=10)
        assert [hit["_id"] for hit in answer["hits"]["hits"]] == [name]
        with pytest.raises(EngineError, match="no write index"):
            asked.ask(f"PUT /{alias}/_doc/b", {"document_id": "b"}, seconds=10)
    stranger = f"stranger-{prefix}"
    asked.ask(f"PUT /{stranger}", {"aliases": {f"{alias}s": {}}}, seconds=10)
    try:
        with pytest.raises(EngineError, match=stranger):
            store.publish(f"{alias}s", "one")
    finally:
        asked.ask(f"DELETE /{stranger}", seconds=10)
    with pytest.raises(EngineError, match="three"):
        store.publish(alias, "three")


def test_another_analysis_is_not_opened(store: OpenSearchStore) -> None:
    """An index is not searched with a chain that it was not built with."""
    store.create("words", "1", SCHEMA, ENGLISH).close()
    with pytest.raises(EngineError, match=r"-words-1 at .* 'english-1', .* 'plain-1'") as raised:
        store.open("words", SCHEMA, PLAIN)
    assert "tandem reindex" in raised.value.hint


def test_another_format_is_not_opened(
    store: OpenSearchStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index whose mapping a newer Tandem does not fill is told, with what to do."""
    store.create("words", "1", SCHEMA, ENGLISH).close()
    monkeypatch.setattr("tandem.engines.opensearch_store.FORMAT", 9)
    with pytest.raises(EngineError, match=r"-words-1 at .* has format 3, .* reads 9") as raised:
        store.open("words", SCHEMA, ENGLISH)
    assert "tandem reindex" in raised.value.hint


def test_what_is_the_fault_of_the_index_removes_nothing(
    store: OpenSearchStore, asked: Server, prefix: str
) -> None:
    """A mapping without a field, no write index, no pipeline: errors, and nobody's version goes."""
    index = store.create("words", "1", schema_of(year="integer"), ENGLISH)
    write(index, upserts([document("a", "zebra", year=1)]))
    other = OpenSearchIndex(asked, f"{prefix}-words", schema_of(genre="keyword"), ENGLISH)
    with pytest.raises(EngineError, match="strict_dynamic_mapping"):
        other.apply(upserts([document("a", "zebra", genre="x")], 5))
    settings = f"PUT /{prefix}-words/_settings"
    asked.ask(settings, {"index.default_pipeline": "nowhere"}, seconds=10)
    with pytest.raises(EngineError, match="pipeline"):
        index.apply(upserts([document("a", "horse", year=1)], 6))
    asked.ask(settings, {"index.default_pipeline": "_none"}, seconds=10)
    asked.ask(f"PUT /{prefix}-second", {"aliases": {f"{prefix}-words": {}}}, seconds=10)
    with pytest.raises(EngineError, match="no write index"):
        other.apply(upserts([document("a", "horse")], 7))
    asked.ask(f"DELETE /{prefix}-second", seconds=10)
    other.refresh()
    assert held(other) == {"a": 1}
    other.close()
    index.close()


@pytest.mark.parametrize("namespace", ["", "Upper", "a b", "-a", "a*", "a,b", "x" * 64])
def test_namespaces_that_cannot_be(namespace: str) -> None:
    """A namespace becomes part of an index's name."""
    with pytest.raises(SettingsError, match="namespace"):
        OpenSearchStore("opensearch+http://localhost", namespace=namespace)


def test_room_and_health(store: OpenSearchStore) -> None:
    """The server tells its version, and how much an index takes."""
    index = store.create("words", "1", SCHEMA, ENGLISH)
    write(index, upserts([document("a", "zebra")]))
    assert (store.bytes_on_disk("words") or 0) > 0
    health = store.health()
    assert (health.engine, health.state) == ("opensearch", "ok")
    assert int(health.version.split(".")[0]) >= 2
    index.close()


def test_health_of_nobody() -> None:
    """An unreachable server is told, not raised."""
    nobody = OpenSearchStore("opensearch+http://me:secret@127.0.0.1:9", namespace="x")
    health = nobody.health()
    assert (health.state, health.version) == ("unreachable", "")
    assert "secret" not in health.detail
    nobody.close()


# --- points in time ---


def points_in_time(asked: Server, prefix: str) -> int:
    """How many readings are open in the namespace's indexes."""
    answer = asked.ask(f"GET /{prefix}*/_stats/search", seconds=10)
    return int(answer["_all"]["total"]["search"]["point_in_time_current"])


def test_no_point_in_time_stays_open(
    store: OpenSearchStore, asked: Server, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither after reading to the end, nor when the reader leaves, nor when a page fails."""
    monkeypatch.setattr("tandem.engines.opensearch_index.VERSIONS_AT_ONCE", 2)
    index = store.create("words", "1", SCHEMA, ENGLISH)
    write(index, upserts(document(f"d{number}", "zebra") for number in range(7)))
    assert len(list(index.versions())) == 7
    assert points_in_time(asked, prefix) == 0
    reading: Any = index.versions()
    next(reading)
    assert points_in_time(asked, prefix) == 1
    reading.close()
    assert points_in_time(asked, prefix) == 0
    reading = index.versions()
    next(reading), next(reading)
    asked.ask(f"PUT /{prefix}-words/_settings", {"index.max_result_window": 1}, seconds=10)
    with pytest.raises(EngineError, match="esult window"):
        list(reading)
    assert points_in_time(asked, prefix) == 0
    index.close()
