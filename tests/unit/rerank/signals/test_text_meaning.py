"""What vectors say of a query, by hand."""

import numpy as np
import pytest

from rerank.facts import Facts
from tests.scenes import said, scene_of

ASKED = np.array([0.6, 0.8], dtype=np.float32)


def towards(document_id: str, *direction: float, focus: float = 1.0) -> Facts:
    """A document whose passages' mean has that direction."""
    return Facts(document_id, vector=np.array(direction, dtype=np.float32), focus=focus)


def test_what_is_not_known() -> None:
    """No vector of the query, of the document, or no candidate."""
    assert said(scene_of(towards("a", 1, 0)), "vector_mean") == [None]
    scene = scene_of("unknown", Facts("a"), query_vector=ASKED)
    assert said(scene, "vector_mean") == [None, None]
    assert said(scene_of(query_vector=ASKED), "vector_mean") == []


def test_the_mean_over_passages() -> None:
    """The passages of a are alike, those of b point two ways: their mean is 0.5 long."""
    scene = scene_of(
        towards("a", 1, 0), Facts("c"), towards("b", 0, 1, focus=0.5), query_vector=ASKED
    )
    assert said(scene, "vector_mean") == [pytest.approx(0.6), None, pytest.approx(0.4)]
