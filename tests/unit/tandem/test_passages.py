"""Passages: properties of cutting with a fake tokeniser, and a look at the real one."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tandem.documents import Document
from tandem.passages import PassageSplitter, token_windows
from tests.fakes import HashEmbedder
from tests.models import cache_dir

SIZES = st.integers(4, 60)
LETTERS = st.sampled_from(["a", "ß", "é", "e\u0301", "天", "\U0001d4b3", "\ud800", "👩\u200d🔬"])
WORDS = st.lists(LETTERS, min_size=1, max_size=8).map("".join)
TEXTS = st.lists(WORDS, max_size=60).map(" ".join)


def splitter(
    size: int = 32, overlap: int = 8, token_characters: int | None = None
) -> PassageSplitter:
    """A splitter with a tokeniser of whitespace words, or of their pieces."""
    return PassageSplitter(HashEmbedder(size, token_characters), size, overlap)


def split(document: Document, made: PassageSplitter | None = None) -> list[str]:
    """The passages of one document."""
    (passages,) = (made or splitter()).split([document])
    return passages


def words(count: int, prefix: str = "w") -> str:
    """That many different words."""
    return " ".join(f"{prefix}{number}" for number in range(count))


def windows_of(text: str, size: int, overlap: int, token_characters: int) -> list[tuple[int, int]]:
    """The windows over the text's tokens."""
    (spans,) = HashEmbedder(size, token_characters).token_spans([text])
    return token_windows(text, spans, size, overlap)


@given(TEXTS, SIZES, st.data(), st.integers(1, 6))
def test_windows_cover_every_token_in_order(
    text: str, size: int, data: st.DataObject, token_characters: int
) -> None:
    """Each starts after the one before, at or before its end, and brings something new."""
    overlap = data.draw(st.integers(0, size // 4))
    windows = windows_of(text, size, overlap, token_characters)
    (spans,) = HashEmbedder(size, token_characters).token_spans([text])
    assert windows[0][0] == 0
    assert windows[-1][1] == len(spans)
    assert all(last - first <= size for first, last in windows)
    for (first, last), (next_first, next_last) in pairwise(windows):
        assert first < next_first <= last < next_last


@given(st.integers(1, 2_000), SIZES, st.data())
def test_windows_of_short_words_are_even(count: int, size: int, data: st.DataObject) -> None:
    """As many windows as are needed, overlapping as asked, and none of them a short tail."""
    overlap = data.draw(st.integers(0, size // 4))
    windows = windows_of(words(count), size, overlap, token_characters=100)
    sizes = [last - first for first, last in windows]
    needed = 1 if count <= size else -(-(count - overlap) // (size - overlap))
    assert len(windows) == needed
    assert max(sizes) - min(sizes) <= 1
    assert len(windows) == 1 or min(sizes) >= size // 2
    for (_, last), (next_first, _) in pairwise(windows):
        assert last - next_first == overlap


@given(
    st.lists(st.text("aé天\u0301\u093f7", min_size=1, max_size=8), max_size=60).map(" ".join),
    st.integers(16, 60),
    st.integers(1, 3),
)
@example(text=" ".join(["aaaaaaaa", "b"] * 40), size=20, token_characters=2)
def test_borders_fall_between_words(text: str, size: int, token_characters: int) -> None:
    """A word of at most a quarter of a window is never cut, marks on letters included."""
    short = " ".join(word[: token_characters * (size // 4)] for word in text.split(" "))
    (spans,) = HashEmbedder(size, token_characters).token_spans([short])
    for first, last in token_windows(short, spans, size, size // 4):
        for border in (first, last):
            if 0 < border < len(spans):
                assert spans[border - 1][1] < spans[border][0]


def test_words_nearly_as_long_as_a_window_make_no_crumbs() -> None:
    """Hashes and base64 would once have been cut into windows that held nothing new."""
    text = " ".join("x" * 31 for _ in range(20))
    windows = windows_of(text, 32, 8, token_characters=1)
    assert len(windows) <= 30
    assert min(last - first for first, last in windows) >= 16


def test_punctuation_is_a_border() -> None:
    """A long word with punctuation is cut there rather than inside a part."""
    text = "-".join(["abcd"] * 30)
    spans = [
        (start, start + length)
        for part in range(30)
        for start, length in ((part * 5, 4), (part * 5 + 4, 1))
    ][:-1]
    for first, _ in token_windows(text, spans, 16, 4):
        assert text[spans[first][0]] in "a-"


@given(TEXTS, TEXTS, st.integers(4, 40), st.integers(0, 16), st.none() | st.integers(1, 4))
def test_every_word_is_in_a_passage(
    title: str, body: str, size: int, overlap: int, token_characters: int | None
) -> None:
    """Nothing is cut off: title and body stand in the passages, each no longer than the window."""
    made = splitter(size, overlap, token_characters)
    passages = split(Document("d", title, body), made)
    assert made.split([Document("d", title, body)]) == [passages]
    if token_characters is None:
        found = {word for passage in passages for word in passage.split()}
        assert found == {*title.split(), *body.split()}
        assert all(1 <= len(passage.split()) <= size for passage in passages)
    letters = sorted({*title, *body} - {" "})
    assert sorted({letter for text in passages for letter in text} - {" "}) == letters


@given(TEXTS, TEXTS)
def test_documents_are_split_one_by_one(first: str, second: str) -> None:
    """The others of a batch make no difference."""
    documents = [Document("a", first, second), Document("b", second, first), Document("c", first)]
    assert splitter().split(documents) == [split(document) for document in documents]


def test_a_short_document_is_one_passage() -> None:
    """Title and body, as they stand."""
    assert split(Document("d", " The title ", "the body,\nof it ")) == [
        "The title the body,\nof it"
    ]


def test_the_title_leads_every_passage() -> None:
    """Each passage says what it is about, within the same size."""
    passages = split(Document("d", "a title", words(100)))
    assert len(passages) == 5
    assert all(passage.startswith("a title w") for passage in passages)
    assert all(len(passage.split()) <= 32 for passage in passages)


@pytest.mark.parametrize("body", ["", words(5, "b"), words(100, "b")])
def test_a_long_title_is_read_as_the_start_of_the_body(body: str) -> None:
    """A title of more than half a passage would leave no room for anything else."""
    passages = split(Document("d", words(40, "t"), body))
    assert passages[0].startswith("t0 t1")
    assert sum(passage.startswith("t0 ") for passage in passages) == 1
    assert {word for text in passages for word in text.split()} == set(
        f"{words(40, 't')} {body}".split()
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (Document("d"), []),
        (Document("d", " \t", "\n\u3000"), []),
        (Document("d", "only a title "), ["only a title"]),
        (Document("d", "", "only a body"), ["only a body"]),
        (Document("d", "  ", " only a body\n"), ["only a body"]),
    ],
)
def test_blank_parts(document: Document, expected: list[str]) -> None:
    """A missing part adds nothing; a blank document has no passage."""
    assert split(document) == expected


def test_one_giant_word_is_cut_into_even_pieces() -> None:
    """A word longer than a window is the one thing that is cut inside."""
    word = "".join(chr(0x4E00 + number) for number in range(1_000))
    passages = split(Document("d", "", word), splitter(32, 8, token_characters=1))
    assert passages[0] == word[: len(passages[0])]
    assert passages[-1] == word[-len(passages[-1]) :]
    assert {letter for text in passages for letter in text} == set(word)
    assert {len(text) for text in passages} <= {31, 32}


def _real_tokenizer() -> Path | None:
    found = sorted(cache_dir().glob("*/*/tokenizer.json"))
    return found[0] if found else None


@pytest.mark.skipif(_real_tokenizer() is None, reason="the model's tokeniser is not in the cache")
def test_the_real_tokenizer_counts_what_the_embedder_will_read() -> None:
    """With sub-words, accents and ideographs: every word is there, no passage beyond its size."""
    from tandem.embedding.tokenizing import WindowTokenizer

    file = _real_tokenizer()
    assert file is not None
    real = WindowTokenizer(file, 256)

    class Tokens(HashEmbedder):
        """The fake embedder with the real tokeniser."""

        def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
            """See ``Embedder``."""
            return [list(spans) for spans in real.token_spans(texts)]

    body = " ".join(
        f"Überlängen-Wörter{number} tokenization's naïve 天地玄黃 e\u0301tude 0x{number:08x}"
        for number in range(200)
    )
    passages = split(Document("d", "A résumé", body), PassageSplitter(Tokens(254), 128))
    lengths = [len(spans) for spans in real.token_spans(passages)]
    assert max(lengths) <= 128
    assert min(lengths) > 64
    found = {word for text in passages for word in re.findall(r"\w+", text)}
    assert found == set(re.findall(r"\w+", f"A résumé {body}"))


def test_pieces_are_the_passages_without_their_title() -> None:
    """One a passage, so that the index of one is that of the other."""
    made = splitter(size=8, overlap=2)
    documents = [
        Document("long", "A title", words(20)),
        Document("bare", "", words(20)),
        Document("title", " Only a title ", ""),
        Document("heavy", words(6, "t"), words(3)),
        Document("blank"),
    ]
    passages, pieces = made.split(documents), made.pieces(documents)
    assert [len(texts) for texts in pieces] == [len(texts) for texts in passages]
    assert [f"A title {piece}" for piece in pieces[0]] == passages[0]
    assert pieces[1] == passages[1]
    assert (pieces[2], passages[2]) == ([""], ["Only a title"])
    assert pieces[3] == passages[3], "a title too long for a heading is read as the body's start"
    assert pieces[4] == []
