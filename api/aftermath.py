"""What follows from a switch that is made: it may fail, but the switch stands."""

from collections.abc import Callable

from tandem.catalog.releases import Release
from tandem.telemetry import logger


def afterwards(release: Release, stop: Callable[[], None], *steps: Callable[[], object]) -> Release:
    """Take the steps, up to the first that fails or is interrupted; that is a warning, since the
    release is live and whoever asked must not read that nothing is. ``stop`` is the answer to
    Control-C.
    """
    try:
        for step in steps:
            step()
    except KeyboardInterrupt:
        stop()
        _tell(release, "stopped")
    except Exception as error:  # whatever it is, what is live is live
        _tell(release, error)
    return release


def _tell(release: Release, reason: object) -> None:
    logger("api").warning(
        "release %s is live; what follows from it is left to the next promotion or start: %s",
        release.number,
        reason,
    )
