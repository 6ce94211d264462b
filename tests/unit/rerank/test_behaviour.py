"""The fold of the event log: by hand, in pieces, and while others read it."""

import threading
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.behaviour import RECENT_DEEDS, Behaviour, Past
from rerank.everyone import Everyone
from rerank.person import DEEDS_READ
from tandem.behaviour import Deed, Rows, Shown, Who
from tests.behaviour_log import NOW, random_rows

DOCUMENTS = tuple(f"d{number}" for number in range(42))  # two of them nobody met


def folded(*rows: Deed | Shown) -> Behaviour:
    """Of these rows at once."""
    behaviour = Behaviour()
    behaviour.take(Rows(rows, rows[-1].sequence if rows else 0))
    return behaviour


def click(sequence: int, document_id: str | None = "a", **values: Any) -> Deed:
    """A click on an answer."""
    return Deed(sequence, "click", document_id, NOW, **{"query_id": "q", **values})


def assert_same(one: Everyone, other: Everyone) -> None:
    """Bit by bit."""
    for item in fields(Everyone):
        here, there = getattr(one, item.name), getattr(other, item.name)
        if isinstance(here, np.ndarray):
            assert here.tobytes() == there.tobytes(), item.name
    assert one.totals.counts.tobytes() == other.totals.counts.tobytes()
    assert one.totals.located.tobytes() == other.totals.located.tobytes()
    assert one.totals.rating_sum == other.totals.rating_sum
    assert (one.as_of, one.places) == (other.as_of, other.places)


def test_counts_by_hand() -> None:
    """Each deed where it belongs; what has no document, or is no choice, counts nowhere."""
    behaviour = folded(
        click(1),
        click(2, query_id=None),
        click(3, None),
        Deed(4, "purchase", "a", NOW, query_id="q"),
        Deed(5, "add_to_cart", "b", NOW),
        Deed(6, "view", "b", NOW),
        Deed(7, "rating", "b", NOW, 4.0),
        Deed(8, "rating", "b", NOW, 5.0),
        Deed(9, "rating", "b", NOW),
        Shown(10, "q", NOW, ("b", "a"), (1, 11), (1.0, 1.0)),
    )
    found = behaviour.of(["a", "b", "nobody"], NOW)
    rows = found.rows(["a", "b", "nobody", "never asked"])
    assert found.as_of == behaviour.position == 10
    assert len(behaviour) == 2
    assert found.chosen[rows].tolist() == [3, 1, 0, 0]
    assert found.clicked[rows].tolist() == [1, 0, 0, 0]
    assert found.purchased[rows].tolist() == [1, 0, 0, 0]
    assert found.rated[rows].tolist() == [0, 2, 0, 0]
    assert found.shown[rows].tolist() == [1, 1, 0, 0]
    assert found.rating_sums[rows].tolist() == [0, 9, 0, 0]
    assert found.totals.rating_mean == 4.5


def test_nothing_was_done() -> None:
    """Neither by anybody, nor of any document."""
    found = Behaviour().of(["a"], NOW)
    assert found.as_of == 0
    assert found.chosen.tolist() == [0, 0]
    assert np.isnan(found.totals.rating_mean)
    assert Behaviour().of([], NOW).rows([]).tolist() == []


def test_a_rating_that_is_no_number_to_add_is_left_out() -> None:
    """A sum of those would be no number, and every later mean with it."""
    rows = [Deed(number, "rating", "a", NOW, 1.7e308) for number in (1, 2)]
    found = folded(*rows, Deed(3, "rating", "a", NOW, 3.0)).of(["a"], NOW)
    assert found.rated.tolist() == [0, 1]
    assert found.totals.rating_mean == 3.0


@pytest.mark.parametrize(
    ("sequences", "through"), [((3,), 3), ((4, 7), 6), ((2, 9), 9), ((9, 5), 9)]
)
def test_a_piece_that_does_not_follow_is_refused(sequences: tuple[int, ...], through: int) -> None:
    """Nothing of it is counted: it would be counted twice."""
    behaviour = folded(click(3))
    with pytest.raises(ValueError, match="do not follow 3"):
        behaviour.take(Rows(tuple(click(number) for number in sequences), through))
    assert behaviour.position == 3
    assert behaviour.of(["a"], NOW).chosen.tolist() == [0, 1]


def test_a_piece_without_rows_moves_the_position() -> None:
    """What the log gave to other collections lies between."""
    behaviour = folded(click(3))
    behaviour.take(Rows((), 8))
    assert behaviour.position == 8
    behaviour.take(Rows((), 8))
    assert behaviour.of(["a"], NOW).as_of == 8


@given(st.integers(0, 9), st.lists(st.integers(1, 60), max_size=8))
def test_the_same_bits_in_whatever_pieces(seed: int, sizes: list[int]) -> None:
    """One row at a time, or all at once."""
    rows = random_rows(seed, 100)
    behaviour, begin = Behaviour(), 0
    for size in [*sizes, len(rows)]:
        part = tuple(rows[begin : begin + size])
        if part:
            behaviour.take(Rows(part, part[-1].sequence))
        begin += size
    assert_same(behaviour.of(DOCUMENTS, NOW), folded(*rows).of(DOCUMENTS, NOW))


def test_more_documents_than_there_was_room_for() -> None:
    """The arrays grow, and keep what they have."""
    rows = [click(number, f"n{number}") for number in range(1, 5_001)]
    behaviour = folded(*rows, click(5_001, "n1"))
    found = behaviour.of(["n1", "n2", "n5000"], NOW)
    assert found.chosen.tolist() == [0, 2, 1, 1]
    assert len(behaviour) == 5_000


# --- a person's past beside it ---


def past(who: Who, *deeds: Deed, as_of: int) -> Past:
    """What was read of somebody."""
    return Past(who, deeds, as_of)


def test_what_was_done_while_a_past_was_read_is_added() -> None:
    """Both are then as of one position; others' deeds are not theirs."""
    mine, later = click(1, user_id="u"), click(4, "c", user_id="u")
    behaviour = folded(mine, click(2, "b"), click(3, "x", user_id="v"), later)
    read = behaviour.beside(past(Who("u"), mine, as_of=2), ["b", "a", "c"], NOW)
    assert read is not None
    everyone, known = read
    assert known == Past(Who("u"), [mine, later], 4)
    assert everyone.as_of == 4
    assert everyone.chosen.tolist() == [0, 1, 1, 1]


def test_a_past_is_no_longer_than_it_may_be() -> None:
    """The oldest goes as another one is added."""
    deeds = [click(number, user_id="u") for number in range(1, DEEDS_READ + 2)]
    read = folded(*deeds).beside(past(Who("u"), *deeds[:-1], as_of=DEEDS_READ), [], NOW)
    assert read is not None
    assert read[1].deeds == deeds[1:]


def test_a_past_that_ended_too_long_ago() -> None:
    """Its end is not at hand, so nothing is said of it."""
    rows = [click(number) for number in range(1, RECENT_DEEDS + 3)]
    behaviour = folded(*rows)
    assert behaviour.beside(past(Who("u"), as_of=1), [], NOW) is None
    assert behaviour.beside(past(Who("u"), as_of=2), [], NOW) is not None
    ahead = past(Who("u"), as_of=len(rows) + 1)
    assert behaviour.beside(ahead, [], NOW) is None  # it holds what the numbers do not


def test_position_and_numbers_belong_together() -> None:
    """Whoever reads while rows are folded sees as many as the position says."""
    behaviour = Behaviour()

    def fold() -> None:
        for first in range(1, 20_001, 250):
            rows = tuple(click(number) for number in range(first, first + 250))
            behaviour.take(Rows(rows, rows[-1].sequence))

    thread = threading.Thread(target=fold)
    thread.start()
    seen = []
    while thread.is_alive():
        found = behaviour.of(["a"], NOW)
        seen.append((found.as_of, int(found.chosen[1])))
    thread.join()
    assert seen == [(number, number) for number, _ in seen]
    assert behaviour.position == 20_000


def test_whose_deeds_they_were_is_forgotten() -> None:
    """What was counted stays; a past that was read before needs what is not at hand any more, one
    that is read now is whole.
    """
    who = Who(user_id="u")
    behaviour = folded(click(1), click(2, "b"))
    behaviour.forget_people()
    assert behaviour.of(["a"], NOW).chosen.tolist() == [0, 1]
    assert behaviour.beside(past(who, as_of=1), ["a"], NOW) is None
    found = behaviour.beside(past(who, as_of=2), ["a"], NOW)
    assert found is not None
    assert found[1].deeds == []
    later = Deed(3, "click", "a", NOW, user_id="u")
    behaviour.take(Rows((later,), 3))
    assert (again := behaviour.beside(past(who, as_of=2), ["a"], NOW)) is not None
    assert again[1].deeds == [later]
