"""The chains by name, and the stop list; what an engine makes of them stands in the contracts."""

import unicodedata
from typing import get_args

from tandem.analysis import ANALYSES, ENGLISH, NEWEST, PLAIN, STOP_WORDS, AnalysisSetting
from tandem.settings import Settings


def test_stop_words_are_usable_as_they_are() -> None:
    """Lower case, plain ASCII and without repetition: the form that reaches the stop filter."""
    assert len(set(STOP_WORDS)) == len(STOP_WORDS)
    for word in STOP_WORDS:
        assert word == word.lower()
        assert word.isascii()
        assert word == unicodedata.normalize("NFC", word)


def test_subjects_are_not_stop_words() -> None:
    """Words that somebody may search for stay."""
    assert not {"men", "python", "work", "read", "call", "system", "us" + "er"} & set(STOP_WORDS)
    assert {"the", "of", "and", "is", "it's", "with"} <= set(STOP_WORDS)


def test_chains_have_names_with_a_number() -> None:
    """A generation records it, so a changed chain needs another name."""
    assert ENGLISH.name == "english-1"
    assert ENGLISH.stop_words is STOP_WORDS
    assert PLAIN.name == "plain-1"
    assert (PLAIN.stop_words, PLAIN.stemmer) == ((), None)


def test_what_the_settings_may_say_is_there() -> None:
    """Each has a newest chain of its name, which is found again by what is recorded."""
    assert set(NEWEST) == set(get_args(AnalysisSetting))
    for said, analysis in NEWEST.items():
        assert analysis.name.rpartition("-")[0] == said
        assert ANALYSES[analysis.name] is analysis
    assert NEWEST[Settings().indexing.analysis] is ENGLISH
