"""Words as bits."""

import numpy as np

from rerank.facts import FRAGMENT_BITS, fragment_bits, fragments


def places(word: str) -> list[int]:
    """The bits of a word."""
    return list(np.frombuffer(fragments(word), dtype=np.uint16))


def test_a_fragment_is_three_letters_on_end() -> None:
    """``_red_`` has three; a word shares those that it has in common with another one."""
    assert len(places("red")) == 3
    assert places("reddest")[0] == places("red")[0]
    assert not {*places("fox")} & {*places("red")}
    assert len(places("")) == 1
    assert all(0 <= place < FRAGMENT_BITS for place in places("cardiomyopathy"))


def test_bits_of_words() -> None:
    """One for each fragment, wherever and however often it stands."""
    held = fragment_bits([fragments("red"), fragments("red"), fragments("redder")])
    assert held.nbytes == FRAGMENT_BITS // 8
    assert np.flatnonzero(np.unpackbits(held)).tolist() == sorted(
        {*places("red"), *places("redder")}
    )
    assert not fragment_bits([]).any()
