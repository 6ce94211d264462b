"""Pages on real engines while another thread writes and deletes all the time, also amid a page."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.documents import Document
from tandem.queries import Query
from tandem.rankings import Hit, SearchResult
from tests.paging_walks import FACETS, SCHEMA, STEPS, TYPED, Step, Walk, collections, facets, found
from tests.small_world import Worker, World

Workers = tuple[World, Worker, Worker]
WALKS = st.builds(
    Walk,
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(STEPS.filter(lambda step: bool(step.written)), min_size=1, max_size=4),
)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """One collection, and two processes' worth of what searches it."""
    folder: Path = tmp_path_factory.mktemp("world")
    world = World(folder, SCHEMA)
    with world.worker() as one, world.worker() as other:
        yield world, one, other
    world.close()


class Writer:
    """Does the steps again and again. ``versions`` are all that there ever were of a document,
    ``deleted`` whatever may be gone.
    """

    def __init__(self, world: World, steps: list[Step]) -> None:
        self._world = world
        self._steps = steps
        self._stopped = False
        self._written = threading.Semaphore(0)
        self._error: BaseException | None = None
        self.versions: dict[str, list[Document]] = {
            name: [document] for name, document in world.held.items()
        }
        for step in steps:
            for document in step.written:
                self.versions.setdefault(document.document_id, []).append(document)
        self.deleted = {name for step in steps for name in step.deleted}

    def run(self) -> None:
        """Until it is stopped."""
        try:
            while not self._stopped:
                for step in self._steps:
                    self._world.write(step.written, step.deleted)
                    self._written.release()
        except BaseException as error:
            self._error = error
            raise

    def stop(self) -> None:
        """After the round in hand."""
        self._stopped = True

    def await_one(self) -> None:
        """Wait for a write, if none was done since the last time; the next one has begun."""
        assert self._written.acquire(timeout=30), self._error
        while self._written.acquire(blocking=False):
            pass


@contextmanager
def writing(world: World, steps: list[Step]) -> Iterator[Writer]:
    """Somebody writes until the block ends, and did so at least once before it begins."""
    writer = Writer(world, steps)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        writer.await_one()
        yield writer
    finally:
        writer.stop()
        thread.join(30)


def check_shown(page: SearchResult, writer: Writer) -> None:
    """Each document is one that there was, and none is missing that was never deleted."""
    assert (page.degraded, page.unread) == ((), frozenset())
    for name, document in page.documents.items():
        assert document in writer.versions[name]
    assert {*page.page.document_ids} - {*page.documents} <= writer.deleted


def walked(workers: Workers, page: SearchResult, walk: Walk, writer: Writer) -> list[Hit]:
    """The hits of all pages from a first one on, by turns from either worker."""
    either = workers[1:]
    hits, turn, total, counted = [*page.page.hits], 1, page.total, page.facets
    while page.cursor is not None:
        writer.await_one()
        page = either[turn % 2][None].search(Query("", cursor=page.cursor, limit=walk.limit(turn)))
        check_shown(page, writer)
        assert (page.total, page.facets) == (total, counted)
        hits, turn = [*hits, *page.page.hits], turn + 1
    return hits


@given(
    collections(least=8), TYPED, st.sampled_from(["lexical", "semantic", "rrf", "hybrid"]), WALKS
)
@settings(max_examples=20, deadline=None)
def test_pages_while_somebody_writes(
    workers: Workers, held: list[Document], text: str, configuration: str, walk: Walk
) -> None:
    """A ranking that was frozen before stays as it was; one that is made amid the writing has one
    place for each of its hits.
    """
    world, one, _ = workers
    world.become(held)
    searcher, first = one[configuration], Query(text, facets=FACETS, limit=walk.limit(0))
    whole = searcher.search(Query(text, limit=100)).page
    names = found(world.held, first, configuration, whole.document_ids)
    page = searcher.search(first)
    assert (page.total, page.facets) == (len(names), facets(world.held, names))
    with writing(world, walk.steps) as writer:
        assert walked(workers, page, walk, writer) == [*whole.hits]
        amid = searcher.search(first)
        check_shown(amid, writer)
        hits = walked(workers, amid, walk, writer)
    assert len({hit.document_id for hit in hits}) == len(hits) == amid.reachable
    assert [hit.rank for hit in hits] == [*range(1, len(hits) + 1)]
