"""Nobody waits here."""

from dataclasses import dataclass, field

import pytest

from tandem.client import patience


@dataclass
class Clock:
    """Passes when somebody pauses; ``paused`` says for how long each did."""

    now: float = 1_000.0
    paused: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """What time it is."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """A pause."""
        self.paused.append(seconds)
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The one that pauses between tries go by."""
    clock = Clock()
    monkeypatch.setattr(patience, "monotonic", clock.monotonic)
    monkeypatch.setattr(patience, "sleep", clock.sleep)
    return clock
