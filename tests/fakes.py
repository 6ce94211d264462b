"""Stand-ins that several tests share: cheap, deterministic, and honest to their Protocol."""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from tandem.documents import Change
from tandem.protocols import FloatMatrix, Refusal

DIMENSION = 16
_WORD = re.compile(r"\S+")


class HashEmbedder:
    """An ``Embedder`` whose vectors are hashes of the text, so that equal texts alone are equal.

    A token is a whitespace word, or with ``token_characters`` a piece of one of at most that many
    characters, as sub-word tokenisers have them. ``embedded`` lists every document text it was
    asked for, in order.
    """

    name = "hash@1"
    dimension = DIMENSION

    def __init__(self, window: int = 32, token_characters: int | None = None) -> None:
        self.window = window
        self.embedded: list[str] = []
        self._token = _WORD
        if token_characters is not None:
            self._token = re.compile(rf"\S{{1,{token_characters}}}")

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """See ``Embedder``."""
        return [[match.span() for match in self._token.finditer(text)] for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        self.embedded.extend(texts)
        return self.embed_queries(texts)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        rows = np.zeros((len(texts), DIMENSION), np.float32)
        for row, text in enumerate(texts):
            if text.strip():
                rows[row] = _hashed(text)
        return rows


def _hashed(text: str) -> FloatMatrix:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4 * DIMENSION).digest()
    vector = np.frombuffer(digest, "<u4").astype(np.float64) - 2**31
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class FakeWriter:
    """Keeps documents by id; ``before_prepare`` and ``before_apply`` may fail, wait or count."""

    def __init__(self, name: str = "lexical", batch_size: int = 3) -> None:
        self.name = name
        self.batch_size = batch_size
        self.held: dict[str, tuple[int, str]] = {}
        self.batches: list[list[int]] = []
        self.refused: set[str] = set()
        self.before_prepare: Callable[[Sequence[Change]], None] = lambda _: None
        self.before_apply: Callable[[Sequence[Change]], None] = lambda _: None

    def prepare(self, changes: Sequence[Change]) -> list[str]:
        """The bodies, so that ``apply`` shows which preparation it was given."""
        self.before_prepare(changes)
        return [change.document.body if change.document else "" for change in changes]

    def apply(self, changes: Sequence[Change], prepared: Any) -> Sequence[Refusal]:
        """Write, and refuse the documents whose body is in ``refused``."""
        self.before_apply(changes)
        self.batches.append([change.sequence for change in changes])
        refusals = []
        for change, body in zip(changes, prepared, strict=True):
            if change.document is None:
                self.held.pop(change.document_id, None)
            elif body in self.refused:
                self.held.pop(change.document_id, None)
                refusals.append(Refusal(change.document_id, f"cannot take {body}"))
            else:
                self.held[change.document_id] = (change.sequence, body)
        return refusals

    def refresh(self) -> None:
        """Searchable at once."""
