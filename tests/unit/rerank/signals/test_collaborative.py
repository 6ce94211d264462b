"""What people of the same taste tell of a document, by hand."""

from dataclasses import replace

import pytest

from rerank.scene import Scene
from rerank.signals.collaborative import PRIOR_CLOSENESS
from rerank.tables import Tables
from rerank.taste import place, taste
from tandem.behaviour import Deed, Who
from tests.behaviour_log import NOW
from tests.people_scenes import scene_after
from tests.scenes import said
from tests.unit.rerank.test_taste import TABLES

CANDIDATES = ("alien", "emma", "new")
SOMEBODY = Who("u")
RATED = (Deed(1, "rating", "emma", NOW - 1e6, 4.0, user_id="u"),)
ALL = ("rating_bias", "factor_taste", "expected_rating", "neighbour_taste")


def asked(tables: Tables = TABLES, who: Who | None = SOMEBODY) -> Scene:
    """By somebody who rated one."""
    return replace(scene_after(RATED, CANDIDATES, who), tables=tables)


@pytest.mark.parametrize("name", ALL)
def test_without_tables_nothing_is_known(name: str) -> None:
    """No model, no document that anybody met."""
    assert said(asked(Tables()), name) == [None] * 3


@pytest.mark.parametrize("name", ALL[1:])
def test_of_nobody_nothing_is_known(name: str) -> None:
    """Neither of somebody new."""
    assert said(asked(who=None), name) == [None] * 3
    assert said(asked(who=Who("stranger")), name) == [None] * 3


def test_the_bias_is_the_tables() -> None:
    """A document that came later has none; without ratings nobody has."""
    assert said(asked(), "rating_bias") == [1.0, 0.0, None]
    unrated = replace(TABLES, usual=float("nan"))
    assert said(asked(unrated), "rating_bias") == [None] * 3


def test_taste_is_how_far_a_document_lies_where_the_person_stands() -> None:
    """The inner product of the factors and the person's place."""
    scene = asked()
    where = place(scene)
    assert where is not None
    expected = [2.0 * where[0], -where[0]]
    assert said(scene, "factor_taste") == [*map(pytest.approx, expected), None]
    assert said(scene, "expected_rating") == [
        pytest.approx(1.0 + 0.5 * expected[0]),
        pytest.approx(0.5 * expected[1]),
        None,
    ]


def test_neighbours_count_by_how_close_they_are() -> None:
    """The one neighbour that was rated; a document without one is as good as any."""
    scene = asked()
    residual = taste(scene).residuals[0]
    assert said(scene, "neighbour_taste") == [
        pytest.approx(0.5 * residual / (0.5 + PRIOR_CLOSENESS)),
        0.0,
        None,
    ]


def test_a_document_has_its_value_whatever_stands_beside_it() -> None:
    """Training sees ten that were shown, serving a hundred: to the last bit the same."""
    alone = replace(scene_after(RATED, ["alien"], Who("u")), tables=TABLES)
    for name in ALL:
        assert said(alone, name)[0] == said(asked(), name)[0]
