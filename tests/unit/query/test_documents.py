"""Documents of a page: from the index, else from the log, in time, and what is missing is said."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from query.breaker import FAILURES_IN_A_ROW
from query.documents import QueryDocuments
from query.retrieval import Deadline, LegPools, search_pools
from tandem.documents import Document
from tandem.errors import CatalogError, EngineUnavailable
from tandem.filters import Filter, matches
from tandem.rankings import Degradation, Part
from tests.builders import document, filters, schema_of

SECONDS = 30.0
BUDGET_MS = 300.0
SLACK_SECONDS = 2.0
"""What an overloaded machine may add; a log that hangs takes ``SECONDS``."""


@dataclass
class Source:
    """A ``DocumentSource``: the index holds ``held``, the log everything but ``gone``."""

    is_in_process: bool = True
    held: frozenset[str] = frozenset("ab")
    on_index: Callable[[], object] = lambda: None
    on_log: Callable[[], object] = lambda: None
    threads: list[str] = field(default_factory=list)
    logged_ids: list[tuple[str, ...]] = field(default_factory=list)

    def indexed(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        self.threads.append(threading.current_thread().name)
        self.on_index()
        return {name: Document(name, "index") for name in document_ids if name in self.held}

    def logged(
        self, document_ids: Collection[str], filters: Sequence[Filter] = ()
    ) -> Mapping[str, Document]:
        """See ``DocumentSource``."""
        self.logged_ids.append(tuple(document_ids))
        self.on_log()
        found = (Document(name, "log") for name in document_ids if name != "gone")
        return {item.document_id: item for item in found if matches(item, filters)}


@pytest.fixture
def pools() -> Iterator[LegPools]:
    """As a collection has them."""
    opened = search_pools(2)
    yield opened
    opened.close()


@pytest.fixture
def stuck() -> Iterator[Callable[[], object]]:
    """A call that hangs until the test is over."""
    event = threading.Event()
    yield lambda: event.wait(SECONDS)
    event.set()


def fetch(
    pools: LegPools,
    source: Source,
    ids: str = "abc",
    budget_ms: float = 10_000,
    *,
    is_index_down: bool = False,
) -> tuple[dict[str, str], tuple[Degradation, ...]]:
    """Where each document came from, by id, and what is said to be missing."""
    documents = QueryDocuments(source, pools)
    if is_index_down:
        documents.leave_out_index()
    found = documents.fetch(tuple(ids), Deadline.after_ms(budget_ms))
    return {name: document.title for name, document in found.items()}, documents.degraded


def raising(error: Exception) -> Callable[[], object]:
    """A call that raises."""

    def call() -> object:
        raise error

    return call


@pytest.mark.parametrize("is_in_process", [True, False])
def test_the_log_has_what_the_index_does_not_hold(pools: LegPools, is_in_process: bool) -> None:
    """It is asked for that alone, and not at all if nothing is missing."""
    source = Source(is_in_process)
    assert fetch(pools, source) == ({"a": "index", "b": "index", "c": "log"}, ())
    assert fetch(pools, source, "ab") == ({"a": "index", "b": "index"}, ())
    assert source.logged_ids == [("c",)]


def test_what_is_deleted_is_no_degradation(pools: LegPools) -> None:
    """A hit that was deleted since has no document, and nothing is wrong."""
    documents = QueryDocuments(Source(), pools)
    assert documents.fetch(["gone"], Deadline.after_ms(10_000)) == {}
    assert documents.degraded == ()
    assert documents.unread == frozenset()


def test_what_could_not_be_read_is_told_from_what_is_deleted(pools: LegPools) -> None:
    """Where the log does not answer nobody knows which of them are deleted."""
    documents = QueryDocuments(Source(on_log=raising(CatalogError("down"))), pools)
    documents.fetch(["a", "c", "gone"], Deadline.after_ms(10_000))
    assert documents.unread == {"c", "gone"}


def test_what_a_later_fetch_gives_is_not_unread(pools: LegPools) -> None:
    """The last one knows best, also that a document is deleted."""
    source = Source(on_log=raising(CatalogError("down")))
    documents, deadline = QueryDocuments(source, pools), Deadline.after_ms(10_000)
    documents.fetch(["c", "d", "gone"], deadline)
    source.on_log = lambda: None
    assert documents.fetch(["c", "gone"], deadline).keys() == {"c"}
    assert documents.unread == {"d"}


def test_what_a_filter_does_not_leave_is_not_there(pools: LegPools) -> None:
    """Also what an index that is behind has found as what it was before; and nothing is degraded:
    it may as well be deleted.
    """
    schema = schema_of(tenant="keyword")
    forced = filters(schema, {"tenant": "a"})

    class Changed(Source):
        def indexed(
            self, document_ids: Collection[str], timeout_seconds: float
        ) -> Mapping[str, Document]:
            return {"a": document("a", tenant="a"), "b": document("b", tenant="b")}

        def logged(
            self, document_ids: Collection[str], filters: Sequence[Filter] = ()
        ) -> Mapping[str, Document]:
            assert filters == forced, "the log need not read what is not shown"
            return {"c": document("c", tenant="b"), "d": document("d", tenant="a")}

    documents = QueryDocuments(Changed(), pools, forced)
    for asked in (documents, documents.apart()):
        assert asked.fetch("abcd", Deadline.after_ms(10_000)).keys() == {"a", "d"}
        assert asked.unread == frozenset()
        assert asked.degraded == ()


def test_the_log_says_whose_the_seed_is(pools: LegPools) -> None:
    """An index in which another's is found would tell by its time that there is one."""
    schema = schema_of(tenant="keyword")
    source = Source()
    deadline = Deadline.after_ms(10_000)
    documents = QueryDocuments(source, pools, filters(schema, {"tenant": "a"}))
    assert documents.seed("a", deadline) is None, "the log's has no tenant"
    assert documents.seed("gone", deadline) is None
    assert source.logged_ids == [("a",), ("gone",)]
    assert source.threads == [], "the index was not asked"


def test_the_seed_where_the_log_does_not_answer(
    pools: LegPools, stuck: Callable[[], object]
) -> None:
    """The index gives it in the time that is left, and nothing is missing."""
    hidden = filters(schema_of(tenant="keyword"), {"not": {"tenant": "b"}})
    for on_log in (raising(CatalogError("down")), stuck):
        source = Source(on_log=on_log)
        documents, deadline = QueryDocuments(source, pools, hidden), Deadline.after_ms(4_000)
        assert documents.seed("a", deadline) == Document("a", "index")
        assert deadline.remaining_seconds() > 0, "the legs have time left"
        assert (documents.degraded, documents.unread) == ((), frozenset())


def test_without_the_log_nobody_is_told_what_the_index_has(
    pools: LegPools, stuck: Callable[[], object]
) -> None:
    """What it has of another's could not be read, like what nobody has."""
    mine = filters(schema_of(tenant="keyword"), {"tenant": "a"})
    for on_log in (raising(CatalogError("down")), stuck):
        for name in ("a", "gone"):
            source = Source(on_log=on_log)
            documents = QueryDocuments(source, pools, mine)
            assert documents.seed(name, Deadline.after_ms(BUDGET_MS)) is None
            assert documents.unread == {name}
            assert source.logged_ids == [(name,)], "it was asked, once"


def test_a_seed_without_a_filter_is_the_indexs(pools: LegPools) -> None:
    """The log is asked for what that lacks alone."""
    source = Source()
    documents, deadline = QueryDocuments(source, pools), Deadline.after_ms(10_000)
    assert documents.seed("a", deadline) == Document("a", "index")
    assert documents.seed("c", deadline) == Document("c", "log")
    assert source.logged_ids == [("c",)]


def test_what_is_missing_apart_is_noted_there(pools: LegPools) -> None:
    """The page may have it all the same."""
    source = Source(on_log=raising(CatalogError("down")))
    documents, deadline = QueryDocuments(source, pools), Deadline.after_ms(10_000)
    apart = documents.apart()
    apart.fetch(["c"], deadline)
    assert apart.degraded == (Degradation("documents", "error"),)
    assert (documents.degraded, documents.unread) == ((), frozenset())


def test_an_index_that_was_late_is_not_waited_for_again(pools: LegPools) -> None:
    """Not by the same query, for whatever purpose; the next one asks it."""
    source = Source(is_in_process=False, on_index=raising(EngineUnavailable("down")))
    documents, deadline = QueryDocuments(source, pools), Deadline.after_ms(10_000)
    for fetching in (documents.apart(), documents, documents.apart()):
        assert fetching.fetch(["a"], deadline).keys() == {"a"}
    assert len(source.threads) == 1
    fetch(pools, source)
    assert len(source.threads) == 2


def test_an_index_in_this_process_is_read_by_this_thread(pools: LegPools) -> None:
    """One on a server is waited for in its leg's pool."""
    here, there = Source(is_in_process=True), Source(is_in_process=False)
    fetch(pools, here)
    fetch(pools, there)
    assert here.threads == [threading.current_thread().name]
    assert there.threads[0].startswith("leg-lexical")


@pytest.mark.parametrize("is_in_process", [True, False])
def test_an_index_that_fails_hides_nothing(pools: LegPools, is_in_process: bool) -> None:
    """The log has it all; an index that is known to be down is not asked."""
    source = Source(is_in_process, on_index=raising(EngineUnavailable("down")))
    assert fetch(pools, source) == (dict.fromkeys("abc", "log"), ())
    asked = len(source.threads)
    assert fetch(pools, source, is_index_down=True) == (dict.fromkeys("abc", "log"), ())
    assert len(source.threads) == asked


def test_an_index_on_a_server_that_hangs_leaves_time_for_the_log(
    pools: LegPools, stuck: Callable[[], object]
) -> None:
    """Half of what there is."""
    source = Source(is_in_process=False, on_index=stuck)
    began = time.monotonic()
    assert fetch(pools, source, budget_ms=2_000) == (dict.fromkeys("abc", "log"), ())
    assert time.monotonic() - began < 2


def test_a_log_that_hangs_is_left_out_in_time(pools: LegPools, stuck: Callable[[], object]) -> None:
    """The page has what the index gave, and says what is missing."""
    began = time.monotonic()
    found, degraded = fetch(pools, Source(on_log=stuck), budget_ms=BUDGET_MS)
    assert time.monotonic() - began < BUDGET_MS / 1_000 + SLACK_SECONDS
    assert found == {"a": "index", "b": "index"}
    assert degraded == (Degradation("documents", "timeout"),)


def test_a_log_that_fails_is_named(pools: LegPools) -> None:
    """A search goes on without the catalogue."""
    found, degraded = fetch(pools, Source(on_log=raising(CatalogError("down"))))
    assert found == {"a": "index", "b": "index"}
    assert degraded == (Degradation("documents", "error"),)


def test_a_log_that_keeps_hanging_is_not_waited_for(
    pools: LegPools, stuck: Callable[[], object]
) -> None:
    """As a leg is skipped; the legs' own threads are free all the time."""
    source = Source(on_log=stuck)
    reasons = [fetch(pools, source, budget_ms=BUDGET_MS)[1][0].reason for _ in range(4)]
    assert reasons == ["timeout"] * FAILURES_IN_A_ROW + ["skipped"]
    calls: dict[Part, Callable[[], int]] = {"lexical": lambda: 1, "vector": lambda: 2}
    assert pools.ask(calls, Deadline.after_ms(10_000)).by_leg == {"lexical": 1, "vector": 2}


def test_without_time_the_log_is_not_asked(pools: LegPools) -> None:
    """Nor is the index: the reply is late already."""
    source = Source()
    assert fetch(pools, source, budget_ms=0) == ({}, (Degradation("documents", "timeout"),))
    assert (source.threads, source.logged_ids) == ([], [])


def test_the_same_reason_is_told_once(pools: LegPools) -> None:
    """A reranker that looks at all candidates asks before the page does."""
    source = Source(on_log=raising(CatalogError("down")))
    documents = QueryDocuments(source, pools)
    for _ in range(2):
        documents.fetch(("c",), Deadline.after_ms(10_000))
    assert documents.degraded == (Degradation("documents", "error"),)
