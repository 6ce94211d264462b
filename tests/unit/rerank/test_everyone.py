"""What the numbers of all people mean, by hand."""

import math

import numpy as np
import pytest

from rerank.behaviour import Behaviour
from rerank.everyone import (
    DAY_SECONDS,
    PRIOR_A_DAY,
    PRIOR_CLICKS,
    PRIOR_RATINGS,
    PRIOR_SHOWN,
    Everyone,
)
from tandem.behaviour import Deed, Rows, Shown
from tests.behaviour_log import NOW


def after(*rows: Deed | Shown, seconds: float = NOW) -> Everyone:
    """Of a and b, and of c that nobody met."""
    behaviour = Behaviour()
    behaviour.take(Rows(rows, rows[-1].sequence))
    return behaviour.of(["a", "b", "c"], seconds)


def page(sequence: int, *document_ids: str) -> Shown:
    """Of answers, from the first position on."""
    positions = tuple(range(1, len(document_ids) + 1))
    return Shown(sequence, "q", NOW, document_ids, positions, (1.0,) * len(document_ids))


def click(sequence: int, document_id: str, position: int | None) -> Deed:
    """On an answer."""
    return Deed(sequence, "click", document_id, NOW, query_id="q", position=position)


def test_ratings_are_shrunk_to_the_mean_of_all() -> None:
    """Two ratings of 5 among four of a mean of 3.5 say a little; none say nothing of their own."""
    found = after(
        Deed(1, "rating", "a", NOW, 5.0),
        Deed(2, "rating", "a", NOW, 5.0),
        Deed(3, "rating", "b", NOW, 2.0),
        Deed(4, "rating", "b", NOW, 2.0),
    )
    prior = PRIOR_RATINGS * 3.5
    assert found.mean_rating[1:].tolist() == [
        (10 + prior) / (2 + PRIOR_RATINGS),
        (4 + prior) / (2 + PRIOR_RATINGS),
        3.5,
    ]


def test_clicks_are_held_against_those_of_the_same_positions() -> None:
    """B is clicked as often as a, though it was shown where people hardly click: it is better."""
    pages = [page(number, "a", "b") for number in range(1, 1_001)]
    others = [page(number, "x", "y") for number in range(1_001, 2_001)]
    first = [click(number, "a", 1) for number in range(2_001, 2_101)]
    second = [click(number, "b", 2) for number in range(2_101, 2_201)]
    elsewhere = [click(number, "x", 1) for number in range(2_201, 2_501)]
    found = after(*pages, *others, *first, *second, *elsewhere)
    overall = 500 / 4_000
    at_1 = (400 + PRIOR_SHOWN * overall) / (2_000 + PRIOR_SHOWN)
    at_2 = (100 + PRIOR_SHOWN * overall) / (2_000 + PRIOR_SHOWN)
    assert found.totals.click_shares[:2] == (at_1, at_2)
    assert found.expected[1:].tolist() == [1_000 * at_1, 1_000 * at_2, 0]
    assert found.click_through[1:].tolist() == [
        (100 + PRIOR_CLICKS) / (1_000 * at_1 + PRIOR_CLICKS),
        (100 + PRIOR_CLICKS) / (1_000 * at_2 + PRIOR_CLICKS),
        1.0,
    ]
    assert found.click_through[1] < 0.6
    assert found.click_through[2] > 1.8


def test_clicks_that_do_not_say_where() -> None:
    """They are taken to be where the others were; where none says it, all positions are alike."""
    pages = [page(number, "a", "b") for number in range(1, 101)]
    told, untold = click(101, "a", 1), click(102, "b", None)
    found = after(*pages, told, untold)
    overall = 2 / 200
    share = (2 + PRIOR_SHOWN * overall) / (100 + PRIOR_SHOWN)
    assert found.totals.click_shares[0] == share
    alike = after(*pages, untold)
    assert {*alike.totals.click_shares} == {1 / 200}


@pytest.mark.parametrize("rows", [(page(1, "a"),), (click(1, "a", 1),)])
def test_click_through_needs_clicks_on_what_was_shown(rows: tuple[Deed | Shown, ...]) -> None:
    """Until then it is unknown, of every document."""
    assert np.isnan(after(*rows).click_through).all()


def test_what_was_done_long_ago_counts_less() -> None:
    """Half after each half-life."""
    done = Deed(1, "click", "a", NOW), Deed(2, "rating", "a", NOW - DAY_SECONDS, 1.0)
    popularity = after(*done, seconds=NOW + 7 * DAY_SECONDS).popularity
    assert popularity[7][1] == pytest.approx(1 / 2 + 2 ** (-8 / 7))
    assert popularity[1][1] == pytest.approx(2**-7 + 2**-8)
    assert {days: values[2] for days, values in popularity.items()} == {1: 0, 7: 0, 30: 0}


def test_the_order_of_the_log_need_not_be_that_of_time() -> None:
    """Up to rounding."""
    early, late = Deed(1, "click", "a", NOW - 1e6), Deed(2, "click", "a", NOW)
    here = after(early, late).popularity
    there = after(late._replace(sequence=1), early._replace(sequence=2)).popularity
    assert here[1][1] == pytest.approx(there[1][1], rel=1e-9)


@pytest.mark.parametrize("seconds", [-6e10, 0.0, 2.5e11])
def test_times_that_cannot_be(seconds: float) -> None:
    """The years 1, 1970 and 9999: what is said to be to come counts once, whatever follows; what
    is said to be of long ago counts nothing. Other documents are as they were.
    """
    found = after(Deed(1, "click", "a", seconds), Deed(2, "click", "a", NOW), click(3, "b", None))
    popularity = found.popularity
    expected = 2.0 if seconds > NOW else 1.0
    assert popularity[1][1] == expected
    assert popularity[30][1] == pytest.approx(expected)
    assert popularity[1][2] == 1.0
    assert np.isfinite(found.trend).all()


def test_trend() -> None:
    """Up where things are done lately alone, down where they were done, 0 where nothing is."""
    long_ago = [Deed(number, "click", "a", NOW - 20 * DAY_SECONDS) for number in range(1, 31)]
    lately = [Deed(number, "click", "b", NOW) for number in range(31, 41)]
    found = after(*long_ago, *lately)
    assert found.trend[3] == 0
    assert found.trend[1] < -1 < 1 < found.trend[2]
    rates = [found.popularity[days][2] * math.log(2) / days + PRIOR_A_DAY for days in (1, 30)]
    assert found.trend[2] == pytest.approx(math.log2(rates[0] / rates[1]))
