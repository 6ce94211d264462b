"""Which piece of a body is shown, and where it is cut."""

import pytest

from tandem.analysis import ENGLISH
from tandem.engines import tantivy_tokens
from tandem.engines.tantivy_highlights import PIECE_CHARACTERS, highlights
from tandem.engines.tantivy_mapping import build_analyzer

ANALYZER = build_analyzer(ENGLISH)
FILLER = "Rain fell on grey roofs all week long. " * 12


def piece(text: str, body: str) -> str:
    """The piece of a body for the words of a text."""
    return highlights(ANALYZER, frozenset(ANALYZER.analyze(text)), "", body)["body"]


def test_a_piece_begins_with_its_sentence() -> None:
    """Where the sentence's beginning is near enough."""
    shown = piece("zebra", f"{FILLER}Then a small zebra came. {FILLER}")
    bare = shown.replace("<mark>", "").replace("</mark>", "")
    assert bare.startswith(("Rain fell", "Then a small zebra"))
    assert "<mark>zebra</mark>" in shown
    assert len(bare) <= PIECE_CHARACTERS
    assert not bare.endswith(" ")


def test_a_piece_begins_and_ends_with_a_word() -> None:
    """Without sentences words are not divided; the match stands in the middle."""
    words = [f"w{number:03}" for number in range(200)]
    body = " ".join([*words[:100], "zebra", *words[100:]])
    bare = piece("zebra", body).replace("<mark>", "").replace("</mark>", "").split()
    assert set(bare) <= {*words, "zebra"}
    assert 10 < bare.index("zebra") < len(bare) - 10


def test_the_place_of_most_different_words_wins() -> None:
    """Two words together are worth more than one many times; of equal places the first wins."""
    body = f"zebra zebra zebra. {FILLER}A horse, a zebra. {FILLER}A zebra, a horse."
    shown = piece("zebra horse", body)
    assert "<mark>horse</mark>, a <mark>zebra</mark>" in shown
    assert "<mark>zebra</mark>, a <mark>horse</mark>" not in shown


@pytest.mark.parametrize("size", [1, 3, 7, 20, 50])
def test_blocks_lose_no_match(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """However a text is divided for the analyzer, no word is, and offsets stay right."""
    monkeypatch.setattr(tantivy_tokens, "BLOCK_CHARACTERS", size)
    title = "Zebras,\u2028zebra's — the état zebra\tx" + "y" * 30 + " ÉTATS"
    marked = highlights(ANALYZER, frozenset({"zebra", "etat"}), title, "")["title"]
    assert marked == (
        "<mark>Zebras</mark>,\u2028<mark>zebra&#x27;s</mark> — the <mark>état</mark> "
        "<mark>zebra</mark>\tx" + "y" * 30 + " <mark>ÉTATS</mark>"
    )
    for place in range(0, 60, 7):
        body = "x " * place + "zebra" + " y" * (60 - place)
        assert "<mark>zebra</mark>" in piece("zebra", body)


def test_signs_outside_the_first_plane_do_not_shift_marks() -> None:
    """Offsets are characters, not bytes or UTF-16 units."""
    assert (
        piece("zebra", "\U0001f600é\U0001d400 zebra") == "\U0001f600é\U0001d400 <mark>zebra</mark>"
    )


def test_a_match_without_spaces_around() -> None:
    """Nothing to cut at: the word itself is shown."""
    body = "·" * 1_000 + "zebra" + "·" * 1_000
    assert piece("zebra", body) == "<mark>zebra</mark>"
