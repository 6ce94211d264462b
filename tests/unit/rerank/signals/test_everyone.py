"""What everyone's signals say: of what was met, of what nobody met, and before anything happened.

What the numbers mean is in ``test_everyone`` one level up.
"""

import pytest

from rerank.everyone import Everyone
from rerank.scene import Scene
from tandem.behaviour import Deed, Shown
from tests.behaviour_log import NOW
from tests.people_scenes import scene_after
from tests.scenes import said

ROWS = (
    Shown(1, "q", NOW, ("a", "b"), (1, 2), (1.0, 1.0)),
    Deed(2, "click", "a", NOW, query_id="q", position=1),
    Deed(3, "purchase", "a", NOW, query_id="q"),
    Deed(4, "rating", "a", NOW, 5.0),
    Deed(5, "rating", "b", NOW, 1.0),
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """B is the first candidate, then one that nobody met."""
    return scene_after(ROWS, ["b", "new", "a"])


@pytest.mark.parametrize(
    ("signal", "values"),
    [
        ("shown", [1, 0, 1]),
        ("chosen", [0, 0, 2]),
        ("purchased", [0, 0, 1]),
        ("rated", [1, 0, 1]),
        ("rating", [16 / 6, 3, 20 / 6]),
        ("popularity_1d", [1, 0, 3]),
        ("popularity_7d", [1, 0, 3]),
        ("popularity_30d", [1, 0, 3]),
    ],
)
def test_by_hand(scene: Scene, signal: str, values: list[float]) -> None:
    """In the order of the candidates."""
    assert said(scene, signal) == pytest.approx(values)


def test_click_through(scene: Scene) -> None:
    """What nobody met is as good as any."""
    not_clicked, new, clicked = said(scene, "click_through")
    assert new == 1
    assert not_clicked is not None
    assert clicked is not None
    assert not_clicked < 1 < clicked


def test_trend(scene: Scene) -> None:
    """What is met for the first time rises, the more the more it is met."""
    met, new, more = said(scene, "trend")
    assert new == 0
    assert met is not None
    assert more is not None
    assert 0 < met < more


@pytest.mark.parametrize("everyone", [None, Everyone()])
def test_before_anything_happened(everyone: Everyone | None) -> None:
    """Counts are 0; what would be shrunk to a mean of all is unknown, as there is none."""
    scene = scene_after((), ["a", "b"])
    if everyone is not None:
        scene = Scene(scene.query, scene.schema, scene.candidates, NOW)
    nothing = {"shown", "chosen", "purchased", "rated", "popularity_1d", "trend"}
    assert all(said(scene, signal) == [0, 0] for signal in nothing)
    assert said(scene, "click_through") == said(scene, "rating") == [None, None]


def test_no_candidates() -> None:
    """Nothing is said of nothing."""
    assert said(scene_after(ROWS, []), "click_through") == []
