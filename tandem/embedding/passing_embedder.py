"""What an embedder around another one leaves as it is."""

from collections.abc import Sequence

from tandem.protocols import Embedder, FloatMatrix


class PassingEmbedder:
    """An ``Embedder`` that gives what another one gives: for those that change one thing of it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        """The name of the embedder behind."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._embedder.dimension

    @property
    def window(self) -> int:
        """How many tokens of a text it reads, special ones not counted."""
        return self._embedder.window

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """Each text's tokens as (start, end) character offsets, uncut."""
        return self._embedder.token_spans(texts)

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """As the embedder behind gives them."""
        return self._embedder.embed_documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """As the embedder behind gives them."""
        return self._embedder.embed_queries(texts)
