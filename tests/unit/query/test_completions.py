"""Texts by the beginnings of their words: the rules of titles, against their oracle."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.completions import MOST_NEAR, Completions, Place, _begins, _holds_parts, _holds_spelt
from tandem.suggestions import CANDIDATES, line, may_be_misspelt, words
from tests.contracts import suggestions_oracle as oracle

TEXTS = sorted({item.title.lower() for item in oracle.documents() if words(item.title)})[::4]
TIMES = {text: 5 + len(text) * 7 % 4 for text in TEXTS}
LIMITS = st.sampled_from([1, 3, 1_000])
FEW = 3
"""In place of ``CANDIDATES``: what more than so many texts match is looked for among all."""


def completions(times: Mapping[str, int]) -> Completions:
    """Those texts, asked so often."""
    made = Completions()
    for text, count in times.items():
        made.put(text, count)
    return made


def expected(times: Mapping[str, int], prefix: str, limit: int) -> list[str]:
    """Every text looked at: those that begin with it, that hold it, and then with an error; each
    kind by how often they were asked, the shorter first.
    """
    asked = words(prefix)
    if not asked:
        return []
    most_edits = 1 if any(map(may_be_misspelt, asked)) else 0
    kinds = {
        text: 0 if line(text).startswith(" ".join(asked)) else 1 + edits
        for edits in range(most_edits, -1, -1)
        for text in times
        if oracle.holds(text, asked, edits)
    }
    return sorted(kinds, key=lambda text: (kinds[text], -times[text], len(text), text))[:limit]


ALL = completions(TIMES)


@pytest.mark.parametrize("candidates", [CANDIDATES, FEW])
@settings(deadline=None)
@given(prefix=oracle.prefixes(), limit=LIMITS)
def test_the_same_match_as_titles(candidates: int, prefix: str, limit: int) -> None:
    """And the most frequent are the first, whether few match or many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("query.completions.CANDIDATES", candidates)
        assert ALL.best(prefix, limit) == expected(TIMES, prefix, limit)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(TEXTS), st.integers(5, 7), max_size=6),
    st.dictionaries(st.sampled_from(TEXTS), st.none() | st.integers(5, 9)),
)
def test_what_is_taken_out_was_never_there(
    before: dict[str, int], changes: dict[str, int | None]
) -> None:
    """Whatever order it happens in; and what is asked more often rises."""
    held, left = completions(before), dict(before)
    for text, times in changes.items():
        if times is not None:
            held.put(text, times)
            left[text] = times
        elif text in left:
            held.discard(text)
            del left[text]
    for prefix in ("d", "data", "dtaa", "a b", "sys"):
        assert held.best(prefix, 100) == completions(left).best(prefix, 100)
        assert held.best(prefix, 100) == expected(left, prefix, 100)


def test_few_letters_have_no_spelling() -> None:
    """Nor has anything that is blank."""
    assert completions({"abc": 5}).best("abx", 9) == []
    assert completions({"abc": 5}).best(" !", 9) == []
    assert completions({"data": 5}).best("dtaa", 9) == ["data"]


class Counted(dict[str, Place]):
    """Places by text that count how often one is looked up."""

    looked_up = 0

    def __getitem__(self, text: str) -> Place:
        """Counted."""
        self.looked_up += 1
        return super().__getitem__(text)


def looked_at(held: Completions, patch: pytest.MonkeyPatch) -> list[str]:
    """What will be looked at, noted: it looks up none of its texts before."""
    seen: list[str] = []

    def noted(holds: Callable[..., bool]) -> Callable[..., bool]:
        def look(*given: Any) -> bool:
            seen.append(given[-1].text)
            return holds(*given)

        return look

    ways: list[Callable[..., bool]] = [_begins, _holds_parts, _holds_spelt]
    for holds in ways:
        patch.setattr(f"query.completions.{holds.__name__}", noted(holds))
    return seen


@pytest.mark.parametrize("prefix", ["s", "some", "some t", "t", "text", "soem txet"])
def test_few_texts_are_looked_at(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where everything begins with what was typed, or holds it, or is near."""
    held = completions({f"some text{number}": 5 + number for number in range(3_000)})
    held._places = places = Counted(held._places)
    seen = looked_at(held, monkeypatch)
    assert held.best(prefix, 10) == [f"some text{number}" for number in range(2_999, 2_989, -1)]
    assert (places.looked_up, len(seen)) == (0, 10)


def test_errors_are_looked_for_among_the_most_frequent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many are near in each word and none in all."""
    texts = [text for number in range(1_500) for text in (f"some {number}", f"text {number}")]
    held = completions(dict.fromkeys(texts, 5) | {"some text": 6})
    seen = looked_at(held, monkeypatch)
    assert held.best("soem txet", 10) == ["some text"]
    assert len(seen) == MOST_NEAR
