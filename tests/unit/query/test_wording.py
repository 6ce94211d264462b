"""Words where they stand in a text, and runs of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from query.wording import Phrases, parts
from tandem.suggestions import words

ODD = "½℡⑴㏂´ͺÜß'’\u00ad-_é\u0301日कि ﬁ"  # noqa: RUF001 - what folding treats specially


def test_words_stand_where_they_were_typed() -> None:
    """Folded, each with its place; an apostrophe is inside a word."""
    assert [tuple(part) for part in parts("Don't buy Café-TVs!")] == [
        (("dont",), 0, 5),
        (("buy",), 6, 9),
        (("cafe",), 10, 14),
        (("tvs",), 15, 18),
    ]


@settings(deadline=None)
@given(st.text() | st.text("ab " + ODD))
def test_parts_hold_the_words_of_the_text(text: str) -> None:
    """Put together they are what the rest of Tandem calls its words."""
    assert [word for part in parts(text) for word in part.words] == words(text)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), max_size=6), st.data())
def test_every_run_is_found(phrases: list[list[str]], data: st.DataObject) -> None:
    """As trying each phrase at each place would find it, the shorter ones first."""
    text = data.draw(st.lists(st.sampled_from("abc"), max_size=8))
    found = [(run.first, run.end, run.held) for run in Phrases(
        (phrase, number) for number, phrase in enumerate(phrases)
    ).found_in(text)]  # fmt: skip
    assert found == [
        (first, first + len(phrase), number)
        for first in range(len(text))
        for number, phrase in sorted(enumerate(phrases), key=lambda held: len(held[1]))
        if text[first : first + len(phrase)] == phrase
    ]
