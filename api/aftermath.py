"""What follows from a switch that is made: it may fail, but the switch stands."""

from collections.abc import Callable

from tandem.catalog.releases import Release
from tandem.telemetry import logger


def afterwards(release: Release, *steps: Callable[[], object]) -> Release:
    """Take the steps, up to the first that fails; that is a warning, since the release is live and
    whoever asked must not read that nothing is.
    """
    try:
        for step in steps:
            step()
    except Exception as error:  # whatever it is, what is live is live
        logger("api").warning(
            "release %s is live; what follows from it is left to the next promotion or start: %s",
            release.number,
            error,
        )
    return release
