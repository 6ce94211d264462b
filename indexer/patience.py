"""Bearing with what fails for a while: a catalogue that restarts, an engine that hiccups."""

import time
from collections.abc import Callable
from typing import TypeVar

from tandem.errors import CatalogError
from tandem.telemetry import logger

PATIENCE_SECONDS = 60.0
"""How long an engine or the catalogue may fail before the work on it gives up."""

RETRY_SECONDS = 0.5
Result = TypeVar("Result")


class Patience:
    """Runs out when one trouble lasts too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def restore(self) -> None:
        """The trouble is over."""
        self._since = None

    def is_over(self) -> bool:
        """Whether the trouble, which goes on, lasts too long; it begins with the first call."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        return now - self._since > self._seconds


def may_pass(error: CatalogError) -> bool:
    """Whether it may be gone soon, as when the database restarts. The errors of a kind of their own
    say what stands in the catalogue, and that does not pass.
    """
    return type(error) is CatalogError


def patiently(call: Callable[[], Result]) -> Result:
    """Call it until the catalogue answers.

    Raises:
        CatalogError: it did not for too long, or what it says will not pass.
    """
    patience = Patience(PATIENCE_SECONDS)
    while True:
        try:
            return call()
        except CatalogError as error:
            if not may_pass(error) or patience.is_over():
                raise
            logger("indexer").warning("trying again: %s", error)
            time.sleep(RETRY_SECONDS)
