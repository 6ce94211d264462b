"""Words of a text, read run by run, are those of the text read at once."""

import pytest
import tantivy
from hypothesis import given
from hypothesis import strategies as st

from tandem.analysis import ENGLISH
from tandem.engines import tantivy_tokens
from tandem.engines.tantivy_mapping import build_analyzer
from tandem.engines.tantivy_tokens import Span, WordReader

ANALYZER = build_analyzer(ENGLISH)
SIGNS = st.text(alphabet="abÉß's’-. \t\n\u00a0\u2028\u0301🙂9Ⅷ", max_size=60)  # noqa: RUF001


def read_at_once(text: str) -> list[Span]:
    """What the analyzer says of the whole text."""
    return [
        Span(token.char_offset_from, token.char_offset_to, token.text)
        for token in ANALYZER.pre_tokenize(text).tokens
    ]


@given(st.lists(SIGNS, min_size=1, max_size=4), st.sets(st.sampled_from(["a", "b", "ab", "ess"])))
def test_matches_are_those_of_the_whole_text(texts: list[str], wanted: set[str]) -> None:
    """In any text, and also where its runs are known from another one."""
    reader = WordReader(ANALYZER)
    for text in (*texts, *texts):
        assert reader.spans(text) == read_at_once(text)
        matching = [span for span in read_at_once(text) if span.word in wanted]
        assert reader.matches(text, 0, wanted) == matching


def test_places_count_from_where_the_block_stands() -> None:
    """Every place of a word is given, but none inside a longer run."""
    reader = WordReader(ANALYZER)
    for _ in range(2):
        found = reader.matches("zebra zebraland zebra", 100, {"zebra"})
        assert found == [Span(100, 105, "zebra"), Span(116, 121, "zebra")]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither many runs nor long ones stay; all are read rightly."""
    monkeypatch.setattr(tantivy_tokens, "MOST_KNOWN", 10)
    reader = WordReader(ANALYZER)
    for number in range(100):
        text = f"word{number} {'long' * 12}{number} zebra"
        assert reader.matches(text, 0, {"zebra", f"word{number}"})[0].word == f"word{number}"
        assert len(reader.matches(text, 0, {f"{'long' * 12}{number}", "zebra"})) == 2
    assert len(reader._known.spans) <= 10


def test_a_run_that_is_known_is_not_analysed_again() -> None:
    """Not even one that has no word."""
    asked = []

    class Counting:
        def pre_tokenize(self, text: str) -> object:
            asked.append(text)
            return ANALYZER.pre_tokenize(text)

    analyzer: tantivy.TextAnalyzer = Counting()  # type: ignore[assignment]
    reader = WordReader(analyzer)
    for _ in range(3):
        assert len(reader.matches("zebra -- zebra", 0, {"zebra"})) == 2
    assert sorted(asked) == ["--", "zebra"]
