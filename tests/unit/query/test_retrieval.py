"""All legs at once under one deadline; what hangs or breaks is left out and named."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from query.breaker import ENOUGH_SECONDS, FAILURES_IN_A_ROW
from query.retrieval import Answers, Deadline, LegPools, search_pools
from tandem.errors import EngineError, EngineUnavailable
from tandem.rankings import Degradation, Part, Reason

ENOUGH = 10_000.0
LONG_ENOUGH = 1_000 * ENOUGH_SECONDS + 20
"""A budget in milliseconds that a leg's silence counts in."""


@pytest.fixture
def pools() -> Iterator[LegPools]:
    """Two legs of two threads each."""
    opened = search_pools(2)
    yield opened
    opened.close()


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """A call that waits for it hangs until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def failing(error: BaseException) -> Callable[[], str]:
    """A call that raises."""

    def call() -> str:
        raise error

    return call


def hanging(stuck: threading.Event) -> Callable[[], str]:
    """A call that comes back when the test is over."""

    def call() -> str:
        stuck.wait(30)
        return "too late"

    return call


def ask(pools: LegPools, budget_ms: float = ENOUGH, **calls: Callable[[], str]) -> Answers[str]:
    """The answers within a budget; ``calls`` are by leg."""
    return pools.ask(cast("dict[Part, Callable[[], str]]", calls), Deadline.after_ms(budget_ms))


def test_all_legs_answer(pools: LegPools) -> None:
    """Answers by leg, and nothing is missing."""
    answers = ask(pools, lexical=lambda: "words", vector=lambda: "meaning")
    assert answers == Answers({"lexical": "words", "vector": "meaning"}, ())
    assert ask(pools) == Answers({}, ())


def test_legs_run_at_once(pools: LegPools) -> None:
    """Each waits for the other: one after the other they would never meet."""
    meeting = threading.Barrier(2, timeout=10)
    answers = ask(pools, lexical=lambda: str(meeting.wait()), vector=lambda: str(meeting.wait()))
    assert sorted(answers.by_leg.values()) == ["0", "1"]


def test_a_hanging_leg_is_left_out_at_the_deadline(pools: LegPools, stuck: threading.Event) -> None:
    """The other leg's answer comes within the budget, and the reply names the late one."""
    began = time.monotonic()
    answers = ask(pools, 100, lexical=lambda: "words", vector=hanging(stuck))
    took = time.monotonic() - began
    assert answers == Answers({"lexical": "words"}, (Degradation("vector", "timeout"),))
    assert 0.1 <= took < 2


def test_a_hanging_leg_asked_first_does_not_hide_the_other(
    pools: LegPools, stuck: threading.Event
) -> None:
    """The order of the legs does not matter to who is waited for."""
    answers = ask(pools, 100, vector=hanging(stuck), lexical=lambda: "words")
    assert answers == Answers({"lexical": "words"}, (Degradation("vector", "timeout"),))


def test_a_leg_that_hangs_for_all_leaves_the_other_its_threads(
    pools: LegPools, stuck: threading.Event
) -> None:
    """More hanging queries than threads: the healthy leg still answers each of them. After three
    the hanging one is not waited for any more, and named all the same.
    """
    reasons = []
    for _ in range(5):
        answers = ask(pools, LONG_ENOUGH, lexical=lambda: "words", vector=hanging(stuck))
        assert answers.by_leg == {"lexical": "words"}
        (missing,) = answers.degraded
        assert missing.leg == "vector"
        reasons.append(missing.reason)
    assert reasons == ["timeout"] * FAILURES_IN_A_ROW + ["skipped"] * 2


def test_a_skipped_leg_costs_nothing_and_is_tried_again(
    pools: LegPools, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is skipped its calls are not made; the one that tries again brings it back."""
    monkeypatch.setattr("query.breaker.PROBE_SECONDS", 0.2)
    for _ in range(FAILURES_IN_A_ROW):
        ask(pools, vector=failing(EngineUnavailable("down")))
    began = time.monotonic()
    answers = ask(pools, lexical=lambda: "words", vector=hanging(stuck))
    assert answers.degraded == (Degradation("vector", "skipped"),)
    assert time.monotonic() - began < 5, "nobody waited for it"
    time.sleep(0.25)
    assert ask(pools, vector=lambda: "back").by_leg == {"vector": "back"}
    assert ask(pools, vector=lambda: "for good").by_leg == {"vector": "for good"}


def test_one_client_cannot_shut_a_leg_for_the_others(
    pools: LegPools, stuck: threading.Event
) -> None:
    """A hundred queries without time, and as many that the engine refuses: the next normal query
    is answered by both legs.
    """
    slow = threading.Event()

    def takes_a_moment() -> str:
        slow.wait(0.005)
        return "late"

    missing = set()
    for _ in range(100):
        answers = ask(pools, 1, lexical=takes_a_moment, vector=takes_a_moment)
        missing |= {part.reason for part in answers.degraded}
        ask(pools, lexical=failing(EngineError("what a query")), vector=failing(ValueError("x")))
    assert missing == {"timeout"}
    answers = ask(pools, lexical=lambda: "words", vector=lambda: "meaning")
    assert answers == Answers({"lexical": "words", "vector": "meaning"}, ())


def test_an_engine_out_of_reach_in_no_time_does_not_count(pools: LegPools) -> None:
    """A client of a server says so too when its own limit, a millisecond, has passed."""
    for _ in range(100):
        ask(pools, LONG_ENOUGH / 2, vector=failing(EngineUnavailable("no answer in time")))
    assert ask(pools, vector=lambda: "meaning").by_leg == {"vector": "meaning"}


def test_what_is_not_counted_does_not_shut_a_leg(pools: LegPools, stuck: threading.Event) -> None:
    """Such as completion: the leg has answered the same query a moment before."""
    down, deadline = failing(EngineUnavailable("down")), Deadline.after_ms(ENOUGH)
    for _ in range(10):
        pools.ask({"vector": down}, deadline, is_counted=False)
    assert ask(pools, vector=lambda: "meaning").by_leg == {"vector": "meaning"}


def test_what_is_not_counted_never_tries_a_leg_again(
    pools: LegPools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The try is left to a query that the leg has not yet answered."""
    for _ in range(FAILURES_IN_A_ROW):
        ask(pools, vector=failing(EngineUnavailable("down")))
    monkeypatch.setattr("query.breaker.time", SimpleNamespace(monotonic=lambda: math.inf))
    deadline = Deadline.after_ms(ENOUGH)
    answers = pools.ask({"vector": lambda: "meaning"}, deadline, is_counted=False)
    assert answers.degraded == (Degradation("vector", "skipped"),)
    assert ask(pools, vector=lambda: "meaning").by_leg == {"vector": "meaning"}


def test_without_time_nothing_is_asked(pools: LegPools) -> None:
    """An engine is not made to work for nobody."""
    ran: list[str] = []
    calls: dict[Part, Callable[[], None]]
    calls = {"lexical": lambda: ran.append("lexical"), "vector": lambda: ran.append("vector")}
    answers = pools.ask(calls, Deadline.after_ms(0))
    pools.close()
    assert answers.degraded == (Degradation("lexical", "timeout"), Degradation("vector", "timeout"))
    assert ran == []


def test_what_waited_in_vain_is_never_run(
    pools: LegPools, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that found no free thread before the deadline is not run after it."""
    ran = threading.Event()

    def call() -> str:
        ran.set()
        return "late"

    for _ in range(2):
        ask(pools, 10, vector=hanging(stuck))
    answers = ask(pools, 10, vector=call)
    assert answers.degraded == (Degradation("vector", "timeout"),)
    stuck.set()
    monkeypatch.setattr("query.breaker.time", SimpleNamespace(monotonic=lambda: math.inf))
    assert ask(pools, vector=lambda: "free again").by_leg == {"vector": "free again"}
    assert not ran.is_set()


class Panic(BaseException):
    """What a panic in a native engine looks like: no ``Exception``."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EngineUnavailable("down"), "unavailable"),
        (EngineError("broken"), "error"),
        (RuntimeError("bug"), "error"),
        (TimeoutError("its own"), "error"),
        (Panic("panicked"), "error"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failing_leg_is_left_out(
    pools: LegPools,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    reason: Reason,
) -> None:
    """Whatever it raises, the other leg answers; the log says what happened."""
    monkeypatch.setattr(logging.getLogger("tandem"), "propagate", True)
    answers = ask(pools, lexical=failing(error), vector=lambda: "meaning")
    assert answers == Answers({"vector": "meaning"}, (Degradation("lexical", reason),))
    assert f"the lexical leg failed: {error}" in caplog.text


def test_both_legs_missing(pools: LegPools, stuck: threading.Event) -> None:
    """Each is named with its own reason."""
    answers = ask(pools, 30, lexical=failing(EngineError("x")), vector=hanging(stuck))
    assert answers.by_leg == {}
    assert answers.degraded == (Degradation("lexical", "error"), Degradation("vector", "timeout"))


def test_a_deadline_only_falls() -> None:
    """What remains shrinks to 0 and never below."""
    deadline = Deadline.after_ms(20)
    first = deadline.remaining_seconds()
    assert 0 < first <= 0.02
    time.sleep(0.03)
    assert deadline.remaining_seconds() == 0
