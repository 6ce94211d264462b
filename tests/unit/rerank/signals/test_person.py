"""What a person's own past says: of somebody known, of somebody new, and of nobody."""

import pytest

from tandem.behaviour import Deed, Who
from tests.behaviour_log import NOW
from tests.people_scenes import scene_after
from tests.scenes import said

DAY = 86_400.0
ROWS = (
    Deed(1, "click", "a", NOW - 2 * DAY, user_id="u"),
    Deed(2, "rating", "b", NOW - DAY, 5.0, user_id="u"),
    Deed(3, "rating", "b", NOW + DAY, 4.0, user_id="u"),
    Deed(4, "rating", "c", NOW, 1.0, user_id="other"),
    Deed(5, "click", "c", NOW, client_id="c"),
)
USUAL = 10 / 3
MEAN = (4 + 5 * USUAL) / 6


@pytest.mark.parametrize(
    ("signal", "values"),
    [
        ("person_count", [3, 3, 3]),
        ("person_rating", [MEAN, MEAN, MEAN]),
        ("seen", [0, 1, 1]),
        ("seen_age", [None, 0, 2]),  # a clock that is ahead was not ahead of its deed
        ("own_rating", [None, 4 - MEAN, None]),
    ],
)
def test_by_hand(signal: str, values: list[float | None]) -> None:
    """What others did, on another device too, is not theirs."""
    found = said(scene_after(ROWS, ["c", "b", "a"], Who("u")), signal)
    assert found == [value if value is None else pytest.approx(value) for value in values]


@pytest.mark.parametrize("signal", ["person_count", "seen", "seen_age", "person_rating"])
def test_nobody(signal: str) -> None:
    """Of a search without any id all is unknown, and so of one whose past could not be read."""
    assert said(scene_after(ROWS, ["a", "b"]), signal) == [None, None]


def test_somebody_new() -> None:
    """That nothing was done is known; a mean is not."""
    scene = scene_after(ROWS, ["a", "b"], Who("new"))
    assert said(scene, "person_count") == [0, 0]
    assert said(scene, "seen") == [0, 0]
    assert said(scene, "seen_age") == said(scene, "own_rating") == [None, None]
    assert said(scene, "person_rating") == [None, None]


def test_a_client_is_somebody() -> None:
    """Who gives no user id is known by the device."""
    scene = scene_after(ROWS, ["c"], Who(client_id="c"))
    assert said(scene, "seen") == [1]
    assert said(scene, "person_count") == [1]
