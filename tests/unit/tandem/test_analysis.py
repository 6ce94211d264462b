"""The stop list and the word pattern; what an engine makes of them stands in the contracts."""

import unicodedata

from tandem.analysis import ENGLISH, STOP_WORDS


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


def test_the_chain_has_a_name_with_a_number() -> None:
    """A generation records it, so a changed chain needs another name."""
    assert ENGLISH.name == "english-1"
    assert ENGLISH.stop_words is STOP_WORDS
