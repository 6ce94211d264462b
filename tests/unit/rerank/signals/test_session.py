"""What was chosen in the last minutes counts at once: by hand, and where there is nothing."""

import numpy as np
import pytest

from rerank.facts import Facts
from rerank.scene import Scene
from rerank.signals.session import PRIOR_CHOICES
from tandem.behaviour import Deed, Who
from tests.behaviour_log import NOW
from tests.builders import schema_of
from tests.people_scenes import scene_after
from tests.scenes import said

SCHEMA = schema_of(genres="keyword", maker="keyword", year="integer")


def film(name: str, *genres: str, vector: tuple[float, ...] | None = None, **more: str) -> Facts:
    """What is known of one."""
    keywords = {"genres": genres, **{field: (value,) for field, value in more.items()}}
    held = {field: values for field, values in keywords.items() if values}
    return Facts(name, held, vector=None if vector is None else np.array(vector, np.float32))


FILMS = {
    item.document_id: item
    for item in (
        film("alien", "horror", "space", vector=(1.0, 0.0), maker="scott"),
        film("moon", "space", vector=(0.6, 0.8)),
        film("emma", "comedy", vector=(-1.0, 0.0)),
        film("odd", maker="scott"),
    )
}
CLICKS = (
    Deed(1, "purchase", "emma", NOW - 1e7, user_id="u"),
    Deed(2, "click", "moon", NOW - 60, user_id="u"),
    Deed(3, "add_to_cart", "alien", NOW - 30, user_id="u"),
)
CANDIDATES = ("alien", "moon", "emma", "odd", "unknown")


def after(*rows: Deed, who: Who | None = None) -> Scene:
    """The scene of whoever did that."""
    return scene_after(rows, CANDIDATES, who or Who("u"), schema=SCHEMA, facts=FILMS)


def test_affinity() -> None:
    """Clicks weigh 1, a cart 2: all that was chosen is of space, two thirds of it horror."""
    total = 3 + PRIOR_CHOICES
    assert said(after(*CLICKS), "session_affinity.genres") == [3 / total, 3 / total, 0, None, None]
    maker = 2 / (2 + PRIOR_CHOICES)  # moon has none
    assert said(after(*CLICKS), "session_affinity.maker") == [maker, None, None, maker, None]


def test_similarity() -> None:
    """To the mean direction of what was chosen, by its worth."""
    mean = np.array([2 * 1.0 + 0.6, 0.8])
    mean /= np.linalg.norm(mean)
    expected = [mean[0], mean @ np.array([0.6, 0.8]), -mean[0]]
    found = said(after(*CLICKS), "session_similarity")
    assert found[:3] == pytest.approx(expected)
    assert found[3:] == [None, None]


def test_vectors_that_cancel_point_nowhere() -> None:
    """As if nothing had been chosen."""
    both = [Deed(number, "click", name, NOW) for number, name in enumerate(("alien", "emma"), 1)]
    scene = after(*(deed._replace(user_id="u") for deed in both))
    assert said(scene, "session_similarity") == [None] * 5


@pytest.mark.parametrize(
    "rows",
    [
        (),
        CLICKS[:1],
        (Deed(1, "view", "moon", NOW, user_id="u"),),
        (Deed(1, "click", "unknown", NOW, user_id="u"),),
        (Deed(1, "click", "odd", NOW, user_id="u"),),
        (Deed(1, "click", "moon", NOW, user_id="other"),),
    ],
)
def test_nothing_of_it_was_chosen(rows: tuple[Deed, ...]) -> None:
    """In this session, by this person, or nothing of which the field is known."""
    assert said(after(*rows), "session_affinity.genres") == [None] * 5
    assert said(after(*rows), "session_similarity") == [None] * 5


def test_count() -> None:
    """Of the session alone; a session may belong to nobody."""
    assert said(after(*CLICKS), "session_count") == [2] * 5
    session = Deed(1, "click", "moon", NOW - 9e6, session_id="s")
    assert said(after(session, who=Who(session_id="s")), "session_count") == [1] * 5
    assert said(after(session), "session_count") == [0] * 5
    assert said(scene_after((session,), CANDIDATES), "session_count") == [None] * 5
