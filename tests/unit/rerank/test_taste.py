"""What somebody liked beyond what is usual, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from rerank.scene import Scene
from rerank.tables import Tables
from rerank.taste import NOISE, place, taste
from tandem.behaviour import Deed, Who
from tests.behaviour_log import NOW
from tests.people_scenes import scene_after

TABLES = Tables(
    document_ids=("alien", "emma"),
    usual=3.0,
    spread=0.5,
    biases=np.array([1.0, 0.0], np.float32),
    factors=np.array([[2.0], [-1.0]], np.float32),
    neighbours=np.array([[1], [0]], np.int32),
    closeness=np.array([[0.5], [0.5]], np.float32),
)


def asked(*deeds: tuple[str, str, float | None], tables: Tables = TABLES) -> Scene:
    """By somebody who did this."""
    rows = [
        Deed(number, action, name, NOW - 1e6 + number, value, user_id="u")
        for number, (action, name, value) in enumerate(deeds, start=1)
    ]
    return replace(scene_after(rows, ["alien", "emma", "new"], Who("u")), tables=tables)


def test_without_a_past_there_is_no_taste() -> None:
    """Nothing is liked, and nobody stands anywhere."""
    scene = asked()
    assert not len(taste(scene).residuals)
    assert place(scene) is None


def test_a_rating_says_what_it_is_beyond_the_usual() -> None:
    """4 for what everybody rates 4 says nothing but that this person is not strict."""
    found = taste(asked(("rating", "alien", 4.0), ("rating", "emma", 4.0)))
    # beyond what is usual 0 and 1, less the shrunk mean 1 / (2 + 5), in spreads of 0.5
    assert found.document_ids == ("alien", "emma")
    assert found.residuals.tolist() == pytest.approx([-2 / 7, 2 - 2 / 7])


def test_what_was_chosen_is_liked_unless_it_was_rated() -> None:
    """The most that choosing it was worth, and the last rating before that."""
    found = taste(
        asked(("purchase", "emma", None), ("click", "emma", None), ("click", "alien", None))
    )
    assert dict(zip(found.document_ids, found.residuals.tolist(), strict=True)) == pytest.approx(
        {"emma": 2.0, "alien": 1.0}
    )
    rated = taste(asked(("click", "emma", None), ("rating", "emma", 1.0)))
    assert rated.document_ids == ("emma",)
    assert rated.residuals[0] < 0


def test_without_tables_a_person_is_their_own_measure() -> None:
    """Above and below their own mean."""
    found = taste(asked(("rating", "x", 5.0), ("rating", "y", 1.0), tables=Tables()))
    assert found.rows.tolist() == [-1, -1]
    assert found.residuals.tolist() == pytest.approx([2.0, -2.0])


def test_the_place_is_ridge_regression() -> None:
    """Of one residual over one factor: x r / (x² + noise)."""
    scene = asked(("rating", "emma", 4.0), ("rating", "new", 3.0))
    residual = taste(scene).residuals[0]
    where = place(scene)
    assert where is not None
    assert where.tolist() == pytest.approx([-residual / (1.0 + NOISE)])


def test_nobody_stands_among_factors_of_other_documents() -> None:
    """A past of documents that were in no table."""
    assert place(asked(("rating", "new", 5.0))) is None
    assert place(asked(("rating", "emma", 5.0), tables=Tables())) is None
