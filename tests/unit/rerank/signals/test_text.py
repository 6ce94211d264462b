"""The words of a query in texts, by hand and against a plain way to count."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.text_matching import MOST_TERMS, matches, terms
from tests.builders import schema_of
from tests.scenes import facts, query_words, said, scene_of

OF_WORDS = [
    "field_bm25.body", "field_coverage.body", "coverage", "rarest_word", "field_window.body",
    "title_is_query", "title_matched",
]  # fmt: skip
OF_PAIRS = ["field_bigrams.body", "field_near.body"]


@pytest.mark.parametrize("feature", [*OF_WORDS, *OF_PAIRS])
def test_a_query_without_words(feature: str) -> None:
    """Stop words alone, or another document as the question: nothing can be said."""
    scene = scene_of(facts("a", title="fox", body="red fox"))
    assert said(scene, feature) == [None]


@pytest.mark.parametrize("feature", [*OF_WORDS, *OF_PAIRS])
def test_a_document_of_which_nothing_is_known(feature: str) -> None:
    """It alone is NaN; a known one beside it is not."""
    known = facts("a", title="red fox", body="red fox")
    words = query_words("red fox")
    first, second = said(scene_of(known, "b", words=words), feature)
    assert (first is None, second) == (False, None)
    assert said(scene_of("b", words=words), feature) == [None]


@pytest.mark.parametrize("feature", [*OF_WORDS, *OF_PAIRS])
def test_no_candidates(feature: str) -> None:
    """Nothing in, nothing out."""
    assert said(scene_of(words=query_words("red fox")), feature) == []


@pytest.mark.parametrize("feature", [*OF_WORDS[:-1], *OF_PAIRS])
def test_a_document_without_texts(feature: str) -> None:
    """It holds none of the words, which is known: 0."""
    scene = scene_of(facts("a"), words=query_words("red fox"))
    assert said(scene, feature) == [0.0]


@pytest.mark.parametrize("feature", OF_PAIRS)
def test_one_word_makes_no_pair(feature: str) -> None:
    """Nor does the same word twice."""
    body = facts("a", body="fox fox")
    assert said(scene_of(body, words=query_words("fox")), feature) == [None]
    assert said(scene_of(body, words=query_words("fox fox")), feature) == [None]


def test_bm25() -> None:
    """By hand: a of 2 words holds both once, b of 6 holds fox twice; the mean is 4 words."""
    scene = scene_of(
        facts("a", body="red fox"),
        facts("b", body="fox dog fox dog dog dog"),
        facts("c", body="dog dog dog dog"),
        words=query_words("red fox", {"red": 2.0}),
    )
    a = (2.0 + 1.0) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 4))
    b = 1.0 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 6 / 4))
    assert said(scene, "field_bm25.body") == pytest.approx([a, b, 0.0])


def test_coverage_is_weighted() -> None:
    """A rare word counts more; in all fields together counts what any of them holds."""
    scene = scene_of(
        facts("a", title="red", body="dog"),
        facts("b", title="dog", body="fox red fox"),
        facts("c", title="fox", body="red"),
        words=query_words("red fox fox", {"fox": 3.0}),
    )
    assert said(scene, "field_coverage.title") == [0.25, 0.0, 0.75]
    assert said(scene, "field_coverage.body") == [0.0, 1.0, 0.25]
    assert said(scene, "coverage") == [0.25, 1.0, 1.0]
    assert said(scene, "rarest_word") == [0.0, 1.0, 1.0]


def test_every_text_field_has_its_own() -> None:
    """Declared ones too; they count for the whole document."""
    scene = scene_of(
        facts("a", abstract="red fox"),
        words=query_words("red fox"),
        schema=schema_of(abstract="text"),
    )
    assert said(scene, "field_coverage.abstract") == [1.0]
    assert said(scene, "field_coverage.body") == [0.0]
    assert said(scene, "coverage") == [1.0]


def test_words_that_weigh_nothing() -> None:
    """Where every document holds every word, no share of the weight can be told."""
    scene = scene_of(facts("a", body="red fox"), words=query_words("red", {"red": 0.0}))
    assert said(scene, "field_coverage.body") == [None]
    assert said(scene, "field_bm25.body") == [0.0]


def test_bigrams_keep_their_order() -> None:
    """Side by side as in the query, and not the last word of one text and the first of the next."""
    scene = scene_of(
        facts("a", body="quick red fox"),
        facts("b", body="fox red"),
        facts("c", body="fox"),
        facts("d", body="red dog fox"),
        words=query_words("red fox jumps", {"jumps": 3.0}),
    )
    # the pairs weigh 1 + 1 and 1 + 3
    assert said(scene, "field_bigrams.body") == pytest.approx([1 / 3, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(("between", "expected"), [(0, 1.0), (6, 1.0), (7, 0.0)])
def test_near_is_eight_words(between: int, expected: float) -> None:
    """Both words count among the eight, whichever is first."""
    gap = " dog" * between
    words = query_words("red fox")
    there, back = facts("a", body=f"red{gap} fox"), facts("b", body=f"fox{gap} red")
    assert said(scene_of(there, back, words=words), "field_near.body") == [expected] * 2


def test_the_best_window() -> None:
    """Thirty words on end: the 31st is outside, and so is another document's text."""
    near, far = " dog" * 28, " dog" * 29
    scene = scene_of(
        facts("a", body=f"red{near} fox"),
        facts("b", body=f"red{far} fox"),
        facts("c", body=f"fox{far} red fox"),
        facts("d", body="fox"),
        words=query_words("red fox", {"fox": 3.0}),
    )
    assert said(scene, "field_window.body") == [1.0, 0.75, 1.0, 0.75]


@pytest.mark.parametrize(
    ("title", "is_query", "matched"),
    [
        ("red fox", 1.0, 1.0),
        ("fox red", 0.0, 1.0),
        ("red fox den", 0.0, 2 / 3),
        ("red", 0.0, 1.0),
        ("dog", 0.0, 0.0),
        ("", 0.0, None),
    ],
)
def test_titles(title: str, is_query: float, matched: float | None) -> None:
    """The same words in the same order, or a part of them."""
    scene = scene_of(facts("a", title=title), words=query_words("red fox"))
    assert said(scene, "title_is_query") == [is_query]
    assert said(scene, "title_matched") == [matched if matched is None else pytest.approx(matched)]


def test_a_long_query_is_known_by_its_rarest_words() -> None:
    """What is frequent is left out, and so are pairs with it."""
    weights = {f"w{number}": 1.0 + number for number in range(MOST_TERMS + 1)}
    scene = scene_of(words=query_words(" ".join(weights), weights))
    kept = terms(scene)
    assert len(kept) == MOST_TERMS
    assert kept.weights.min() == 2.0
    assert kept.pairs.tolist() == [[n, n + 1] for n in range(MOST_TERMS - 1)]


TEXTS = st.lists(st.sampled_from("abcxyz"), max_size=40)


@given(st.lists(TEXTS, min_size=1, max_size=5), st.lists(st.sampled_from("abc"), min_size=1))
def test_matches_against_a_plain_count(texts: list[list[str]], asked: list[str]) -> None:
    """Counts and windows are what looking at every text word by word finds."""
    documents = [facts(str(number), body=" ".join(text)) for number, text in enumerate(texts)]
    scene = scene_of(*documents, words=query_words(" ".join(asked)))
    found, distinct = matches(scene, "body"), list(dict.fromkeys(asked))
    assert found is not None
    assert found.counts.tolist() == [[text.count(word) for word in distinct] for text in texts]
    windows = [
        max((len({*asked} & {*text[at : at + 30]}) for at in range(len(text))), default=0)
        for text in texts
    ]
    assert found.best_window(30) == pytest.approx(np.array(windows) / len(distinct))
    pairs = list(dict.fromkeys(p for p in pairwise(asked) if p[0] != p[1]))
    if pairs:
        held = [[p in pairwise(text) for p in pairs] for text in texts]
        shares = found.pairs_within(1, in_order=True)
        assert shares == pytest.approx([sum(row) / len(pairs) for row in held])


def test_query_signals() -> None:
    """The same for every candidate; a repeated word counts once."""
    scene = scene_of("a", "b", words=query_words("red fox red", {"fox": 4.0}))
    assert said(scene, "query_words") == [2.0, 2.0]
    assert said(scene, "query_rarity") == [2.5, 2.5]
    assert said(scene, "query_rarest") == [4.0, 4.0]


@pytest.mark.parametrize("feature", ["query_words", "query_rarity", "query_rarest"])
def test_of_a_query_without_words_nothing_is_said(feature: str) -> None:
    """There may be a text all the same, of stop words."""
    assert said(scene_of("a"), feature) == [None]


def test_nothing_overflows() -> None:
    """A word of an enormous weight."""
    scene = scene_of(facts("a", body="red"), words=query_words("red fox", {"red": 1e300}))
    assert said(scene, "field_coverage.body") == [1.0]
    assert math.isfinite(said(scene, "field_bm25.body")[0] or 0.0)
