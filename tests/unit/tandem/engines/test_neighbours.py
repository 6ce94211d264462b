"""Which pairs of words are looked for."""

import pytest

from tandem.analysis import ENGLISH, PLAIN
from tandem.engines import neighbours as room
from tandem.engines.neighbours import Pair, neighbours
from tandem.engines.tantivy_mapping import build_analyzer

ANALYZER = build_analyzer(ENGLISH)


def pairs(text: str) -> list[Pair]:
    """Of one text."""
    return [*neighbours(ANALYZER, [text])[text]]


def test_neighbours_are_searchable_words_as_they_are_written() -> None:
    """With what lies between them, which keeps its places; in the order of the text."""
    assert pairs("The effects of the Drug on cells!") == [
        Pair("effect", "drug", 3, "effects of the Drug", "effects Drug"),
        Pair("drug", "cell", 2, "Drug on cells", "Drug cells"),
    ]


@pytest.mark.parametrize("text", ["", "!?", "the", "cell", "the cell", "cell Cells cells'"])
def test_texts_without_a_pair(text: str) -> None:
    """It takes two words, and different ones."""
    assert pairs(text) == []


def test_words_too_long_to_be_searched_keep_their_places() -> None:
    """As they do in an index."""
    assert [pair.distance for pair in pairs(f"cell {'x' * 70} {'y' * 70} drug")] == [3]


def test_a_pair_counts_once() -> None:
    """Said again, or in another form; farther apart or turned it is another one."""
    found = pairs("cell drugs, cells drug; cell or drug")
    assert [pair[:3] for pair in found] == [
        ("cell", "drug", 1),
        ("drug", "cell", 1),
        ("cell", "drug", 2),
    ]


def test_a_chain_without_stop_words() -> None:
    """Every word is one."""
    (found,) = neighbours(build_analyzer(PLAIN), ["of the cell"]).values()
    assert [pair.text for pair in found] == ["of the", "the cell"]


def test_wordings_share_the_pairs_that_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones of each, so that a search asks for no more, however many wordings it has."""
    monkeypatch.setattr(room, "MOST_PAIRS", 6)
    text = "one two three four five six seven eight nine"
    assert len(pairs(text)) == 6
    found = neighbours(ANALYZER, [text, "red green blue", text, f"zero {text}"])
    assert {name: len(held) for name, held in found.items()} == {
        text: 2,
        "red green blue": 2,
        f"zero {text}": 2,
    }
    assert found[text][0].text == "one two"
    many = neighbours(ANALYZER, [f"{text} {number}" for number in range(7)])
    assert not any(many.values())
    assert neighbours(ANALYZER, []) == {}
