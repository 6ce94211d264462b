"""Labels out of clicks: what was shown, and what was done with it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from rerank.training.clicks import Answer, Worth, grades_of, labelled
from rerank.training.people import People
from tandem.behaviour import Deed, Rows, Shown, Who
from tandem.errors import InputError
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Hit, Ranking

NAMES = ("one", "two")


class Log:
    """A log that gives two rows at a time, as a real one gives pieces."""

    def __init__(self, rows: Sequence[Deed | Shown]) -> None:
        self._rows = rows

    def rows(self, after: int, limit: int) -> Rows:
        """See ``BehaviourLog``."""
        found = tuple(row for row in self._rows if row.sequence > after)[: min(2, limit)]
        return Rows(found, found[-1].sequence if found else after)

    def deeds_of(self, who: Who, *, as_of: int, limit: int) -> Sequence[Deed]:
        """Nobody asks."""
        raise AssertionError


def deeds(*said: tuple[str, str | None, str | None, float | None]) -> Log:
    """(action, query_id, document_id, value), with a page shown in between."""
    shown = Shown(len(said) + 1, "q1", 0.0, ("a",), (1,), (1.0,))
    made = [
        Deed(at, action, document_id, 0.0, value, query_id=query_id)
        for at, (action, query_id, document_id, value) in enumerate(said, start=1)
    ]
    return Log([*made, shown])


def answer(query_id: str, *document_ids: str, user: str | None = None, first: int = 1) -> Answer:
    """Documents from a position on; the features know no document "x" and no feature "two"."""
    hits = tuple(Hit(name, rank, 1.0 / rank) for rank, name in enumerate(document_ids, start=first))
    known = tuple(name for name in reversed(document_ids) if name != "x")
    values = np.array([[ord(name)] for name in known], dtype=np.float32).reshape(-1, 1)
    asked = Query(
        "text", query_id, user_id=user, client_id="c", issued_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return Answer(asked, Ranking("shown", hits), FeatureMatrix(("one",), known, values))


@pytest.mark.parametrize(
    "actions", [{}, {"click": 0}, {"click": -1}, {"click": 31}, {"click": 1, "rating": 2}]
)
def test_a_label_definition_that_tells_nothing_is_refused(actions: dict[str, int]) -> None:
    """Grades are 0 to 30, and one is above 0."""
    with pytest.raises(InputError, match="grades of actions"):
        Worth(actions)


def test_the_best_deed_counts_and_a_rating_is_the_last_word() -> None:
    """Deeds without a query or a document, and unknown actions, say nothing."""
    log = deeds(
        ("click", "q1", "a", None),
        ("purchase", "q1", "a", None),
        ("click", "q1", "a", None),
        ("rating", "q1", "b", 4.5),
        ("rating", "q1", "b", 3.9),
        ("click", "q1", "b", None),
        ("rating", "q2", "c", 1.0),
        ("rating", "q2", "d", None),
        ("hover", "q3", "a", None),
        ("click", None, "a", None),
        ("click", "q3", None, None),
    )
    assert grades_of(log, Worth()) == {"q1": {"a": 3, "b": 1}, "q2": {"c": 0}}
    assert grades_of(log, Worth(), through=1) == {"q1": {"a": 1}}
    assert grades_of(log, Worth({"hover": 2})) == {
        "q1": {"b": 1},
        "q2": {"c": 0},
        "q3": {"a": 2},
    }


def test_who_bought_has_found_it() -> None:
    """However it is rated then; a click was but a look. A high rating adds to both."""
    log = deeds(
        ("purchase", "q", "bought", None),
        ("rating", "q", "bought", 0.5),
        ("click", "q", "looked", None),
        ("rating", "q", "looked", 0.5),
        ("add_to_cart", "q", "carted", None),
        ("rating", "q", "carted", 5.0),
    )
    assert grades_of(log, Worth()) == {"q": {"bought": 3, "looked": 0, "carted": 3}}


@pytest.mark.parametrize("steps", [(), (3.0, 3.0), (4.0, 3.0), (float("nan"),), (float("inf"),)])
def test_steps_that_tell_nothing_are_refused(steps: tuple[float, ...]) -> None:
    """They rise."""
    with pytest.raises(InputError, match="steps of ratings"):
        Worth(rating_steps=steps)


@pytest.mark.parametrize(
    ("values", "steps"), [([1.0] * 10, None), ([0.0], None), ([1.0, 10.0], None), ([4.0] * 10, 6.0)]
)
def test_ratings_of_another_scale_are_refused(values: list[float], steps: float | None) -> None:
    """A thumb would be a bad mark, and nearly all of ten the best one."""
    log = deeds(*(("rating", "q", f"d{at}", value) for at, value in enumerate(values)))
    worth = Worth() if steps is None else Worth(rating_steps=(steps,))
    with pytest.raises(InputError, match="are for others") as raised:
        grades_of(log, worth)
    assert "--rating-steps" in str(raised.value.hint)


def test_a_thumb_is_a_step() -> None:
    """1 is up, 0 is down."""
    log = deeds(("rating", "q", "a", 1.0), ("rating", "q", "b", 0.0))
    assert grades_of(log, Worth(rating_steps=(1.0,))) == {"q": {"a": 1, "b": 0}}


def test_a_group_is_what_was_shown() -> None:
    """Features by document, NaN where there is none; positions are those of the page."""
    made = labelled(
        [answer("q1", "a", "x", "b", user="u", first=11)], NAMES, {"q1": {"b": 2, "elsewhere": 3}}
    )
    (group,) = made.data.groups
    assert group.document_ids == ("a", "x", "b")
    assert group.grades.tolist() == [0, 0, 2]
    assert group.positions is not None
    assert group.positions.tolist() == [11, 12, 13]
    assert group.values[[0, 2], 0].tolist() == [ord("a"), ord("b")]
    assert np.isnan(group.values[1]).all()
    assert np.isnan(group.values[:, 1]).all()
    assert (group.user_id, group.seconds) == ("u", 1767225600.0)
    assert sum(made.left_out.values()) == 0


def test_people_are_known_by_their_browser_where_nothing_else_is_known() -> None:
    """A client is no user of the same name."""
    made = labelled([answer("q1", "a", "b")], NAMES, {"q1": {"a": 1}})
    assert made.data.groups[0].user_id == "client c"
    met = People([Who("u", "c")])
    made = labelled([answer("q1", "a", "b")], NAMES, {"q1": {"a": 1}}, met)
    assert made.data.groups[0].user_id == "u"


def test_what_cannot_tell_better_from_worse_is_left_out() -> None:
    """And counted by reason."""
    shown = [answer("none", "a", "b"), answer("all", "a", "b"), answer("one", "a"),
             answer("elsewhere", "a", "b"), answer("good", "a", "b")]  # fmt: skip
    grades = {"all": {"a": 1, "b": 1}, "one": {"a": 1}, "elsewhere": {"c": 1}, "good": {"b": 1}}
    made = labelled(shown, NAMES, grades)
    assert [group.group_id for group in made.data.groups] == ["good"]
    assert [*made.left_out.values()] == [2, 1, 1]
