"""How taste speaks for a document's content, by hand."""

from dataclasses import replace
from math import exp

import pytest

from rerank.facts import Facts
from rerank.scene import Scene
from rerank.signals.taste import PRIOR_ALIKE, PRIOR_DEEDS, PRIOR_NEAR, SHARPNESS
from rerank.tables import Tables
from rerank.taste import taste
from tandem.behaviour import Deed, Who
from tests.behaviour_log import NOW
from tests.people_scenes import scene_after
from tests.scenes import said
from tests.unit.rerank.signals.test_session import CANDIDATES, FILMS, SCHEMA

TABLES = Tables(widths={"year": 10.0})
SOMEBODY = Who("u")
RATED = (
    Deed(1, "rating", "alien", NOW - 1e6, 5.0, user_id="u"),
    Deed(2, "rating", "emma", NOW - 1e6, 2.0, user_id="u"),
)
LIKED, DISLIKED = 1.5, -1.5
YEARS = {"alien": 1979.0, "emma": 1996.0, "moon": 1989.0}
DATED = {
    name: item._replace(numbers={"year": YEARS[name]} if name in YEARS else {})
    for name, item in FILMS.items()
}
ALL = (
    "affinity.genres",
    "closeness.year",
    "vector_taste",
    "liked_similarity",
    "disliked_similarity",
)


def asked(
    rows: tuple[Deed, ...] = RATED,
    who: Who | None = SOMEBODY,
    facts: dict[str, Facts] = DATED,
    tables: Tables = TABLES,
) -> Scene:
    """By somebody who liked one and disliked another."""
    scene = scene_after(rows, CANDIDATES, who, schema=SCHEMA, facts=facts)
    return replace(scene, tables=tables)


@pytest.mark.parametrize("name", ALL)
def test_without_a_past_nothing_is_known(name: str) -> None:
    """Nobody, somebody new, and somebody whose documents are gone."""
    assert said(asked(who=None), name) == [None] * 5
    assert said(asked(who=Who("stranger")), name) == [None] * 5
    assert said(asked(facts={}), name) == [None] * 5


def test_the_residuals_are_what_the_rest_expects() -> None:
    """A mean of 3.5 is this person's own measure."""
    assert taste(asked()).residuals.tolist() == pytest.approx([LIKED, DISLIKED])


def test_affinity_is_shrunk_and_a_mean_over_values() -> None:
    """Horror and space were liked, comedy was not; a film without genres is unknown."""
    one = LIKED / (1 + PRIOR_DEEDS)
    assert said(asked(), "affinity.genres") == [
        *map(pytest.approx, (one, one, -one)),
        None,
        None,
    ]
    assert said(asked(), "affinity.maker") == [
        pytest.approx(one),
        None,
        None,
        pytest.approx(one),
        None,
    ]


def test_closeness_weighs_by_distance() -> None:
    """One year of each, ten and seven years apart from the third."""
    to_alien, to_emma = exp(-1.0), exp(-0.49)
    expected = LIKED * (to_alien - to_emma) / (to_alien + to_emma + PRIOR_NEAR)
    values = said(asked(), "closeness.year")
    assert values[1] == pytest.approx(expected)
    assert values[0] is not None
    assert values[0] > 0
    assert values[3:] == [None, None]
    assert said(asked(tables=Tables()), "closeness.year") == [None] * 5


def test_vectors_near_what_was_liked_count_most() -> None:
    """At a cosine of 0.6 with what was liked, and -0.6 with what was not."""
    near, far = exp(SHARPNESS * -0.4), exp(SHARPNESS * -1.6)
    expected = LIKED * (near - far) / (near + far + PRIOR_ALIKE)
    values = said(asked(), "vector_taste")
    assert values[1] == pytest.approx(expected, rel=1e-5)
    assert values[3:] == [None, None]
    assert said(asked(), "liked_similarity")[:3] == pytest.approx([1.0, 0.6, -1.0])
    assert said(asked(), "disliked_similarity")[:3] == pytest.approx([-1.0, -0.6, 1.0])


def test_who_disliked_nothing_has_no_such_similarity() -> None:
    """Clicks alone."""
    clicked = (Deed(1, "click", "alien", NOW - 1e6, user_id="u"),)
    assert said(asked(clicked), "disliked_similarity") == [None] * 5
    assert said(asked(clicked), "liked_similarity")[0] == pytest.approx(1.0)
