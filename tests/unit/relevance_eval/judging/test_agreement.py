"""Cohen's kappa: against tables of the literature, and against a slow reading of its formula."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from relevance_eval.judging.agreement import GRADE_COUNT, Agreement, agreement, agreements
from relevance_eval.judging.ratings import Place


def of_pairs(pairs: Sequence[tuple[int | None, int | None]], per_query: int = 5) -> Agreement:
    """Two raters who gave those grades, some documents a query."""
    places = [Place(f"q{at // per_query}", f"d{at}") for at in range(len(pairs))]
    ones = {place: one for place, (one, _) in zip(places, pairs, strict=True)}
    others = {place: other for place, (_, other) in zip(places, pairs, strict=True)}
    return agreement("ann", "ben", ones, others)


def test_a_table_of_a_textbook() -> None:
    """J. Fleiss, "Statistical Methods for Rates and Proportions": 20, 5, 10, 15 of 50 give 0.4."""
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5
    pairs += [(0, 1)] * 10 + [(0, 0)] * 15
    found = of_pairs(pairs)
    assert found.same == pytest.approx(0.7)
    assert found.kappas["unweighted"].value == pytest.approx(0.4)
    assert found.kappas["linear"].value == pytest.approx(0.4), "of two grades all weights are one"
    assert found.table[1][:2] == [5, 20]


@pytest.mark.parametrize(("name", "power"), [("unweighted", 0), ("linear", 1), ("quadratic", 2)])
def test_weights_are_what_they_are_called(name: str, power: int) -> None:
    """Every pair of ratings against every other one: chance is to meet a stranger's grade."""
    random = np.random.default_rng(5)
    ones = random.integers(0, GRADE_COUNT, 60)
    others = np.clip(ones + random.integers(-1, 2, 60), 0, 3)

    def apart(one: int, other: int) -> float:
        return 0.0 if one == other else float(abs(one - other) ** power)

    observed = np.mean([apart(int(a), int(b)) for a, b in zip(ones, others, strict=True)])
    expected = np.mean([apart(int(a), int(b)) for a, b in product(ones, others)])
    found = of_pairs([(int(a), int(b)) for a, b in zip(ones, others, strict=True)]).kappas[name]
    assert found.value == pytest.approx(1 - observed / expected)
    assert found.low is not None
    assert found.high is not None
    assert found.value is not None
    assert found.low < found.value < found.high


def test_full_and_no_agreement() -> None:
    """1 with an interval of no width, 0 for strangers, below 0 for opponents."""
    same = of_pairs([(grade, grade) for grade in range(4)] * 10)
    assert same.kappas["quadratic"] == (1.0, 1.0, 1.0)
    strangers = of_pairs([(a, b) for a in range(4) for b in range(4)] * 4, per_query=16)
    assert strangers.kappas["unweighted"].value == pytest.approx(0.0)
    opponents = of_pairs([(0, 3), (3, 0)] * 10)
    assert opponents.kappas["linear"].value == pytest.approx(-1.0)


def test_what_cannot_be_said_is_not_said() -> None:
    """One grade throughout has no kappa, one query no interval, and nobody's pairs have nothing."""
    flat = of_pairs([(2, 2)] * 10)
    assert flat.same == 1.0
    assert flat.kappas["linear"] == (None, None, None)
    single = of_pairs([(2, 2), (1, 2), (0, 0)], per_query=3)
    assert single.kappas["linear"].value is not None
    assert single.kappas["linear"].low is None
    rare = of_pairs([(0, 0)] * 9 + [(1, 1)], per_query=5)
    assert rare.kappas["linear"] == (1.0, None, None), "a quarter of the resamples are flat"
    empty = of_pairs([(None, 1), (2, None)])
    assert (empty.pairs, empty.queries, empty.same) == (0, 0, None)
    assert empty.kappas["linear"].value is None


def test_the_interval_is_over_queries() -> None:
    """The same grades in fewer queries are known less well."""
    random = np.random.default_rng(1)
    noise = random.random(40) < 0.5
    pairs = []
    for at in range(200):
        other = at % 4 if noise[at // 5] else (at + 1) % 4
        pairs.append((at % 4, other))

    def width(per_query: int) -> float:
        found = of_pairs(pairs, per_query).kappas["unweighted"]
        assert found.high is not None
        assert found.low is not None
        return found.high - found.low

    assert width(5) > 1.5 * width(1)


def test_every_two_are_compared() -> None:
    """By name, in no other order."""
    place = Place("q", "d")
    said = {"c": {place: 1}, "a": {place: 1}, "b": {place: 2}}
    assert [(each.first, each.second) for each in agreements(said)] == [
        ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip
    assert agreements({"a": {place: 1}}) == []
