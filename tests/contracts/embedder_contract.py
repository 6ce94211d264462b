"""What every embedder owes its callers; a new one inherits the class and gives the fixture."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tandem.protocols import Embedder, FloatMatrix
from tests.texts import CODE, NOT_LATIN, ODD, SENTENCES

BATCH_TOLERANCE = 1e-4
MEGABYTE_SECONDS = 20.0
"""Generous: the machine may be busy. A text read whole by a model would take minutes."""


def cosines(left: FloatMatrix, right: FloatMatrix) -> FloatMatrix:
    """Row by row, computed in float64 so that the comparison adds no error of its own."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / lengths, np.float32)


def long_text(words: int) -> str:
    """Different words, so that what is read and what is not shows in the vector."""
    return " ".join(f"{SENTENCES[i % len(SENTENCES)]} item {i}" for i in range(words // 10))


class EmbedderContract:
    """Inherit, and define the fixture ``embedder``."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The embedder under test."""
        raise NotImplementedError

    def test_describes_itself(self, embedder: Embedder) -> None:
        """Name, dimension and window are usable, and the name carries a revision."""
        model, _, revision = embedder.name.partition("@")
        assert model
        assert len(revision) == 8
        assert embedder.dimension > 0
        assert embedder.window > 0

    def test_rows_have_length_one(self, embedder: Embedder) -> None:
        """Documents and queries are float32 rows of length 1, one a text."""
        for embed in (embedder.embed_documents, embedder.embed_queries):
            rows = embed(SENTENCES)
            assert rows.shape == (len(SENTENCES), embedder.dimension)
            assert rows.dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)

    def test_nothing_gives_an_empty_matrix(self, embedder: Embedder) -> None:
        """No text gives no row, of the right width."""
        assert embedder.embed_documents([]).shape == (0, embedder.dimension)
        assert embedder.embed_queries([]).shape == (0, embedder.dimension)
        assert list(embedder.token_spans([])) == []

    def test_blank_texts_give_zeros(self, embedder: Embedder) -> None:
        """A blank text is a row of zeros, between rows that are not."""
        rows = embedder.embed_documents(["", "blue sky", " \n\t ", "green grass"])
        assert not rows[[0, 2]].any()
        np.testing.assert_allclose(np.linalg.norm(rows[[1, 3]], axis=1), 1.0, atol=1e-5)

    def test_meaning_is_nearer_than_words(self, embedder: Embedder) -> None:
        """A paraphrase without a common word is nearer than another subject."""
        query, near, far = embedder.embed_queries(
            ["physician", "a doctor treats patients", "the stock market fell sharply"]
        )
        assert query @ near > query @ far + 0.1

    def test_order_is_kept(self, embedder: Embedder) -> None:
        """Rows stand in the order of the texts, short ones among long ones."""
        texts = [SENTENCES[0], long_text(400), "a", long_text(90), SENTENCES[1], "b c"]
        rows = embedder.embed_documents(texts)
        for row, text in zip(rows, texts, strict=True):
            assert cosines(row[None], embedder.embed_documents([text]))[0] > 1 - BATCH_TOLERANCE

    def test_batches_do_not_matter(self, embedder: Embedder) -> None:
        """A text has the same vector alone as among others."""
        texts = [*SENTENCES, *NOT_LATIN, *CODE, *[odd for odd in ODD if odd.strip()]]
        together = embedder.embed_documents(texts)
        alone = np.vstack([embedder.embed_documents([text]) for text in texts])
        assert cosines(together, alone).min() >= 1 - BATCH_TOLERANCE

    def test_broken_text_is_embedded(self, embedder: Embedder) -> None:
        """Lone surrogates and NUL characters change nothing around them."""
        rows = embedder.embed_documents(["blue \ud800 sky", "\udfff", "blue\x00 sky"])
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
        assert cosines(rows[2:], embedder.embed_documents(["blue sky"]))[0] > 0.999
        assert len(embedder.token_spans(["blue \ud800 sky"])[0]) >= 3

    def test_megabyte_text_in_bounded_time(self, embedder: Embedder) -> None:
        """A text of a megabyte takes seconds, and is read from its start."""
        text = long_text(200_000)
        assert len(text) > 1_000_000
        started = time.perf_counter()
        row = embedder.embed_documents([text])
        assert time.perf_counter() - started < MEGABYTE_SECONDS
        assert cosines(row, embedder.embed_documents([text[:20_000]]))[0] > 1 - BATCH_TOLERANCE

    def test_threads_agree_with_one(self, embedder: Embedder) -> None:
        """Eight threads at once get what one gets alone."""
        texts = [f"{SENTENCES[i % len(SENTENCES)]} {'and more ' * (i % 5)}{i}" for i in range(48)]
        alone = [embedder.embed_queries([text])[0] for text in texts]
        with ThreadPoolExecutor(8) as pool:
            shared = list(pool.map(lambda text: embedder.embed_queries([text])[0], texts))
        np.testing.assert_allclose(np.array(shared), np.array(alone), atol=1e-5)

    def test_token_spans_cover_the_text(self, embedder: Embedder) -> None:
        """Spans are ordered, inside the text, and leave out nothing but space."""
        for text in [*SENTENCES, *CODE, long_text(900)]:
            spans = embedder.token_spans([text])[0]
            covered = np.zeros(len(text), bool)
            last_end = 0
            for start, end in spans:
                assert last_end <= start < end <= len(text)
                covered[start:end] = True
                last_end = end
            left_out = "".join(c for c, inside in zip(text, covered, strict=True) if not inside)
            assert not left_out.strip()

    def test_token_spans_are_whole(self, embedder: Embedder) -> None:
        """A text beyond the window keeps all its tokens; a blank one has none."""
        spans = embedder.token_spans([long_text(900), "", "  "])
        assert len(spans[0]) > embedder.window
        assert [len(spans[1]), len(spans[2])] == [0, 0]

    def test_window_is_what_is_read(self, embedder: Embedder) -> None:
        """The vector changes up to the window's last token, and not after it."""
        text = long_text(900)
        ends = [end for _, end in embedder.token_spans([text])[0]]
        window = embedder.window
        whole, cut, shorter = embedder.embed_documents(
            [text, text[: ends[window - 1]], text[: ends[window - 9]]]
        )
        assert cosines(whole[None], cut[None])[0] > 1 - 1e-5
        assert cosines(whole[None], shorter[None])[0] < 1 - BATCH_TOLERANCE
