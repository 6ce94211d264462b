"""What cannot be used at the moment, beside what can: told once, and tried again later."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from tandem.errors import TandemError
from tandem.telemetry import logger

RETRY_SECONDS = 5.0
"""Until what failed is tried again."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why something failed, and when that was found."""

    error: TandemError
    at: float


class Troubles:
    """By name, why something cannot be used. ``told`` is what the log says of it."""

    def __init__(self, told: str) -> None:
        self._told = told
        self._troubles: dict[str, _Trouble] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._troubles

    def __iter__(self) -> Iterator[TandemError]:
        """Every error there is at the moment."""
        return iter([trouble.error for trouble in self._troubles.values()])

    def may_try(self, name: str) -> bool:
        """Whether it has not failed, or long enough ago."""
        trouble = self._troubles.get(name)
        return trouble is None or time.monotonic() - trouble.at >= RETRY_SECONDS

    def note(self, name: str, error: TandemError) -> None:
        """It has failed; the same trouble is told once."""
        before = self._troubles.get(name)
        if before is None or str(before.error) != str(error):
            logger("api").warning("%s %s: %s", name, self._told, error)
        self._troubles[name] = _Trouble(error, time.monotonic())

    def forget(self, name: str) -> None:
        """It can be used."""
        self._troubles.pop(name, None)
