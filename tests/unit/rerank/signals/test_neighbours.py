"""What the best candidates say of the others, by hand."""

import math

import pytest

from rerank.facts import Facts
from tandem.rankings import Evidence, Ranking
from tests.scenes import answered, facts, said, scene_of

FEATURE = "words_of_best"


def scored(*scores: float) -> Ranking:
    """Candidates of which words alone say something."""
    return answered(*((Evidence("lexical", 1, score, 0.0),) for score in scores))


def test_what_is_not_known() -> None:
    """Nobody else's content, one's own, no candidate."""
    assert said(scene_of(), FEATURE) == []
    assert said(scene_of(facts("a", body="fox"), Facts("b")), FEATURE) == [None, None]
    known = scene_of(facts("a", body="fox"), "x", facts("b", body="fox"))
    assert said(known, FEATURE) == [
        pytest.approx(math.log(1.5)),
        None,
        pytest.approx(math.log(1.5)),
    ]


def test_the_words_of_the_best() -> None:
    """``d`` shares a word with the best, ``e`` none; the best are not likened to themselves."""
    scene = scene_of(
        facts("a", body="wing lift"),
        facts("b", body="lift"),
        facts("c", body="heat"),
        facts("d", body="wing"),
        facts("e", body="other"),
        candidates=scored(8.0, 1.0, 0.5, 0.1, 0.1),
    )
    first, second, third, fourth, fifth = said(scene, FEATURE)
    # wing and lift are held by two of five each: a's direction is (1, 1) / sqrt 2
    assert fourth == pytest.approx(math.log(6 / 2) / math.sqrt(2), rel=1e-5)
    assert second == pytest.approx(fourth, rel=1e-5)
    assert fifth == 0.0
    assert third == pytest.approx(0.0)
    # a beside b and c, where b, with twice the score, counts 2^8 times as much
    assert first == pytest.approx(math.log(6 / 2) / math.sqrt(2) * 256 / 257, rel=1e-5)


def test_a_long_text_has_no_advantage() -> None:
    """A word counts less in a text that has more of others."""
    scene = scene_of(
        facts("a", body="wing"),
        facts("b", title="wing", body="one two three"),
        facts("c", body="wing"),
        candidates=scored(4.0, 1.0, 2.0),
    )
    _, long, short = said(scene, FEATURE)
    assert long == pytest.approx(short / 2, rel=1e-2)


def test_nothing_told_them_apart() -> None:
    """Without a score the first ones stand for what is looked for, alike."""
    scene = scene_of(facts("a", body="wing"), facts("b", body="wing"), candidates=scored(0.0, 0.0))
    assert said(scene, FEATURE) == [pytest.approx(math.log(1.5))] * 2
    # what counts next to nothing is still all that there is to liken the best one to
    scene = scene_of(facts("a", body="wing"), facts("b", body="wing"), candidates=scored(1.0, 0.0))
    assert said(scene, FEATURE) == [pytest.approx(math.log(1.5))] * 2
