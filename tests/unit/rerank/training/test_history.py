"""Later ratings are asked of earlier deeds, and nothing of them stays behind."""

from hypothesis import given
from hypothesis import strategies as st

from rerank.facts import Facts
from rerank.training.history import HistoryOptions, hold_out
from tandem.behaviour import Deed

FACTS = {
    f"d{number}": Facts(f"d{number}", {"genres": ("odd", "any") if number % 2 else ("any",)})
    for number in range(20)
}


ACTIONS = st.sampled_from(["rating", "rating", "click", "purchase"])


def ratings(count: int, user_id: str | None = "u", first: int = 1) -> list[Deed]:
    """One a document."""
    return [
        Deed(first + number, "rating", f"d{number}", 100.0 + number, float(number % 5), user_id)
        for number in range(count)
    ]


def test_the_last_ratings_are_held_out() -> None:
    """Three of ten; of others, everything stays."""
    click = Deed(99, "click", "d9", 500.0, user_id="other")
    history = hold_out([*ratings(10), click], {}, HistoryOptions(smallest=1))
    assert [deed.sequence for deed in history.kept] == [*range(1, 8), 99]
    (group,) = history.held
    assert group.user_id == "u"
    assert group.seconds == 107.0
    assert group.ratings == {"d7": 2.0, "d8": 3.0, "d9": 4.0}


def test_nothing_tells_what_is_asked() -> None:
    """What is rated was clicked before, and bought after: neither stays, nor what is later."""
    before = Deed(50, "click", "d8", 10.0, user_id="u")
    deeds = [
        before,
        before._replace(sequence=51, document_id="d3"),
        before._replace(sequence=52, action="purchase", seconds=500.0),
        before._replace(sequence=53, document_id="d19", seconds=500.0),
    ]
    history = hold_out([*ratings(10), *deeds], {}, HistoryOptions(smallest=1))
    assert [deed.sequence for deed in history.kept] == [*range(1, 8), 51]


def test_groups_are_of_one_value_of_the_field() -> None:
    """As somebody would search for it; small ones are left out, and held out all the same."""
    history = hold_out(ratings(10), FACTS, HistoryOptions(0.5, 3, "genres"))
    assert {item.label: [*item.ratings] for item in history.held} == {
        "odd": ["d5", "d7", "d9"],
        "any": ["d5", "d6", "d7", "d8", "d9"],
    }
    assert hold_out(ratings(10), FACTS, HistoryOptions(0.5, 6, "genres")).held == ()
    assert len(hold_out(ratings(10), FACTS, HistoryOptions(0.5, 6, "genres")).kept) == 5


def test_nobody_is_asked_of_nothing() -> None:
    """Ratings of nobody known are kept, and an empty log has no history."""
    assert hold_out([], FACTS, HistoryOptions()).held == ()
    history = hold_out(ratings(10, None), FACTS, HistoryOptions(smallest=1))
    assert len(history.kept) == 10
    assert history.held == ()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 19), st.floats(0, 1e9), ACTIONS), max_size=60
    )
)
def test_no_label_is_in_the_past(drawn: list[tuple[int, int, float, str]]) -> None:
    """However times are mixed up, nothing that is asked for happened before something kept, and
    nothing that is kept is of what is asked.
    """
    deeds = [
        Deed(sequence, action, f"d{number}", seconds, 3.0, f"u{person}")
        for sequence, (person, number, seconds, action) in enumerate(drawn, start=1)
    ]
    kept, held = hold_out(deeds, FACTS, HistoryOptions(smallest=1))
    for group in held:
        own = [deed for deed in kept if deed.user_id == group.user_id]
        assert all(deed.seconds <= group.seconds for deed in own)
        assert not {deed.document_id for deed in own} & {*group.ratings}
    assert [deed.sequence for deed in kept] == sorted(deed.sequence for deed in kept)
