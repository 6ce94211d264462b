"""A pool whose threads all hang is given nothing more to do."""

import threading
import time
from collections.abc import Iterator

import pytest

from query.pool import Pool

ENOUGH = 0.1
LONG = 30.0


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """What hanging calls wait for."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """Of two threads; a late call is overdue at once."""
    monkeypatch.setattr("query.pool.OVERDUE_SECONDS", 0.0)
    opened = Pool("test", 2, ENOUGH)
    yield opened
    opened.close()


def hang(pool: Pool, stuck: threading.Event, times: int) -> None:
    """Take up so many threads, and go."""
    for _ in range(times):
        begun = threading.Event()

        def call(begun: threading.Event = begun) -> None:
            begun.set()
            stuck.wait(LONG)

        future = pool.submit(call, LONG, is_counted=True)
        assert future is not None
        assert begun.wait(LONG)
        pool.give_up(future)


def answer(pool: Pool, *, is_counted: bool = True) -> str | None:
    """What a call gives, if it is made."""
    future = pool.submit(lambda: "here", LONG, is_counted=is_counted)
    return None if future is None else future.result(LONG)


def test_one_free_thread_is_enough(pool: Pool, stuck: threading.Event) -> None:
    """However many calls it answers."""
    hang(pool, stuck, 1)
    assert [answer(pool) for _ in range(3)] == ["here"] * 3


@pytest.mark.parametrize("is_counted", [True, False])
def test_without_a_thread_nothing_is_queued(
    pool: Pool, stuck: threading.Event, is_counted: bool
) -> None:
    """Until a call that hung comes back."""
    hang(pool, stuck, 2)
    assert [answer(pool, is_counted=is_counted) for _ in range(3)] == [None] * 3
    stuck.set()
    until = time.monotonic() + LONG
    while answer(pool, is_counted=is_counted) is None:
        assert time.monotonic() < until
    assert answer(pool, is_counted=is_counted) == "here"


def test_calls_that_are_only_late_may_be_waited_for(
    pool: Pool, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that asks for answers in no time takes nobody's thread away."""
    monkeypatch.setattr("query.pool.OVERDUE_SECONDS", LONG)
    hang(pool, stuck, 2)
    future = pool.submit(lambda: "here", LONG, is_counted=True)
    assert future is not None
    stuck.set()
    assert future.result(LONG) == "here"


def test_what_never_ran_holds_no_thread(pool: Pool, stuck: threading.Event) -> None:
    """A call that was given up in the queue is not run, and not counted."""
    hang(pool, stuck, 1)
    ran: list[str] = []
    blocking = pool.submit(lambda: stuck.wait(LONG), LONG, is_counted=True)
    queued = pool.submit(lambda: ran.append("late"), LONG, is_counted=True)
    assert blocking is not None
    assert queued is not None
    pool.give_up(queued)
    stuck.set()
    assert blocking.result(LONG)
    assert answer(pool) == "here"
    assert (ran, queued.cancelled()) == ([], True)
