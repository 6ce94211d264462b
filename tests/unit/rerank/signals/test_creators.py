"""What is thought of the other documents of a creator, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from rerank.tables import Tables, ValueTable
from tests.people_scenes import scene_after
from tests.scenes import said
from tests.unit.rerank.signals.test_session import CANDIDATES, FILMS, SCHEMA

TABLES = Tables(
    values={
        "maker": ValueTable(("scott",), np.array([0.5], np.float32), np.array([12.0], np.float32)),
        "genres": ValueTable(
            ("horror", "space"), np.array([1.0, -0.5], np.float32), np.array([4, 2], np.float32)
        ),
    }
)
SCENE = scene_after([], CANDIDATES, schema=SCHEMA, facts=FILMS)


def test_without_tables_or_documents_nothing_is_known() -> None:
    """No model, and documents that cannot be read."""
    for name in ("value_rating.maker", "value_ratings.maker"):
        assert said(SCENE, name) == [None] * 5
        assert said(replace(SCENE, tables=TABLES, facts={}), name) == [None] * 5


def test_a_document_is_expected_to_be_like_its_creators_others() -> None:
    """Comedy was never rated; of several values the mean counts."""
    scene = replace(SCENE, tables=TABLES)
    assert said(scene, "value_rating.maker") == [0.5, None, None, 0.5, None]
    assert said(scene, "value_ratings.maker") == [12.0, None, None, 12.0, None]
    assert said(scene, "value_rating.genres") == [
        pytest.approx(0.25),
        pytest.approx(-0.5),
        None,
        None,
        None,
    ]
