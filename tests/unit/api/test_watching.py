"""A thread that does one thing again and again: woken, failing, closed."""

import threading
import time
from contextlib import closing

from api.watching import Watch
from tests.e2e.shop import until
from tests.logs import logged

FOR_EVER = 3_600.0


def test_it_begins_at_once_and_again_when_it_is_woken() -> None:
    """Not before: the time between is long here."""
    done: list[float] = []
    watch = Watch("t", lambda: done.append(time.monotonic()), told="t", every_seconds=FOR_EVER)
    with closing(watch.start()):
        until(lambda: len(done) == 1)
        watch.wake()
        until(lambda: len(done) == 2)
    assert len(done) == 2


def test_what_wakes_it_while_it_works_is_not_lost() -> None:
    """It looks once more."""
    entered, go_on, done = threading.Event(), threading.Event(), []

    def step() -> None:
        entered.set()
        go_on.wait(30)
        done.append(1)

    with closing(Watch("t", step, told="t", every_seconds=FOR_EVER).start()) as watch:
        assert entered.wait(30)
        watch.wake()
        go_on.set()
        until(lambda: len(done) == 2)


def test_what_fails_is_tried_again_and_told_once() -> None:
    """When it went well in between, it is news."""
    faults = ["a", "a", "b", "", "b"]
    left = iter(faults)

    def step() -> None:
        fault = next(left, "")
        if fault:
            raise ValueError(fault)

    with logged() as records:
        with closing(Watch("t", step, told="no step", every_seconds=0.001).start()):
            until(lambda: len(records) == 3)
        assert [item.getMessage() for item in records] == ["no step: a", "no step: b", "no step: b"]


def test_the_end_does_not_wait_for_the_time() -> None:
    """However long it is."""
    watch = Watch("t", lambda: None, told="t", every_seconds=FOR_EVER).start()
    began = time.monotonic()
    watch.close()
    assert time.monotonic() - began < 5
