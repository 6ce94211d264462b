"""What lasts until somebody stops it."""

import signal
from types import SimpleNamespace
from typing import cast

import pytest

from api.owner import Owner
from api.until_stopped import stopped_by_signal


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
