"""Every embedder that runs without torch keeps the contract."""

from collections.abc import Mapping, Sequence

import pytest

from tandem.embedding.cached_embedder import CachedEmbedder, EmbeddingCache
from tandem.protocols import Embedder, FloatVector
from tests.contracts.embedder_contract import EmbedderContract
from tests.models import default_embedder


class MemoryCache:
    """An ``EmbeddingCache`` in a dictionary."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], FloatVector] = {}

    def get(self, embedder_name: str, texts: Sequence[str]) -> Mapping[str, FloatVector]:
        """See ``EmbeddingCache``."""
        keys = [(embedder_name, text) for text in texts]
        return {key[1]: self.held[key] for key in keys if key in self.held}

    def put(self, embedder_name: str, vectors: Mapping[str, FloatVector]) -> None:
        """See ``EmbeddingCache``."""
        self.held |= {(embedder_name, text): vector for text, vector in vectors.items()}

    def forget(self, embedder_name: str, texts: Sequence[str]) -> None:
        """See ``EmbeddingCache``."""
        for text in texts:
            self.held.pop((embedder_name, text), None)


class TestOpenVino(EmbedderContract):
    """The fused graph in OpenVINO, in the precision that it chooses here."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The default model."""
        return default_embedder("openvino")


class TestOnnxRuntime(EmbedderContract):
    """The fused graph in ONNX Runtime."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The default model."""
        return default_embedder("onnxruntime")


class TestCached(EmbedderContract):
    """An embedder behind a cache."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The default model behind a dictionary."""
        cache: EmbeddingCache = MemoryCache()
        return CachedEmbedder(default_embedder(), cache)
