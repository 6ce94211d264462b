"""A leg that keeps failing is left out, and tried again now and then."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from query.breaker import ENOUGH_SECONDS, FAILURES_IN_A_ROW, PROBE_SECONDS, Breaker


class Clock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The breaker's clock."""
    made = Clock()
    monkeypatch.setattr("query.breaker.time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def fail(breaker: Breaker, times: int = FAILURES_IN_A_ROW) -> None:
    """So many calls without an answer."""
    for _ in range(times):
        breaker.missed(ENOUGH_SECONDS, is_engines_fault=True)


def test_failures_in_a_row_open_it(clock: Clock) -> None:
    """One less is not enough, and an answer in between begins the count anew."""
    breaker = Breaker()
    for _ in range(3):
        fail(breaker, FAILURES_IN_A_ROW - 1)
        assert breaker.allows(ENOUGH_SECONDS)
        breaker.answered()
    fail(breaker)
    assert not breaker.allows(ENOUGH_SECONDS)


def test_one_call_a_second_tries_again(clock: Clock) -> None:
    """The first after a second; the others go on without the leg."""
    breaker = Breaker()
    fail(breaker)
    clock.move(0.9 * PROBE_SECONDS)
    assert not breaker.allows(ENOUGH_SECONDS)
    for _ in range(3):
        clock.move(PROBE_SECONDS)
        assert [breaker.allows(ENOUGH_SECONDS) for _ in range(3)] == [True, False, False]
        breaker.missed(ENOUGH_SECONDS, is_engines_fault=True)


def test_an_answer_closes_it_at_once(clock: Clock) -> None:
    """The leg is asked by everybody again, and needs as many failures as before to be left out."""
    breaker = Breaker()
    fail(breaker, 10)
    clock.move(PROBE_SECONDS)
    assert breaker.allows(ENOUGH_SECONDS)
    breaker.answered()
    assert [breaker.allows(ENOUGH_SECONDS) for _ in range(3)] == [True] * 3
    fail(breaker, FAILURES_IN_A_ROW - 1)
    assert breaker.allows(ENOUGH_SECONDS)


def test_late_failures_of_calls_before_do_not_put_the_next_try_off(clock: Clock) -> None:
    """Many queries hang at once: the last of their timeouts is no reason to wait longer."""
    breaker = Breaker()
    fail(breaker)
    clock.move(0.5 * PROBE_SECONDS)
    fail(breaker, 5)
    clock.move(0.5 * PROBE_SECONDS)
    assert breaker.allows(ENOUGH_SECONDS)


HURRIED = ENOUGH_SECONDS / 2


def test_what_a_query_brings_about_itself_does_not_count(clock: Clock) -> None:
    """Neither too little time nor an error of its own leaves the leg out for the others."""
    breaker = Breaker()
    for _ in range(100):
        breaker.missed(HURRIED, is_engines_fault=True)
        breaker.missed(ENOUGH_SECONDS, is_engines_fault=False)
    assert not breaker.is_open
    assert breaker.allows(ENOUGH_SECONDS)
    fail(breaker)
    assert breaker.is_open


def test_what_is_quick_needs_less_time(clock: Clock) -> None:
    """A pool may say itself how much is enough."""
    quick = Breaker(enough_seconds=HURRIED)
    for _ in range(FAILURES_IN_A_ROW):
        assert quick.allows(HURRIED)
        quick.missed(HURRIED, is_engines_fault=True)
    assert not quick.allows(HURRIED)
    clock.move(PROBE_SECONDS)
    assert quick.allows(HURRIED)


def test_it_does_not_hide_the_failures_around_it_either(clock: Clock) -> None:
    """Only an answer begins the count anew."""
    breaker = Breaker()
    for _ in range(FAILURES_IN_A_ROW):
        fail(breaker, 1)
        breaker.missed(HURRIED, is_engines_fault=True)
    assert breaker.is_open


def test_hurried_queries_do_not_keep_the_leg_shut(clock: Clock) -> None:
    """A query with enough time comes first; one without tries where no other has come, and gives
    the try back if it learnt nothing.
    """
    breaker = Breaker()
    fail(breaker)
    clock.move(1.5 * PROBE_SECONDS)
    assert not any(breaker.allows(HURRIED) for _ in range(10))
    clock.move(0.5 * PROBE_SECONDS)
    assert breaker.allows(HURRIED)
    assert not breaker.allows(ENOUGH_SECONDS), "one at a time"
    breaker.missed(HURRIED, is_engines_fault=True)
    assert not breaker.allows(HURRIED)
    assert [breaker.allows(ENOUGH_SECONDS) for _ in range(2)] == [True, False]
    breaker.missed(ENOUGH_SECONDS, is_engines_fault=False)
    assert [breaker.allows(ENOUGH_SECONDS) for _ in range(2)] == [True, False]


def test_an_answer_to_a_hurried_query_closes_it(clock: Clock) -> None:
    """Where nobody else asks, the leg comes back all the same."""
    breaker = Breaker()
    fail(breaker)
    clock.move(2 * PROBE_SECONDS)
    assert breaker.allows(HURRIED)
    breaker.answered()
    assert [breaker.allows(HURRIED) for _ in range(3)] == [True] * 3


def together(call: Callable[[], None], threads: int = 16) -> None:
    """In many threads at once."""
    ready = threading.Barrier(threads)

    def run() -> None:
        ready.wait(10)
        call()

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)


def test_many_threads_make_one_try(clock: Clock) -> None:
    """However many queries come in the moment of the try, one of them pays for it."""
    breaker = Breaker()
    fail(breaker)
    clock.move(PROBE_SECONDS)
    allowed: list[bool] = []
    together(lambda: allowed.append(breaker.allows(ENOUGH_SECONDS)))
    assert sorted(allowed) == [False] * 15 + [True]
