"""An embedder that is loaded when it is needed, once, whether that works or not."""

import pytest

from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import ModelError
from tandem.protocols import Embedder
from tests.fakes import HashEmbedder


def test_it_is_loaded_once_and_when_needed() -> None:
    """Name and dimension cost nothing; the first text loads."""
    loads = []

    def load() -> Embedder:
        loads.append(1)
        return HashEmbedder()

    fake = HashEmbedder()
    lazy = LazyEmbedder(fake.name, fake.dimension, load)
    assert (lazy.name, lazy.dimension, len(loads)) == (fake.name, fake.dimension, 0)
    assert (lazy.is_loaded, lazy.failure) == (False, None)

    lazy.embed_queries(["a"])
    lazy.embed_documents(["b"])

    assert len(loads) == 1
    assert lazy.wait_until_loaded() is None
    assert (lazy.is_loaded, lazy.failure) == (True, None)


def test_a_failed_load_is_not_tried_again() -> None:
    """Asking an absent hub takes long; its answer is kept, and raised to everybody."""
    loads = []

    def load() -> Embedder:
        loads.append(1)
        raise ModelError("no model", hint="fetch it")

    lazy = LazyEmbedder("model@1", 16, load)
    failure = lazy.wait_until_loaded()

    assert failure is not None
    assert failure.hint == "fetch it"
    assert lazy.failure is failure
    assert not lazy.is_loaded
    for _ in range(2):
        with pytest.raises(ModelError, match="no model"):
            lazy.embed_queries(["a"])
    assert len(loads) == 1


def test_another_model_is_refused() -> None:
    """Vectors of two models are never compared."""
    lazy = LazyEmbedder("other@1", HashEmbedder().dimension, HashEmbedder)

    with pytest.raises(ModelError, match="holds vectors of other@1"):
        lazy.embed_queries(["a"])
