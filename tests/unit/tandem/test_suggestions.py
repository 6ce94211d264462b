"""Suggestions: how words are folded, what an engine holds, and how its answers become a list."""

from collections.abc import Sequence

import pytest
import tantivy
from hypothesis import given
from hypothesis import strategies as st

from tandem.suggestions import (
    CANDIDATES,
    LONGEST_TITLE,
    Match,
    entry,
    folded,
    line,
    ordered,
    suggested,
    title_of,
    typed,
    words,
)

MEDIEVAL = "\u1e9a\u1e9b\u1e9c\u1e9d\u1efa\u1efb\u1efe\u1eff"
"""Long s and Middle Welsh: nobody types them, the engines fold them by looks."""

TITLES = ["Zebra", "zebra  CROSSING", "The zebra", "Zebras", "A zebra", "Horse", "zebra crossing"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\n", []),
        ("State-of-the-ART", ["state", "of", "the", "art"]),
        ("Don't don\u2019t don\u02bct", ["dont", "dont", "dont"]),
        ("'quoted' O'Reilly's", ["quoted", "oreillys"]),
        ("snake_case 3.11 C++", ["snake", "case", "3", "11", "c"]),
        ("Café cafe\u0301 CAFÉ", ["cafe", "cafe", "cafe"]),
        ("Łódź Østerbro Œuvre Þór Đà", ["lodz", "osterbro", "oeuvre", "thor", "da"]),
        ("Straße STRASSE ẞ", ["strasse", "strasse", "ss"]),
        ("İstanbul \u0131IiİI", ["istanbul", "iiiii"]),
        ("ΟΔΟΣ οδός", ["οδοσ", "οδοσ"]),
        ("Ёлка й", ["елка", "и"]),
        ("ﬁnal ｆｕｌｌ № ½", ["final", "full", "no", "1", "2"]),  # noqa: RUF001 - as typeset
        ("日本語 が", ["日本語", "か"]),
        ("हिन्दी", ["हिनदी"]),
        ("co\u00adoperate", ["cooperate"]),
        ("❤\ufe0f I \u2665 you 1\ufe0f\u20e3", ["i", "you", "1"]),
        ("\ud800a\udfff b", ["a", "b"]),
        ("\u0301 \ufe0f \u200d", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """Case, accents, ligatures, apostrophes and signs do not count."""
    assert words(text) == expected


@pytest.mark.parametrize("block", [(0x41, 0x180), (0x1E00, 0x1F00), (0xFF10, 0xFF5B)])
def test_letters_are_folded_as_the_engines_fold_them(block: tuple[int, int]) -> None:
    """What a search finds without its accents is suggested without them."""
    folding = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw())
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .build()
    )
    letters = [sign for sign in map(chr, range(*block)) if sign.isalnum() and sign not in MEDIEVAL]
    assert len(letters) > 60
    others = {}
    for letter in letters:
        engines = folding.analyze(letter)[0].lower()
        if engines.isascii() and words(f"x{letter}") != [f"x{engines}"]:
            others[letter] = engines
    assert others == {}


@given(st.text(max_size=40))
def test_folding_is_done_once(text: str) -> None:
    """Folded words stay as they are, and hold nothing that an engine could take for a sign."""
    found = words(text)
    assert words(" ".join(found)) == found
    assert line(text) == " ".join(found)
    assert not set("".join(found)) & set("^'’ \t.*+?[]()|\\")  # noqa: RUF001
    assert all(found)


@given(st.text(max_size=40))
def test_an_entry_holds_its_title(text: str) -> None:
    """The title comes back with single spaces; without a word there is no entry."""
    held = entry(text)
    assert (held is None) == (not words(text))
    if held is not None:
        assert title_of(held) == " ".join(text.split())


@given(st.lists(st.text(max_size=12), max_size=12))
def test_entries_sort_as_suggestions(titles: list[str]) -> None:
    """In the order of code points, so that an engine may sort them."""
    entries = sorted(held for held in map(entry, titles) if held is not None)
    first: dict[str, str] = {}
    for held in entries:
        first.setdefault(folded(title_of(held)), title_of(held))
    assert ordered(titles, "", len(titles)) == list(first.values())


def test_long_titles_and_prefixes() -> None:
    """250 characters are the most, of a title and of what is typed."""
    assert entry("x" * LONGEST_TITLE) is not None
    assert entry("x" * LONGEST_TITLE + " y") is None
    assert entry("x" + " " * 1_000 + "y") == "0003\tx y\tx y"
    assert typed("x" * LONGEST_TITLE)
    assert typed("x" * (LONGEST_TITLE + 1)) == []


def test_ordered() -> None:
    """Beginnings, then the shorter, then by letter; each title once."""
    expected = ["Zebra", "Zebras", "zebra CROSSING", "Horse", "A zebra", "The zebra"]
    assert ordered(TITLES, "zeb", 10) == expected
    assert ordered(reversed(TITLES), "ZÉB", 3) == expected[:3]
    assert ordered([], "zeb", 3) == []
    assert ordered(["", " ", "!?", "a"], "", 3) == ["a"]
    assert ordered(["b a", "a b", "a-b", "a!b"], "a b", 9) == ["a b", "a!b", "a-b", "b a"]


class Engine:
    """Finds what it was told to, as an engine does: sorted, no more than asked for."""

    def __init__(self, **titles: Sequence[str]) -> None:
        self.titles = titles
        self.asked: list[tuple[str, int]] = []

    def __call__(self, asked: Sequence[str], match: Match, count: int) -> list[str]:
        """Noted."""
        self.asked.append((match.value, count))
        return sorted(self.titles.get(match.value, ()), key=lambda title: entry(title) or "")[
            :count
        ]


def test_no_more_is_asked_than_needed() -> None:
    """Where enough titles begin with the words, nothing else is looked for."""
    engine = Engine(beginning=["zebra", "zebras"], holding=["a zebra"], misspelt=["zebrx"])
    assert suggested(engine, "zebra", 2) == ["zebra", "zebras"]
    assert engine.asked == [("beginning", 4)]
    assert suggested(engine, "zebra", 3) == ["zebra", "zebras", "a zebra"]
    assert suggested(engine, "zebra", 9) == ["zebra", "zebras", "a zebra", "zebrx"]
    engine.asked.clear()
    assert suggested(engine, "zeb", 9) == ["zebra", "zebras", "a zebra"]
    assert [match for match, _ in engine.asked] == ["beginning", "holding"]


@pytest.mark.parametrize("prefix", ["", " ", "!?", "x" * 251])
def test_without_words_no_engine_is_asked(prefix: str) -> None:
    """A blank or endless prefix costs nothing."""
    engine = Engine(beginning=["zebra"])
    assert suggested(engine, prefix, 5) == []
    assert engine.asked == []


def test_what_does_not_begin_with_all_words_comes_later() -> None:
    """An engine may hand over titles that only begin with the first word."""
    given_titles = ["a x b", "a b", "a bc", "a xx b"]
    engine = Engine(beginning=given_titles, holding=["b a", *given_titles])
    assert suggested(engine, "a b", 9) == ["a b", "a bc", "b a", "a x b", "a xx b"]


def test_spellings_of_one_title_hide_no_other() -> None:
    """More is asked for until there are enough different ones, up to a bound."""
    same = [f"{'zebra'[:n]}{'zebra'[n:].upper()}" for n in range(5)]
    engine = Engine(beginning=[*same, "zebras", "zebra x"])
    assert suggested(engine, "zebra", 2) == ["ZEBRA", "zebras"]
    assert engine.asked == [("beginning", 4), ("beginning", 16)]
    endless = Engine(beginning=["zebra"] * 5_000)
    assert suggested(endless, "zeb", 2) == ["zebra"]
    assert max(count for _, count in endless.asked) == CANDIDATES
