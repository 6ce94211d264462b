"""What a past says of a person, by hand."""

import math
from typing import Any

import pytest

from rerank.person import PRIOR_RATINGS, SESSION_DOCUMENTS, SESSION_SECONDS, Person
from tandem.behaviour import Deed, Who
from tests.behaviour_log import NOW

LONG_AGO = NOW - 1e7


def done(*deeds: Deed, usual: float = math.nan, session_id: str | None = "s") -> Person:
    """Somebody who did that."""
    return Person(Who("u", None, session_id), deeds, NOW, usual)


def deed(document_id: str, action: str = "click", value: float | None = None, **rest: Any) -> Deed:
    """Long ago, unless said otherwise."""
    return Deed(1, action, document_id, rest.pop("seconds", LONG_AGO), value, "u", **rest)


def rated(document_id: str, value: float, **rest: Any) -> Deed:
    """A rating."""
    return deed(document_id, "rating", value, **rest)


def test_nobody() -> None:
    """Of nobody nothing is known; of somebody new, that there is nothing yet."""
    assert not Person().is_known
    assert done().is_known
    assert Person(Who(session_id="s")).is_known
    assert math.isnan(done(usual=3.0).rating_mean)
    assert (done().liking, done().session, done().document_ids) == ({}, (), ())


def test_ratings() -> None:
    """The last one of a document counts; what is no number to add does not."""
    person = done(rated("a", 1.0), rated("b", 2.0), rated("a", 5.0), rated("c", 1e300), deed("d"))
    assert person.ratings == {"a": 5.0, "b": 2.0}
    assert person.rating_mean == 3.5
    assert person.document_ids == ("a", "b", "c", "d")
    assert person.last["a"].value == 5.0


def test_the_mean_is_shrunk_to_the_usual_rating() -> None:
    """One rating says little of a person's."""
    person = done(rated("a", 5.0), usual=3.0)
    assert person.rating_mean == (5 + PRIOR_RATINGS * 3) / (1 + PRIOR_RATINGS)


def test_liking() -> None:
    """A rating says more of a document than that it was chosen; of choices the largest counts."""
    person = done(
        deed("bought", "purchase"),
        deed("bought"),
        deed("clicked"),
        deed("viewed", "view"),
        deed("disliked", "purchase"),
        rated("disliked", 1.0),
        rated("liked", 5.0),
    )
    assert person.liking == {"bought": 3.0, "clicked": 1.0, "disliked": -2.0, "liked": 2.0}


@pytest.mark.parametrize(
    ("seconds", "session_id", "is_in"),
    [
        (NOW, None, True),
        (NOW - SESSION_SECONDS, "other", True),
        (NOW - SESSION_SECONDS - 1, None, False),
        (LONG_AGO, "s", True),
        (0.0, "other", False),
        (NOW + 60, None, True),  # a clock that is ahead
        (9e10, None, False),
    ],
)
def test_the_session(seconds: float, session_id: str | None, is_in: bool) -> None:
    """What is told to be of it, and the last half hour."""
    person = done(deed("a", seconds=seconds, session_id=session_id))
    assert bool(person.session) == is_in


def test_without_a_session_none_is_another_ones() -> None:
    """Two deeds without one have nothing in common."""
    assert not done(deed("a"), session_id=None).session


def test_what_was_liked_in_the_session() -> None:
    """What was chosen in it, and no more than a purchase; what was only looked at, or was bought
    long ago, is none of it.
    """
    person = done(
        deed("old", "purchase"),
        deed("old", "view", seconds=NOW),
        deed("new", seconds=NOW),
        rated("disliked", -90.0, seconds=NOW),
        rated("liked", 90.0, seconds=NOW),
    )
    assert person.session_liking == {"new": 1.0, "liked": 3.0}


def test_the_last_of_a_long_session() -> None:
    """What came before says less of what is wanted now."""
    names = [f"d{number}" for number in range(SESSION_DOCUMENTS + 3)]
    person = done(*(deed(name, seconds=NOW) for name in names))
    assert [*person.session_liking] == names[3:]
