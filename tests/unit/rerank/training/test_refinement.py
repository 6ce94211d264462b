"""Ratings move factors and biases to where they belong, and leave alone what nobody rated."""

import numpy as np
import pytest

from rerank.taste import NOISE
from rerank.training import refinement
from rerank.training.opinions import PRIOR_DOCUMENT, PRIOR_PERSON, Opinions, opinions_of
from rerank.training.refinement import PRIOR_FACTORS, Floats, Floats32, refined
from tandem.behaviour import Deed


def rated(ratings: dict[tuple[str, str], float]) -> Opinions:
    """(person, document) -> rating."""
    return opinions_of(
        Deed(number, "rating", name, 0.0, value, person)
        for number, ((person, name), value) in enumerate(ratings.items())
    )


def camps(people: int = 200) -> Opinions:
    """Half of the people like ``near`` and ``twin`` and dislike ``against``, half the opposite."""
    liked = {"near": 1.0, "twin": 1.0, "against": -1.0}
    return rated(
        {
            (f"u{person}", name): 3.0 + (1.0 if person % 2 else -1.0) * sign
            for person in range(people)
            for name, sign in liked.items()
        }
    )


def test_without_ratings_all_stay() -> None:
    """Clicks say nothing of what is disliked."""
    said = opinions_of([Deed(1, "click", "a", 0.0, user_id="u")])
    placed = np.ones((1, 2), np.float32)
    found = refined(said, placed)
    assert found.factors is placed
    assert found.biases.tolist() == [0.0]


def test_ratings_tell_what_nothing_else_told() -> None:
    """One document alone was placed; who likes it likes its twin, and not the third."""
    said = camps()
    places = {"near": [1.0, 0.0], "twin": [0.0, 0.0], "against": [0.0, 0.0]}
    placed = np.array([places[name] for name in said.document_ids], np.float32)
    factors = dict(zip(said.document_ids, refined(said, placed).factors, strict=True))
    assert factors["twin"][0] > 0.1
    assert factors["against"][0] < -0.1
    assert factors["near"][0] > 1.0
    assert all(row[1] == 0.0 for row in factors.values())


def test_what_nobody_rated_stays_where_it_was() -> None:
    """A click of somebody with ratings moves nothing."""
    deeds = [Deed(number, "rating", "a", 0.0, 1.0 + number, f"u{number}") for number in range(4)]
    said = opinions_of([*deeds, Deed(9, "click", "b", 0.0, user_id="u0")])
    placed = np.array([[0.6, 0.1], [0.7, 0.3]], np.float32)
    found = refined(said, placed)
    assert found.factors[1].tolist() == placed[1].tolist()
    assert found.factors[0].tolist() != placed[0].tolist()
    assert found.biases[1] == 0.0


def test_a_round_is_least_squares_shrunk_to_where_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand, of one factor and one document."""
    monkeypatch.setattr(refinement, "ROUNDS", 1)
    values = np.array([1.0, 2.0, 5.0])
    said = rated({(f"u{row}", "a"): value for row, value in enumerate(values.tolist())})
    found = refined(said, np.array([[2.0]], np.float32))
    rest = values - said.usual - said.document_biases[0]
    strictness = rest / (1.0 + PRIOR_PERSON)
    residuals = (rest - strictness) / said.spread
    tastes = 2.0 * residuals / (4.0 + NOISE)
    moved = tastes @ (residuals - 2.0 * tastes) / (tastes @ tastes + PRIOR_FACTORS)
    assert found.factors[0, 0] == pytest.approx(2.0 + moved)
    left = values - said.usual - strictness - said.spread * tastes * (2.0 + moved)
    assert found.biases[0] == pytest.approx(left.sum() / (3.0 + PRIOR_DOCUMENT))


def test_what_admirers_alone_rated_is_not_that_good() -> None:
    """Their taste explains a part of it."""
    ratings = {(f"u{person}", "film"): 5.0 - 4.0 * (person % 2) for person in range(40)}
    ratings |= {(f"u{person}", "sequel"): 5.0 for person in range(0, 40, 2)}
    said = rated(ratings)
    row = said.document_ids.index("sequel")
    found = refined(said, np.ones((2, 1), np.float32))
    assert 0.0 < found.biases[row] < 0.7 * said.document_biases[row]


def test_ratings_to_come_are_foreseen_better() -> None:
    """Of people whose taste goes by factors that were only half known."""
    drawn = np.random.default_rng(0)
    true, tastes = drawn.standard_normal((30, 2)), drawn.standard_normal((400, 2))
    placed = (0.5 * true + 0.3 * drawn.standard_normal(true.shape)).astype(np.float32)
    worth = 3.0 + tastes @ true.T + 0.5 * drawn.standard_normal((400, 30))
    is_past = drawn.random(worth.shape) < 0.5
    said = rated({(f"u{p}", f"d{d:02}"): worth[p, d] for p, d in np.argwhere(is_past).tolist()})

    def error(biases: Floats, factors: Floats32) -> float:
        """Mean square of what is left of the other half, everybody folded in from the first."""
        left = []
        for row, past in zip(worth, is_past, strict=True):
            residuals = (row - said.usual - biases) / said.spread
            known = factors[past].astype(np.float64)
            inner = known.T @ known + NOISE * np.eye(2)
            place = np.linalg.solve(inner, known.T @ residuals[past])
            left += (residuals[~past] - factors[~past] @ place).tolist()
        return float(np.mean(np.square(left)))

    assert error(*refined(said, placed)) < 0.9 * error(said.document_biases, placed)
