"""Freezing: what is kept comes back whole, and a cursor is of use to its own search alone."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from query.arranged import Arranged
from query.clock import Clock
from query.cursors import RankingCursor
from query.frozen import FrozenPages, Resumed
from query.frozen_content import VERSION, decoded, encoded
from query.retrieval import LegPools, search_pools
from tandem.errors import BadCursor, CatalogError, CursorExpired, QueryError, SearchUnavailable
from tandem.features import FeatureMatrix, FloatRows
from tandem.queries import Query, Sort
from tandem.rankings import Contribution, Correction, Degradation, Evidence, Hit, Ranking, Reason
from tests.frozen_store import MemoryStore

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SCORES = st.none() | NUMBERS
FLOATS = st.floats(width=32)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
EVIDENCE = st.builds(Evidence, NAMES, st.none() | st.integers(1, 1_000), SCORES, NUMBERS)
HITS = st.builds(
    Hit,
    NAMES,
    st.integers(1, 1_000),
    NUMBERS,
    st.lists(EVIDENCE, max_size=2).map(tuple),
    st.lists(st.builds(Contribution, NAMES, SCORES, NUMBERS), max_size=3).map(tuple),
)
ARRANGED = st.builds(
    Arranged,
    query=st.builds(
        Query,
        NAMES,
        query_id=NAMES,
        surface=st.sampled_from(["search", "similar"]),
        seed_document_id=st.none() | NAMES,
        filters=st.dictionaries(NAMES, st.lists(NAMES) | st.integers(-(2**53), 2**53), max_size=3),
        facets=st.lists(NAMES, max_size=3).map(tuple),
        user_id=st.none() | NAMES,
        client_id=st.none() | NAMES,
        session_id=st.none() | NAMES,
    ),
    configuration=NAMES,
    release=st.integers(1, 9),
    ranking=st.builds(Ranking, NAMES, st.lists(HITS, max_size=5).map(tuple)),
    legs=st.lists(NAMES, max_size=2).map(tuple),
    words=NAMES,
    variants=st.lists(NAMES, max_size=3).map(tuple),
    degraded=st.lists(st.builds(Degradation, NAMES, NAMES), max_size=3).map(tuple),
    total=st.none() | st.integers(0, 10**9),
    facets=st.none()
    | st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(0, 99), max_size=3), max_size=3),
    correction=st.none() | st.builds(Correction, NAMES, st.dictionaries(NAMES, NAMES, max_size=2)),
    notes=st.dictionaries(NAMES, st.lists(NAMES, max_size=2).map(tuple), max_size=3),
    applied=st.lists(NAMES, max_size=3).map(tuple),
    as_of=st.integers(0, 2**53),
)


@given(ARRANGED)
def test_what_is_frozen_comes_back(arranged: Arranged) -> None:
    """All of it, in the types that it had, values in the order of the facets."""
    read = decoded(encoded(arranged))
    assert replace(read, query=replace(read.query, issued_at=arranged.query.issued_at)) == arranged
    for name, values in (arranged.facets or {}).items():
        assert read.facets is not None
        assert [*read.facets[name].items()] == [*values.items()]


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=FLOATS))
def test_features_come_back_bit_by_bit(values: FloatRows) -> None:
    """NaN and infinity included, which JSON does not have; those of the first page were shown."""
    documents, names = (tuple(map(str, range(side))) for side in values.shape)
    features = FeatureMatrix(names, documents, values)
    ranking = Ranking("rrf", tuple(Hit(name, 1, 0.5) for name in documents))
    query = replace(FIRST.query, limit=1)
    first = replace(FIRST, query=query, ranking=ranking, features=features)
    read = decoded(encoded(first)).features
    assert read is not None
    assert (read.names, read.document_ids) == (names, documents[1:])
    assert read.values.tobytes() == values[1:].tobytes()


def test_another_version_wrote_it() -> None:
    """A rolling upgrade costs a page, with an error that says so."""
    content = orjson.loads(encoded(FIRST))
    with pytest.raises(CursorExpired, match="another version"):
        decoded(orjson.dumps({**content, "version": VERSION + 1}))


# --- later pages ---

FIRST = Arranged(
    query=Query(
        "some Words",
        filters={"kind": ["a"], "year": {"gte": 1}},
        facets=("kind", "year"),
        user_id="ann",
        client_id="phone",
        session_id="s1",
    ),
    configuration="rrf",
    release=7,
    ranking=Ranking.from_scores("rrf", [(f"d{number}", 1 / number) for number in range(1, 26)]),
    legs=("lexical", "vector"),
    words="some Words",
)


@pytest.fixture
def pools() -> Iterator[LegPools]:
    """As a collection has them."""
    opened = search_pools(2)
    yield opened
    opened.close()


def pages_of(store: MemoryStore, pools: LegPools, collection: str = "main") -> FrozenPages:
    """Those of generation 3."""
    return FrozenPages(lambda: store, pools, collection=collection, generation=3, seconds=900.0)


@pytest.fixture
def store() -> MemoryStore:
    """An empty one."""
    return MemoryStore()


@pytest.fixture
def pages(store: MemoryStore, pools: LegPools) -> FrozenPages:
    """Over the store."""
    return pages_of(store, pools)


@pytest.fixture
def cursor(pages: FrozenPages) -> str:
    """The second page of ten."""
    answers = pages.freeze(FIRST, Clock.start(10_000))()
    return RankingCursor(answers.by_leg["cursor"], 10).written()


def resumed(pages: FrozenPages, query: Query, configuration: str | None = None) -> Resumed | None:
    """Within ten seconds."""
    return pages.resume(query, configuration, Clock.start(10_000))


def test_what_is_kept_says_where_and_how_long(
    pages: FrozenPages, store: MemoryStore, cursor: str
) -> None:
    """Of which collection and generation it is."""
    (kept,) = store.kept.values()
    assert (kept.collection, kept.generation, kept.seconds) == ("main", 3, 900.0)
    assert decoded(kept.content).ranking == FIRST.ranking


def test_a_cursor_alone_asks_for_the_page(pages: FrozenPages, cursor: str) -> None:
    """The query is the first page's, under its query_id, with this page's limit and time."""
    asked = Query("", cursor=cursor, limit=7, budget_ms=50, session_id="s2", wants_highlights=False)
    found = resumed(pages, asked)
    assert found is not None
    assert (found.generation, found.cursor.offset) == (3, 10)
    assert found.arranged == replace(
        FIRST,
        query=replace(
            FIRST.query,
            cursor=cursor,
            limit=7,
            budget_ms=50,
            session_id="s2",
            wants_highlights=False,
            issued_at=asked.issued_at,
        ),
    )


def test_the_same_parameters_may_stand_beside_it(pages: FrozenPages, cursor: str) -> None:
    """White space and the order of a filter's entries make no difference."""
    query = Query(
        " some  Words ",
        filters={"year": {"gte": 1}, "kind": ["a"]},
        facets=("year", "kind"),
        user_id="ann",
        client_id="phone",
        cursor=cursor,
    )
    assert resumed(pages, query, "rrf") is not None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"text": "other"}, "q"),
        ({"filters": {"kind": ["b"]}}, "filter"),
        ({"facets": ("kind",)}, "facets"),
        ({"sort": Sort("year")}, "sort"),
        ({"user_id": "bob"}, "user_id"),
        ({"client_id": "x"}, "client_id"),
        ({"surface": "similar", "seed_document_id": "d1"}, "document"),
        ({"text": "other", "user_id": "bob"}, "q and user_id"),
    ],
)
def test_another_query_beside_it(
    pages: FrozenPages, cursor: str, changed: dict[str, Any], named: str
) -> None:
    """Is refused, and what differs is named."""
    query = replace(Query("", cursor=cursor), **changed)
    with pytest.raises(BadCursor, match=f"a search with another {named}$"):
        resumed(pages, query)


def test_another_key_beside_it(pages: FrozenPages, cursor: str, pools: LegPools) -> None:
    """Who may see something else gets no page of it, though they leave out all the rest; and the
    key's filter is kept with the order.
    """
    with pytest.raises(BadCursor, match=r"a search with another key$"):
        resumed(pages, Query("", cursor=cursor, forced={"kind": "b"}))
    own = replace(FIRST, query=replace(FIRST.query, forced={"kind": "b"}))
    ranking_id = pages.freeze(own, Clock.start(10_000))().by_leg["cursor"]
    second = RankingCursor(ranking_id, 10).written()
    found = resumed(pages, Query("", cursor=second, forced={"kind": "b"}))
    assert found is not None
    assert found.arranged.query.forced == {"kind": "b"}
    with pytest.raises(BadCursor, match=r"a search with another key$"):
        resumed(pages, Query("", cursor=second))


def test_another_configuration_beside_it(pages: FrozenPages, cursor: str) -> None:
    """As another text."""
    with pytest.raises(BadCursor, match=r"another configuration$"):
        resumed(pages, Query("", cursor=cursor), "lexical")


@pytest.mark.parametrize("query", [Query("", limit=0), Query("x" * 5_000), Query("", user_id=" ")])
def test_bad_queries_beside_it(pages: FrozenPages, cursor: str, query: Query) -> None:
    """The limits of a query hold for every page."""
    with pytest.raises(QueryError) as raised:
        resumed(pages, replace(query, cursor=cursor))
    assert raised.value.code == "bad_query"


def test_a_ranking_that_is_not_kept(
    pages: FrozenPages, store: MemoryStore, pools: LegPools, cursor: str
) -> None:
    """Never was, not any more, or one of another collection: nobody learns which."""
    strange = Query("", cursor=RankingCursor("0" * 32, 10).written())
    elsewhere = pages_of(store, pools, collection="other")
    for where, query in ((pages, strange), (elsewhere, Query("", cursor=cursor))):
        with pytest.raises(CursorExpired, match="not kept any more") as raised:
            resumed(where, query)
        assert raised.value.hint == "ask for the first page again"
    store.kept.clear()
    with pytest.raises(CursorExpired):
        resumed(pages, Query("", cursor=cursor))


@pytest.mark.parametrize("offset", [25, 26, 2**32 - 1])
@pytest.mark.usefixtures("cursor")
def test_there_is_nothing_behind_the_end(
    pages: FrozenPages, store: MemoryStore, offset: int
) -> None:
    """No reply has given such a cursor."""
    (ranking_id,) = store.kept
    with pytest.raises(BadCursor, match="no page behind the last one"):
        resumed(pages, Query("", cursor=RankingCursor(ranking_id, offset).written()))


def raising() -> None:
    """In the place of a store."""
    raise CatalogError("down")


@pytest.mark.parametrize(
    ("trouble", "reason"), [(raising, "error"), (lambda: time.sleep(0.5), "timeout")]
)
def test_a_store_in_trouble(
    pages: FrozenPages,
    store: MemoryStore,
    cursor: str,
    trouble: Callable[[], None],
    reason: Reason,
) -> None:
    """Freezing says so in time; who asks for the next page may ask again."""
    store.before = trouble
    answers = pages.freeze(FIRST, Clock.start(100))()
    assert answers.degraded == (Degradation("cursor", reason),)
    with pytest.raises(SearchUnavailable, match=f"the page's order: {reason}") as raised:
        pages.resume(Query("", cursor=cursor), None, Clock.start(100))
    assert "the same cursor" in raised.value.hint


def test_what_is_no_later_page(pages: FrozenPages) -> None:
    """First pages, and those of browsing."""
    assert resumed(pages, Query("x")) is None
    assert resumed(pages, Query("", cursor="b.x")) is None
