"""Texts by the beginnings of their words: the rules of titles, against their oracle."""

from hypothesis import given, settings
from hypothesis import strategies as st

from query.completions import Completions
from tandem.suggestions import CANDIDATES, Match, line, words
from tests.contracts import suggestions_oracle as oracle

TEXTS = sorted({item.title.lower() for item in oracle.documents() if words(item.title)})[::4]


def completions(*texts: str) -> Completions:
    """A set of them."""
    made = Completions()
    for text in texts:
        made.add(text)
    return made


def matching(held: Completions, prefix: str) -> dict[Match, set[str]]:
    """The texts of each kind of match."""
    return dict(held.matching(prefix))


ALL = completions(*TEXTS)


@settings(deadline=None)
@given(oracle.prefixes())
def test_the_same_match_as_titles(prefix: str) -> None:
    """Beginning with it, holding its words, holding them with a typing error."""
    asked = words(prefix)
    found = matching(ALL, prefix)
    if not asked:
        assert found == {}
        return
    start = " ".join(asked)
    assert found[Match.BEGINNING] == {text for text in TEXTS if line(text).startswith(start)}
    near = {text for text in TEXTS if oracle.holds(text, asked, 1)}
    assert found[Match.HOLDING] == {text for text in TEXTS if oracle.holds(text, asked, 0)}
    assert found.get(Match.MISSPELT, near) == near


@settings(deadline=None)
@given(st.lists(st.sampled_from(TEXTS), unique=True, max_size=6), st.data())
def test_what_is_taken_out_was_never_there(texts: list[str], data: st.DataObject) -> None:
    """Whatever order it happens in."""
    held = completions(*texts)
    gone = data.draw(st.lists(st.sampled_from(texts), unique=True)) if texts else []
    for text in gone:
        held.discard(text)
    left = completions(*(text for text in texts if text not in gone))
    for prefix in ("d", "data", "dtaa", "a b", "sys"):
        assert matching(held, prefix) == matching(left, prefix)


def test_few_letters_have_no_spelling() -> None:
    """Nor has anything that is blank."""
    held = completions("abc")
    assert Match.MISSPELT not in matching(held, "abx")
    assert matching(held, " !") == {}
    assert matching(completions("data"), "dtaa")[Match.MISSPELT] == {"data"}


def test_a_beginning_of_many_is_bounded() -> None:
    """A letter that thousands of words begin with is not worth looking at all of them."""
    held = completions(*(f"first b{number}" for number in range(CANDIDATES + 10)))
    assert len(matching(held, "b")[Match.HOLDING]) == CANDIDATES
