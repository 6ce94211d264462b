"""What following the log means for each index: prepare what it stores, then apply it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tandem.documents import Change
from tandem.lexical import LexicalIndex
from tandem.passages import PassageSplitter
from tandem.protocols import Embedder, FloatMatrix, Refusal, VectorIndex


class IndexWriter(Protocol):
    """One index, as its follower sees it."""

    @property
    def name(self) -> str:
        """``lexical`` or ``vector``."""
        ...

    @property
    def batch_size(self) -> int:
        """How many changes to take at once."""
        ...

    def prepare(self, changes: Sequence[Change]) -> Any:
        """The expensive part, without touching the index; given to ``apply``. Thread-safe."""
        ...

    def apply(self, changes: Sequence[Change], prepared: Any) -> Sequence[Refusal]:
        """Make the changes durable; the refused ones come back."""
        ...

    def refresh(self) -> None:
        """Make searchable what was applied."""
        ...


class LexicalWriter:
    """Documents into a lexical index."""

    name = "lexical"
    batch_size = 1_000

    def __init__(self, index: LexicalIndex) -> None:
        self.index = index

    def prepare(self, changes: Sequence[Change]) -> None:
        """A lexical engine analyses the text itself."""

    def apply(self, changes: Sequence[Change], prepared: None) -> Sequence[Refusal]:  # noqa: ARG002
        """See ``IndexWriter``."""
        return self.index.apply(changes)

    def refresh(self) -> None:
        """See ``IndexWriter``."""
        self.index.refresh()


class VectorWriter:
    """Documents into a vector index: passages, embedded. No passage is longer than the window."""

    name = "vector"
    batch_size = 100

    def __init__(self, index: VectorIndex, embedder: Embedder, passage_tokens: int) -> None:
        self.index = index
        self._embedder = embedder
        self._passage_tokens = passage_tokens

    def prepare(self, changes: Sequence[Change]) -> Mapping[str, FloatMatrix]:
        """The passages' vectors of every upserted document, by id."""
        documents = [change.document for change in changes if change.document is not None]
        if not documents:
            return {}  # and the embedder, loaded when it is first asked, stays unloaded
        size = min(self._passage_tokens, self._embedder.window)
        passages = PassageSplitter(self._embedder, size).split(documents)
        vectors = self._embedder.embed_documents([text for texts in passages for text in texts])
        by_document = {}
        start = 0
        for document, texts in zip(documents, passages, strict=True):
            by_document[document.document_id] = vectors[start : start + len(texts)]
            start += len(texts)
        return by_document

    def apply(
        self, changes: Sequence[Change], prepared: Mapping[str, FloatMatrix]
    ) -> Sequence[Refusal]:
        """See ``IndexWriter``."""
        return self.index.apply(changes, prepared)

    def refresh(self) -> None:
        """A vector index is searchable as soon as it was written."""
