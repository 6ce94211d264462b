"""Text with characters that a database may refuse."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.catalog.text import read, written

ODD = st.text(alphabet="\0\x10\x11" + "01a", max_size=12)


@given(ODD | st.text())
def test_every_text_comes_back(text: str) -> None:
    """Without NUL in between."""
    assert "\0" not in written(text)
    assert read(written(text)) == text


@given(ODD, ODD)
def test_different_texts_stay_different(one: str, other: str) -> None:
    """So that they can be compared, and be keys."""
    assert (written(one) == written(other)) == (one == other)


def test_plain_text_is_itself() -> None:
    """Nothing is copied where nothing has to change."""
    text = "plain, 日本\n"
    assert written(text) is text
    assert read(text) is text
