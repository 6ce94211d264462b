"""Who met what, and what they thought of it, by hand and out of planted numbers."""

import numpy as np
import pytest

from rerank.training.opinions import PRIOR_DOCUMENT, PRIOR_PERSON, opinions_of
from tandem.behaviour import Deed


def rated(number: int, person: str | None, name: str | None, value: float | None) -> Deed:
    """One rating."""
    return Deed(number, "rating", name, 0.0, value, person)


def test_nobody_says_nothing() -> None:
    """Deeds of nobody known, on no document, of no choice, or of no value."""
    found = opinions_of(
        [
            rated(1, None, "a", 3.0),
            rated(2, "u", None, 3.0),
            rated(3, "u", "a", None),
            rated(4, "u", "a", 1e300),
            Deed(5, "view", "a", 0.0, user_id="u"),
        ]
    )
    assert found.document_ids == ()
    assert np.isnan(found.usual)


def test_the_last_rating_counts_once_and_before_a_choice() -> None:
    """Whatever order they come in; who gives no user is known by the client."""
    found = opinions_of(
        [
            rated(1, "u", "b", 1.0),
            Deed(2, "click", "b", 0.0, user_id="u"),
            rated(3, "u", "b", 5.0),
            Deed(4, "click", "a", 0.0, client_id="c"),
        ]
    )
    assert found.document_ids == ("a", "b")
    assert found.person_count == 2
    assert found.documents.tolist() == [1, 0]
    assert found.ratings[0] == 5.0
    assert np.isnan(found.ratings[1])
    assert found.usual == 5.0
    assert found.spread == 1.0


def test_a_client_is_no_user_of_the_same_id() -> None:
    """Two people rate the document."""
    found = opinions_of([rated(1, "7", "a", 4.0), Deed(2, "rating", "a", 0.0, 2.0, client_id="7")])
    assert found.person_count == 2
    assert sorted(found.ratings.tolist()) == [2.0, 4.0]


def test_ratings_that_are_all_alike_have_no_spread() -> None:
    """77 times 4.3 have a mean that is not quite 4.3, and what is left is no opinion."""
    found = opinions_of([rated(at, f"u{at % 7}", f"d{at // 7}", 4.3) for at in range(77)])
    assert found.usual == pytest.approx(4.3)
    assert found.spread == 1.0


def test_biases_are_shrunk() -> None:
    """One person, one document above another: by hand what one round leaves is 0."""
    found = opinions_of([rated(1, "u", "good", 5.0), rated(2, "u", "bad", 1.0)])
    assert found.usual == 3.0
    assert found.person_biases.tolist() == pytest.approx([0.0])
    shrunk = 2.0 / (1.0 + PRIOR_DOCUMENT)
    assert found.document_biases.tolist() == pytest.approx([-shrunk, shrunk])
    assert found.spread == pytest.approx(2.0 - shrunk)


def test_strict_people_do_not_make_a_document_worse() -> None:
    """Two documents as good as each other, one rated by those who rate everything low."""
    random = np.random.default_rng(0)
    deeds = []
    for person in range(60):
        strictness = -1.0 if person < 30 else 1.0
        names = [f"d{number}" for number in range(20)]
        names += ["of the strict"] if person < 30 else ["of the kind"]
        deeds += [
            rated(len(deeds) + 1, f"u{person}", name, 3.0 + strictness + random.normal(0, 0.1))
            for name in names
        ]
    found = opinions_of(deeds)
    bias = dict(zip(found.document_ids, found.document_biases.tolist(), strict=True))
    raw = np.mean([deed.value for deed in deeds if deed.document_id == "of the strict"])
    assert raw - found.usual < -0.9
    assert abs(bias["of the strict"] - bias["of the kind"]) < 0.5
    assert found.person_biases[0] == pytest.approx(-20 / (20 + PRIOR_PERSON), abs=0.1)
