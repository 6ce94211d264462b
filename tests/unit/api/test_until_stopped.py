"""What lasts until somebody stops it."""

import signal
import threading
from types import SimpleNamespace
from typing import cast

import pytest

from api.owner import Owner
from api.until_stopped import stopped_by_signal, until_set


def test_a_second_signal_does_not_disturb_the_first() -> None:
    """It comes while the first one is obeyed, amid a lock; afterwards all is as it was."""
    before, stops = signal.getsignal(signal.SIGTERM), list[int]()

    def obey() -> None:
        stops.append(1)
        if len(stops) < 3:
            signal.raise_signal(signal.SIGTERM)

    with stopped_by_signal(cast("Owner", SimpleNamespace(stop=obey))) as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
    assert len(stops) == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_ends_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, with the code of a process that was ended by it."""
    codes = list[int]()
    monkeypatch.setattr("os._exit", codes.append)
    with stopped_by_signal(None, ends_at_second=True) as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        assert codes == []
        signal.raise_signal(signal.SIGTERM)
    assert codes == [143]


def test_a_signal_that_another_thread_is_given_is_heard() -> None:
    """The main thread is not woken by it, and sees it all the same."""
    is_in_vain = threading.Event()

    with stopped_by_signal(None) as stop:

        def late() -> None:
            is_in_vain.set()
            stop.set()

        def take() -> None:
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

        taker, giving_up = threading.Timer(0.1, take), threading.Timer(30, late)
        for timer in (taker, giving_up):
            timer.start()
        until_set(stop)
        giving_up.cancel()
        for timer in (taker, giving_up):
            timer.join()
    assert not is_in_vain.is_set()
