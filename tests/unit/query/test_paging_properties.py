"""Pages on real engines while another thread writes and deletes, for any collection, query, rules
and sizes of pages: nothing repeats, nothing is skipped, total and facets are those of plain Python,
and two workers agree, also after a promotion.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from query.cursors import ranking_cursor
from query.frozen_content import decoded
from tandem.documents import Document
from tandem.errors import DocumentNotFound
from tandem.queries import Query, Sort
from tandem.rankings import Degradation, Hit, SearchResult
from tests.paging_oracle import DEPTH, Question, check_counts, leaves
from tests.paging_walks import COLLECTIONS, FILTERS, QUESTIONS, SCHEMA, WALKS, Walk, Write
from tests.small_world import Worker, World
from tests.versions_seen import Seen

EXAMPLES = 50
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""None that makes what failed smaller: threads do not fail the same way twice."""

Workers = tuple[World, Worker, Worker]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """One collection, and two processes' worth of what searches it."""
    with ExitStack() as stack:
        world = World(tmp_path_factory.mktemp("world"), SCHEMA)
        stack.callback(world.close)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("query.rules_file.LOOK_SECONDS", 0.0)
        one, other = (stack.enter_context(world.worker()) for _ in range(2))
        yield world, one, other


@contextmanager
def writing(world: World, writes: list[Write]) -> Iterator[Callable[[], None]]:
    """Those, again and again in another thread. What is yielded returns amid one of them; the first
    call begins.
    """
    is_over, is_amid, faults = threading.Event(), threading.Event(), list[BaseException]()

    def write() -> None:
        try:
            for written, deleted in cycle(writes):
                if is_over.is_set():
                    break
                is_amid.set()
                world.write(written, deleted)
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=write)

    def amid() -> None:
        if thread.ident is None:
            thread.start()
        is_amid.clear()
        is_amid.wait(5 if writes and not faults else 0)

    try:
        yield amid
    finally:
        is_over.set()
        if thread.ident is not None:
            thread.join()
    assert faults == []


def alike(one: SearchResult, other: SearchResult, *, is_calm: bool = True) -> bool:
    """Whether two workers answered the same; unless ``is_calm``, documents may have changed."""

    def told(result: SearchResult) -> tuple[Any, ...]:
        return (result.page, result.total, result.facets, result.cursor, result.reachable,
                result.degraded, result.release, result.configuration, result.notes,
                result.correction, is_calm and (result.documents, result.highlights))  # fmt: skip

    return told(one) == told(other)


def frozen(world: World, page: SearchResult) -> tuple[Hit, ...]:
    """The order that the page was taken from, as the catalogue keeps it for everybody."""
    if page.cursor is None:
        return page.page.hits
    cursor = ranking_cursor(Query("", cursor=page.cursor))
    assert cursor is not None
    kept = world.catalog.frozen.find(cursor.ranking_id)
    assert kept is not None
    return decoded(kept.content).ranking.hits


def check_shown(page: SearchResult, seen: Seen, hidden: list[str]) -> None:
    """Each document as it was at some moment meanwhile, with a gap where there was none. What went
    before it was counted is in no facet, which is told.
    """
    assert page.documents.keys() <= {*page.page.document_ids}
    assert {*page.degraded} <= {Degradation("facets", "unavailable")}
    assert page.unread == frozenset()
    for name in page.page.document_ids:
        expected = [None] if name in hidden else seen.of(name)
        assert page.documents.get(name) in expected


def walked(
    workers: Workers,
    question: Question,
    walk: Walk,
    page: SearchResult,
    amid: Callable[[], None],
) -> list[SearchResult]:
    """The pages from a first one to the last, each from both workers."""
    world, one, other = workers
    live, hidden, pages = one.collection.generation.number, list[str](), [page]
    while pages[-1].cursor is not None:
        turn = len(pages)
        if turn in walk.promoted:
            world.promote()
            assert [one.collection.refresh(), other.collection.refresh()] == [True, True]
        if turn == walk.hidden:
            hidden = question.hiding(walk.hides)
            world.rules.write_text(question.rules(hidden))
        query = question.next(pages[-1].cursor, walk.limit(turn))
        amid()
        one.read.clear()
        other.read.clear()
        with world.versions.watched() as seen:
            page, again = other.search(query), one.search(query)
        check_shown(page, seen, hidden)
        check_shown(again, seen, hidden)
        assert alike(page, again, is_calm=False)
        assert one.read | other.read <= {live}
        pages.append(page)
    return pages


@given(COLLECTIONS, QUESTIONS, WALKS)
@settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
def test_pages_are_the_frozen_ranking(
    workers: Workers, held: list[Document], question: Question, walk: Walk
) -> None:
    """Concatenated, with a gap where content went; total and facets are the same on each."""
    world, one, other = workers
    world.rules.write_text(question.rules())
    world.become(held)
    first, release = question.query(walk.limit(0)), one.collection.release.number
    with writing(world, walk.writes) as amid:
        if not walk.is_calm:
            amid()
        with world.versions.watched() as seen:
            try:
                page = one.search(first, question.configuration)
            except DocumentNotFound:
                assert None in seen.of(question.seed or "")
                return
        hits = frozen(world, page)
        check_shown(page, seen, [])
        check_counts(page, hits, seen, question)
        if walk.is_calm:
            whole = one.search(replace(first, limit=DEPTH), question.configuration)
            assert whole.page.hits == hits[:DEPTH]
            assert (whole.total, whole.facets) == (page.total, page.facets)
        pages = walked(workers, question, walk, page, amid)
    assert [hit for page in pages for hit in page.page.hits] == [*hits]
    assert [hit.rank for hit in hits] == [*range(1, len(hits) + 1)]
    assert len({hit.document_id for hit in hits}) == len(hits)
    for page in pages:
        assert (page.total, page.facets) == (pages[0].total, pages[0].facets)
        assert (page.reachable, page.release) == (len(hits), release)
    if len(pages) > 1:
        again = question.next(pages[-2].cursor, 9)
        with world.versions.watched() as seen:
            page = one.search(again)
        assert alike(page, other.search(again))
        check_shown(page, seen, question.hiding(walk.hides) if len(pages) > walk.hidden else [])


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
@settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
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
    start = one.search(Query("", filters=filters, sort=sort, limit=100), "lexical")
    left_over = [document for document in held if leaves(filters, document)]
    assert start.page.document_ids == (*in_order(left_over, sort),)
    seen: list[str] = []
    touched: set[str] = set()
    left, turn, cursor = [*walk.writes], 0, None
    while turn == 0 or cursor is not None:
        query = Query("", filters=filters, sort=sort, limit=walk.limit(turn), cursor=cursor)
        page = one.search(query, "lexical")
        assert alike(page, other.search(query, "lexical"))
        assert not page.is_frozen
        assert [hit.rank for hit in page.page.hits] == [
            *range(len(seen) + 1, len(seen) + len(page.page) + 1)
        ]
        seen += page.page.document_ids
        assert page.total == sum(leaves(filters, item) for item in world.held.values())
        turn, cursor = turn + 1, page.cursor
        if left:
            written, deleted = left.pop()
            world.write(written, deleted)
            touched |= {document.document_id for document in written} | {*deleted}
    stayed = [name for name in start.page.document_ids if name not in touched]
    assert [name for name in seen if name in {*stayed}] == stayed
