"""Embedding models that cannot be confused: the same text, another direction each."""

from collections.abc import Sequence

import numpy as np

from tandem.protocols import FloatMatrix
from tandem.sections import EmbeddingSettings
from tests.fakes import HashEmbedder

MODELS = ("hash-a", "hash-b", "hash-c")


class ModelEmbedder(HashEmbedder):
    """``HashEmbedder`` under a model's name: its vectors are those of the text with that name."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model
        self.name = f"{model}@1"

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        return self.embed_queries(texts)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        return super().embed_queries([text and f"{self.model}: {text}" for text in texts])


def load(settings: EmbeddingSettings, *_: object, **__: object) -> ModelEmbedder:
    """In the place of ``api.embedders.load_embedder``."""
    return ModelEmbedder(settings.model)


def cosine(model: str, query: str, text: str) -> float:
    """What a vector index of that model must say."""
    embedder = ModelEmbedder(model)
    left, right = embedder.embed_queries([query])[0], embedder.embed_documents([text])[0]
    return float(np.dot(left, right))
