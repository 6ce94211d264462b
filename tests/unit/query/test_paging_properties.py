"""Pages on real engines while documents are written, deleted and hidden and another generation goes
live between them, for any collection, query and sizes of pages: nothing repeats, nothing is
skipped, two workers agree, and counts are what counting by hand gives.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.rules import Rule, Rules
from tandem.documents import Document
from tandem.queries import Query, Sort
from tandem.rankings import SearchResult
from tests.paging_walks import (
    FACETS,
    FILTERS,
    SCHEMA,
    TYPED,
    WALKS,
    Walk,
    collections,
    facets,
    found,
)
from tests.small_world import Worker, World

EXAMPLES = 40
COLLECTIONS = collections()

Workers = tuple[World, Worker, Worker]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """One collection, and two processes' worth of what searches it."""
    folder: Path = tmp_path_factory.mktemp("world")
    world = World(folder, SCHEMA)
    with world.worker() as one, world.worker() as other:
        yield world, one, other
    world.close()


def told(result: SearchResult) -> tuple[Any, ...]:
    """What two workers must answer alike."""
    return (result.page, result.documents, result.total, result.facets, result.highlights,
            result.cursor, result.reachable, result.degraded, result.release,
            result.correction)  # fmt: skip


def check_walk(workers: Workers, first: Query, configuration: str, walk: Walk) -> None:
    """Go through all pages: concatenated they are the whole ranking, with a gap where content went;
    total and facets stay.
    """
    world, one, other = workers
    whole = one[configuration].search(replace(first, limit=100))
    assert (whole.cursor, whole.degraded) == (None, ())
    page = one[configuration].search(first)
    hits, steps, turn, hidden = [*page.page.hits], [*walk.steps], 1, frozenset[str]()
    while page.cursor is not None:
        query = Query("", cursor=page.cursor, limit=walk.limit(turn), surface=first.surface,
                      seed_document_id=first.seed_document_id)  # fmt: skip
        if steps:
            step = steps.pop()
            world.write(step.written, step.deleted)
            if first.text and step.hides:
                hidden = frozenset(whole.page.document_ids[-2:])
                world.rules = Rules([Rule("h", first.text, hide=hidden)])
            if step.promotes:
                before = one[None].search(query)
                world.promote()
                assert told(one[None].search(query)) == told(before)
        page = other[None].search(query)
        assert told(page) == told(one[None].search(query))
        ids = page.page.document_ids
        shown = [name for name in ids if name in world.held and name not in hidden]
        assert page.documents == {name: world.held[name] for name in shown}
        assert (page.total, page.facets) == (whole.total, whole.facets)
        assert (page.reachable, page.degraded) == (len(whole.page), ())
        assert page.unread == frozenset()
        hits, turn = [*hits, *page.page.hits], turn + 1
    assert hits == [*whole.page.hits]
    assert [hit.rank for hit in hits] == [*range(1, len(hits) + 1)]


@given(
    COLLECTIONS,
    TYPED,
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
    """Of any search, also of one whose typing errors are corrected; it finds what it should."""
    world, one, _ = workers
    world.become(held)
    first = Query(text, filters=filters, facets=FACETS, limit=walk.limit(0))
    result = one[configuration].search(replace(first, limit=100))
    names = found(world.held, first, configuration, result.page.document_ids)
    assert (result.total, result.facets) == (len(names), facets(world.held, names))
    assert {*result.page.document_ids} == names, "no more of them than can be ranked"
    check_walk(workers, first, configuration, walk)


@given(collections(least=2), FILTERS, st.sampled_from(["lexical", "semantic", "hybrid"]), WALKS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_pages_of_similar_documents(
    workers: Workers,
    held: list[Document],
    filters: dict[str, Any],
    configuration: str,
    walk: Walk,
) -> None:
    """Also where the document that they are like goes meanwhile."""
    world, one, _ = workers
    world.become(held)
    seed = held[0].document_id
    first = Query("", filters=filters, facets=FACETS, limit=walk.limit(0), surface="similar",
                  seed_document_id=seed)  # fmt: skip
    result = one[configuration].search(replace(first, limit=100))
    assert seed not in result.page.document_ids
    assert result.total == len(result.page)
    assert result.facets == facets(world.held, result.page.document_ids)
    check_walk(workers, first, configuration, walk)


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
    left, turn, cursor = [*walk.steps], 0, None
    while turn == 0 or cursor is not None:
        query = Query("", filters=filters, sort=sort, limit=walk.limit(turn), cursor=cursor)
        page = one["lexical"].search(query)
        assert told(page) == told(other["hybrid"].search(query))
        assert not page.is_frozen
        assert [hit.rank for hit in page.page.hits] == [
            *range(len(seen) + 1, len(seen) + len(page.page) + 1)
        ]
        seen += page.page.document_ids
        now = one["lexical"].search(Query("", filters=filters, limit=100))
        assert page.total == len(now.page)
        turn, cursor = turn + 1, page.cursor
        if left:
            step = left.pop()
            world.write(step.written, step.deleted)
            touched |= {document.document_id for document in step.written} | {*step.deleted}
    stayed = [name for name in start.page.document_ids if name not in touched]
    assert [name for name in seen if name in {*stayed}] == stayed
