"""What fails or is stopped after a switch: the switch stands, and is told."""

from datetime import UTC, datetime

import pytest

from api.aftermath import afterwards
from tandem.catalog.releases import Release

RELEASE = Release(2, "main", 3, 1, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("error", "called"),
    [
        (OSError("no room"), ["first"]),
        (KeyboardInterrupt(), ["first", "stop"]),
        (None, ["first", "last"]),
    ],
)
def test_the_steps_end_with_what_hinders_them(
    error: BaseException | None, called: list[str]
) -> None:
    """The release comes back all the same; Control-C stops what else this process does."""
    done: list[str] = []

    def hinder() -> None:
        if error is not None:
            raise error

    steps = (lambda: done.append("first"), hinder, lambda: done.append("last"))
    assert afterwards(RELEASE, lambda: done.append("stop"), *steps) is RELEASE
    assert done == called


def test_what_ends_the_process_is_not_kept_from_it() -> None:
    """An exit is no failure of a step."""

    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        afterwards(RELEASE, lambda: None, leave)
