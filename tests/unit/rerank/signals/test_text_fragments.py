"""Parts of the query's words in a document."""

import math

import pytest

from rerank.facts import Facts
from tests.scenes import facts, query_words, said, scene_of


def test_what_is_not_known() -> None:
    """No word in the query, no content, no candidate."""
    assert said(scene_of(facts("a", body="fox")), "fragments") == [None]
    words = query_words("fox")
    assert said(scene_of("a", Facts("b"), words=words), "fragments") == [None, None]
    assert said(scene_of(words=words), "fragments") == []


def test_parts_count() -> None:
    """``_fox_`` has the fragments _fo, fox, ox_; foxes has two of them, box one, den none."""
    scene = scene_of(
        facts("a", body="den"),
        "unknown",
        facts("b", title="foxes"),
        facts("c", body="box"),
        facts("d", body="fox", title="den"),
        words=query_words("fox fox"),
    )
    none, one, two, whole = (said(scene, "fragments")[row] for row in (0, 3, 2, 4))
    assert said(scene, "fragments")[1] is None
    assert [none, whole] == pytest.approx([0.0, 1.0])
    # every fragment is held by two of the four that are known: they weigh the same
    assert [one, two] == pytest.approx([1 / 3, 2 / 3])


def test_what_fewer_hold_weighs_more() -> None:
    """``red`` stands in both, ``fox`` in one."""
    scene = scene_of(
        facts("a", body="red"), facts("b", body="red fox"), words=query_words("red fox")
    )
    common, rare = math.log(3 / 2.5), math.log(3 / 1.5)
    share = common / (common + rare)
    assert said(scene, "fragments") == [pytest.approx(share), pytest.approx(1.0)]
