"""Pages on real engines while documents are written and deleted between them, for any collection,
query and sizes of pages: nothing repeats, nothing is skipped, and two workers agree.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.pipeline import SearchPipeline
from tandem.documents import Document
from tandem.queries import Query, Sort
from tandem.rankings import SearchResult
from tests.builders import schema_of
from tests.small_world import World

EXAMPLES = 25
SCHEMA = schema_of(kind="keyword", year="integer", price="float", at="datetime")
WORDS = ("snow", "rain", "sun", "wind", "fog", "hail")
IDS = tuple(f"d{number}" for number in range(24))

Worker = dict[str, SearchPipeline]
Workers = tuple[World, Worker, Worker]

TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from("ab"),
        "year": st.integers(1990, 1993),
        "price": st.sampled_from([-0.5, 0.0, 2.0, 1e300]),
        "at": st.sampled_from(["1969-07-20T20:17:40.000001Z", "2026-11-26T00:00:00Z"]),
    },
)


def documents(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    """Any that have a text."""
    return st.builds(Document, ids, st.just("") | TEXTS, TEXTS, ATTRIBUTES)


COLLECTIONS = st.lists(
    documents(st.sampled_from(IDS)), max_size=24, unique_by=lambda item: item.document_id
)
WRITES = st.lists(
    st.tuples(
        st.lists(documents(st.sampled_from((*IDS, "new1", "new2"))), max_size=2,
                 unique_by=lambda item: item.document_id),
        st.lists(st.sampled_from(IDS), max_size=3, unique=True),
    ),
    max_size=8,
)  # fmt: skip


class Walk(NamedTuple):
    """How somebody goes from page to page: the sizes in turn, and what is written and deleted
    before each of the next ones.
    """

    limits: list[int]
    writes: list[tuple[list[Document], list[str]]]

    def limit(self, page: int) -> int:
        """That of a page, the first one being 0."""
        return self.limits[page % len(self.limits)]


WALKS = st.builds(Walk, st.lists(st.integers(1, 9), min_size=1, max_size=4), WRITES)
FILTERS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"kind": "a"}, {"not": {"kind": "a"}}, {"year": {"gte": 1991}}]
)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """One collection, and two processes' worth of what searches it."""
    folder: Path = tmp_path_factory.mktemp("world")
    world = World(folder, SCHEMA)
    with world.worker() as one, world.worker() as other:
        yield world, one, other
    world.close()


def alike(one: SearchResult, other: SearchResult) -> bool:
    """Whether two workers answered the same."""

    def told(result: SearchResult) -> tuple[Any, ...]:
        return (result.page, result.documents, result.total, result.facets, result.highlights,
                result.cursor, result.reachable, result.degraded)  # fmt: skip

    return told(one) == told(other)


@given(
    COLLECTIONS,
    TEXTS,
    FILTERS,
    st.sampled_from(["lexical", "semantic", "rrf", "hybrid"]),
    WALKS,
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_pages_are_the_frozen_ranking(
    workers: Workers,
    held: list[Document],
    text: str,
    filters: dict[str, Any],
    configuration: str,
    walk: Walk,
) -> None:
    """Concatenated, with a gap where content went; total and facets are the same on each."""
    world, one, other = workers
    world.become(held)
    first = Query(text, filters=filters, facets=("kind", "year"), limit=walk.limit(0))
    whole = one[configuration].search(replace(first, limit=100))
    assert (whole.cursor, whole.degraded) == (None, ())
    page = one[configuration].search(first)
    hits, left, turn = [*page.page.hits], [*walk.writes], 1
    while page.cursor is not None:
        if left:
            world.write(*left.pop())
        query = Query("", cursor=page.cursor, limit=walk.limit(turn))
        page = other["hybrid"].search(query)
        assert alike(page, one["lexical"].search(query))
        ids = page.page.document_ids
        assert page.documents == {name: world.held[name] for name in ids if name in world.held}
        assert (page.total, page.facets) == (whole.total, whole.facets)
        assert (page.reachable, page.degraded) == (len(whole.page), ())
        assert page.unread == frozenset()
        hits, turn = [*hits, *page.page.hits], turn + 1
    assert hits == [*whole.page.hits]
    assert [hit.rank for hit in hits] == [*range(1, len(hits) + 1)]


SORTS = (None, "year", "price", "at")


def in_order(held: list[Document], sort: Sort) -> list[str]:
    """The ids as they must stand: equal values by id, without one last."""
    by_id = sorted(held, key=lambda document: document.document_id)
    if sort.field is None:
        return [document.document_id for document in by_id]
    name = sort.field

    def value(document: Document) -> Any:
        return document.attributes.get(name)

    there = [document for document in by_id if value(document) is not None]
    there.sort(key=value, reverse=sort.is_descending)
    missing = [document for document in by_id if value(document) is None]
    return [document.document_id for document in there + missing]


@given(
    COLLECTIONS,
    st.builds(Sort, st.sampled_from(SORTS), st.booleans()),
    FILTERS,
    WALKS,
)
@settings(max_examples=EXAMPLES, deadline=None)
def test_browsed_pages_repeat_and_skip_nothing_that_stays(
    workers: Workers,
    held: list[Document],
    sort: Sort,
    filters: dict[str, Any],
    walk: Walk,
) -> None:
    """What nobody writes meanwhile is seen once, in order; the total is that of the moment."""
    world, one, other = workers
    world.become(held)
    start = one["lexical"].search(Query("", filters=filters, sort=sort, limit=100))
    assert start.page.document_ids == tuple(
        name for name in in_order(held, sort) if name in start.documents
    )
    seen: list[str] = []
    touched: set[str] = set()
    left, turn, cursor = [*walk.writes], 0, None
    while turn == 0 or cursor is not None:
        query = Query("", filters=filters, sort=sort, limit=walk.limit(turn), cursor=cursor)
        page = one["lexical"].search(query)
        assert alike(page, other["hybrid"].search(query))
        assert not page.is_frozen
        assert [hit.rank for hit in page.page.hits] == [
            *range(len(seen) + 1, len(seen) + len(page.page) + 1)
        ]
        seen += page.page.document_ids
        now = one["lexical"].search(Query("", filters=filters, limit=100))
        assert page.total == len(now.page)
        turn, cursor = turn + 1, page.cursor
        if left:
            written, deleted = left.pop()
            world.write(written, deleted)
            touched |= {document.document_id for document in written} | {*deleted}
    stayed = [name for name in start.page.document_ids if name not in touched]
    assert [name for name in seen if name in {*stayed}] == stayed
