"""Tokens and their places are exact, whatever the length and the characters."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tandem.embedding import tokenizing
from tandem.embedding.tokenizing import WindowTokenizer, encodable
from tandem.errors import ModelError
from tests.models import default_folder, tiny_tokenizer

ANY_TEXT = st.text(alphabet=st.characters(), max_size=200)
SPLITTING = st.text(alphabet="ab \t\n\r天地、-.\x00\x1c\u0301\u3000é[SEP]", max_size=200)


@pytest.fixture(scope="module")
def real() -> WindowTokenizer:
    """The default model's tokeniser."""
    return WindowTokenizer(default_folder() / "tokenizer.json", 256)


@pytest.fixture(scope="module")
def whole() -> Tokenizer:
    """The same one, bare, for what a text gives in one piece."""
    tokenizer = Tokenizer.from_file(str(default_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@pytest.fixture
def tiny(tmp_path: Path) -> WindowTokenizer:
    """A tokeniser over a handful of words with a window of 12 tokens in all."""
    tiny_tokenizer().save(str(tmp_path / "tokenizer.json"))
    return WindowTokenizer(tmp_path / "tokenizer.json", 12)


def test_shipped_padding_and_cut_are_off(tiny: WindowTokenizer) -> None:
    """The file pads and cuts to 4 tokens; neither is done."""
    assert tiny.token_ids(["red"]) == [[2, 4, 3]]
    assert tiny.token_ids(["red green blue sky red"]) == [[2, 4, 5, 6, 8, 4, 3]]


def test_window_leaves_room_for_the_frame(tiny: WindowTokenizer) -> None:
    """12 tokens in all are 10 of the text, between the first and the last special one."""
    assert tiny.window == 10
    assert tiny.token_ids(["red " * 50]) == [[2, *[4] * 10, 3]]


def test_texts_without_a_token_are_empty(tiny: WindowTokenizer) -> None:
    """Blank texts, and those of characters that the tokeniser drops, have no tokens."""
    assert tiny.token_ids(["", " \n", "\x00\x01"]) == [[], [], []]


def test_spans_count_characters(tiny: WindowTokenizer) -> None:
    """Offsets are in characters of the text as given, whatever was replaced or dropped."""
    text = "Blueish, \ud800 天x"
    spans = tiny.token_spans([text])[0]
    assert [text[start:end] for start, end in spans] == ["Blue", "ish", ",", "\ud800", "天", "x"]


@settings(deadline=None, max_examples=150)
@given(text=ANY_TEXT | SPLITTING, size=st.integers(1, 40))
def test_pieces_make_no_difference_to_spans(
    real: WindowTokenizer, whole: Tokenizer, text: str, size: int
) -> None:
    """However small the pieces, the spans are those of the text in one piece."""
    expected = whole.encode(encodable(text), add_special_tokens=False).offsets
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizing, "_SPAN_PIECE", size)
        assert real.token_spans([text])[0] == expected


@settings(deadline=None, max_examples=100)
@given(text=(ANY_TEXT | SPLITTING).map(lambda text: text * 5), window=st.integers(1, 30))
def test_heads_make_no_difference_to_tokens(whole: Tokenizer, text: str, window: int) -> None:
    """Reading only as much as fills the window gives the window of the whole text."""
    narrow = WindowTokenizer(default_folder() / "tokenizer.json", window + 2)
    expected = whole.encode(encodable(text), add_special_tokens=False).ids[:window]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizing, "_HEAD_CHARACTERS_PER_TOKEN", 1)
        found = narrow.token_ids([text])[0]
    assert found == ([101, *expected, 102] if expected else [])


def test_text_of_one_endless_word(real: WindowTokenizer) -> None:
    """Without a place to cut, a long text is still read, and what follows the word is not lost."""
    assert len(real.token_ids(["x" * 100_000 + " sky"])[0]) == 4


@pytest.mark.parametrize("content", ["", "{}", '{"model": 3}'])
def test_broken_tokeniser_is_named(tmp_path: Path, content: str) -> None:
    """A file that is not a tokeniser is refused by its name."""
    file = tmp_path / "tokenizer.json"
    file.write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json cannot be read"):
        WindowTokenizer(file, 12)


def test_tokeniser_without_frame_is_refused(tmp_path: Path) -> None:
    """A tokeniser that adds no special tokens is not a BERT's."""
    file = tmp_path / "tokenizer.json"
    tokenizer = tiny_tokenizer()
    tokenizer.post_processor = None
    tokenizer.save(str(file))
    with pytest.raises(ModelError, match="expected 2 special tokens"):
        WindowTokenizer(file, 12)
