"""A searcher over whatever is live, and the watch that takes up what another process promoted."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.generation import OpenGeneration
from api.live import LiveSearcher, ReleaseWatch
from query.configurations import LEXICAL
from tandem.catalog.releases import Release
from tandem.errors import BadCursor, CatalogError, FilterError
from tandem.queries import Query
from tests.integration.downtime.embedders import MODELS
from tests.logs import logged
from tests.owned_house import NAME, at_work, owned, reindexed, settings_in


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a thread."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.usefixtures("models")
def test_a_searcher_goes_with_the_release(tmp_path: Path) -> None:
    """The same object answers from the generation that is live when it is asked; it holds it for
    as long as the query takes.
    """
    with owned(settings_in(tmp_path)) as house, at_work(house) as owner:
        collection = house.collection(NAME)
        until(lambda: collection.passed() == 20)
        held: list[int] = []

        class Watched:
            held_generation = collection.held_generation

            @contextmanager
            def held(self) -> Iterator[tuple[Release, OpenGeneration]]:
                with collection.held() as (release, opened):
                    held.append(opened._users)
                    yield release, opened

        searcher = LiveSearcher(Watched(), collection.searching, LEXICAL)
        assert searcher.search(Query("word7")).release == 1
        reindexed(owner, model=MODELS[1])
        result = searcher.search(Query("word7"))
        assert (result.release, result.page.document_ids) == (2, ("d7",))
        assert held == [1, 1]
        with pytest.raises(FilterError):
            searcher.check(Query("word7", filters={"nowhere": "x"}))
        searcher.check(Query("word7", filters={"kind": "k"}))
        assert collection.live._users == 0, "every query has left"


@pytest.mark.usefixtures("models")
def test_later_pages_are_of_the_release_that_found_them(tmp_path: Path) -> None:
    """However many go live meanwhile: the order stays, and its generation is still asked for what
    the hits show. Once it is closed the documents come from the live one.
    """
    with owned(settings_in(tmp_path)) as house, at_work(house) as owner:
        collection = house.collection(NAME)
        until(lambda: collection.passed() == 20)
        searcher = collection.searcher()
        whole = searcher.search(Query("text", limit=20))
        first = searcher.search(Query("text", limit=8))
        generation = collection.live
        reindexed(owner, model=MODELS[1])
        used: list[int] = []
        held = collection.held_generation

        @contextmanager
        def watched(number: int) -> Iterator[tuple[Release, OpenGeneration]]:
            with held(number) as (release, opened):
                used.append(opened.generation.number)
                yield release, opened

        collection.held_generation = watched  # type: ignore[method-assign]
        second = searcher.search(Query("", limit=8, cursor=first.cursor))
        collection.close_generation(1, lambda: None)
        assert generation.is_closed
        third = searcher.search(Query("", limit=8, cursor=second.cursor))
        pages = (first, second, third)
        assert [hit for page in pages for hit in page.page.hits] == [*whole.page.hits]
        assert [page.release for page in pages] == [1, 1, 1]
        assert all(len(page.documents) == len(page.page) for page in pages)
        assert (used, third.cursor) == ([1, 2], None)
        assert searcher.search(Query("text")).release == 2


@pytest.mark.usefixtures("models")
def test_later_pages_where_their_generation_was_never_open(tmp_path: Path) -> None:
    """In a process that began after another one went live: it opens what cursors may name."""
    with owned(settings_in(tmp_path)) as house, at_work(house) as owner:
        collection = house.collection(NAME)
        until(lambda: collection.passed() == 20)
        reindexed(owner, model=MODELS[1])
        collection.close_generation(1, lambda: None)
        collection.open_complete()
        for number in (1, 2):
            with collection.held_generation(number) as (_, opened):
                assert opened.generation.number == number


@pytest.mark.usefixtures("models")
def test_a_configuration_beside_a_cursor(tmp_path: Path) -> None:
    """None is needed: the search had one. Another one is refused."""
    with owned(settings_in(tmp_path)) as house, at_work(house):
        collection = house.collection(NAME)
        until(lambda: collection.passed() == 20)
        cursor = collection.searcher(LEXICAL).search(Query("text", limit=5)).cursor
        query = Query("", cursor=cursor)
        for name in (None, LEXICAL):
            assert collection.searcher(name).search(query).configuration == LEXICAL
        with pytest.raises(BadCursor, match="another configuration"):
            collection.searcher("hybrid").search(query)


def test_the_watch_asks_again_and_again() -> None:
    """Without the catalogue it goes on, and takes up what it finds later; so it does after what
    nobody has foreseen, such as a panic inside an engine.
    """
    errors = [CatalogError("down"), ZeroDivisionError("unforeseen"), BaseException("panic")]
    answers = iter([False, True, *errors, True])
    asked: list[object] = []

    def refresh() -> bool:
        answer = next(answers, False)
        asked.append(answer)
        if isinstance(answer, BaseException):
            raise answer
        return bool(answer)

    watch = ReleaseWatch(refresh, every_seconds=0.01)
    until(lambda: len(asked) > 8)
    watch.close()
    asked_then = len(asked)
    time.sleep(0.05)
    assert len(asked) == asked_then, "it watches no more"


def test_one_trouble_is_told_once() -> None:
    """However often it is met; another one is told, and the first one when it is back."""
    met = [CatalogError("away"), CatalogError("away"), ZeroDivisionError("bug"), None,
           CatalogError("away"), CatalogError("away")]  # fmt: skip
    answers = iter(met)
    done = threading.Event()

    def refresh() -> bool:
        error = next(answers, done)
        if error is done:
            done.set()
        elif isinstance(error, Exception):
            raise error
        return False

    with logged() as records:
        watch = ReleaseWatch(refresh, every_seconds=0.001)
        assert done.wait(10)
        watch.close()
    told = [record.getMessage().rpartition(": ")[2] for record in records]
    assert told == ["away", "bug", "away"]
    assert [bool(record.exc_info) for record in records] == [False, True, False]


@pytest.mark.usefixtures("models")
def test_who_only_searches_closes_what_was_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process removed is closed after its last query; what is retained stays open.
    Another release is taken up before anything else is asked of an engine.
    """
    with owned(settings_in(tmp_path)) as house:
        collection, declared = house.collection(NAME), house.settings.declared_schema()
        assert declared is not None
        first, releases = collection.live, house.catalog.releases
        releases.promote(NAME, house.create_generation(NAME, declared).number, parent=1)
        looked: list[int] = []
        monkeypatch.setattr(
            OpenGeneration, "look_again", lambda _: looked.append(collection.release.number)
        )
        assert collection.refresh()
        assert looked == [2]
        states = []

        def close() -> None:
            collection.close_dropped()
            states.append(first.is_closed)

        close()  # it may be gone back to
        first.enter()
        releases.drop(1)
        close()  # a query uses it
        first.leave()
        first.await_closed(10)
        close()
        assert states == [False, False, True]
        assert collection.generation.number == 2


def test_closing_does_not_wait_for_the_next_time() -> None:
    """However rarely it asks."""
    asked = threading.Event()

    def refresh() -> bool:
        asked.set()
        return True

    watch = ReleaseWatch(refresh, every_seconds=3_600)
    began = time.monotonic()
    watch.close()
    assert time.monotonic() - began < 4
    assert not asked.is_set()


@pytest.mark.usefixtures("models")
def test_what_is_known_of_a_closed_generation_is_let_go(tmp_path: Path) -> None:
    """With the order of the release that was live over it."""
    with owned(settings_in(tmp_path)) as house, at_work(house) as owner:
        collection = house.collection(NAME)
        collection.searching.begin()
        known = weakref.ref(collection.searching._orders._facts[1].known)
        reindexed(owner, model=MODELS[1])
        collection.close_generation(1, lambda: None)
        until(lambda: gc.collect() >= 0 and known() is None)
        assert [*collection.searching._orders._orders] == [2]
