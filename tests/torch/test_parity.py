"""The fused embedder gives the vectors of sentence-transformers itself."""

from functools import cache

import pytest

from tandem.embedding.runtimes import Precision, RuntimeName, processor_has_bf16
from tandem.embedding.sentence_transformer_embedder import SentenceTransformerEmbedder
from tandem.embedding.weights import DEFAULT_MODEL
from tandem.protocols import FloatMatrix
from tests.contracts.embedder_contract import cosines
from tests.models import cache_dir, default_embedder
from tests.texts import varied_texts

pytestmark = pytest.mark.torch


@cache
def in_torch() -> SentenceTransformerEmbedder:
    """The default model as sentence-transformers runs it."""
    return SentenceTransformerEmbedder(DEFAULT_MODEL, cache_dir(), device="cpu")


@cache
def reference() -> FloatMatrix:
    """Its vectors of the varied texts."""
    return in_torch().embed_documents(varied_texts())


@pytest.mark.parametrize(
    ("runtime", "precision", "least"),
    [
        ("onnxruntime", "f32", 0.999999),
        ("openvino", "f32", 0.999999),
        pytest.param(
            "openvino",
            "bf16",
            0.9999,
            marks=pytest.mark.skipif(
                not processor_has_bf16(), reason="this processor does not compute bf16"
            ),
        ),
    ],
)
def test_vectors_are_those_of_sentence_transformers(
    runtime: RuntimeName, precision: Precision, least: float
) -> None:
    """Over 200 texts of many kinds, the worst cosine is near 1."""
    texts = varied_texts()
    assert len(texts) >= 200
    fused = default_embedder(runtime, precision)
    assert cosines(fused.embed_documents(texts), reference()).min() >= least


def test_names_and_windows_agree() -> None:
    """Both forms read as many tokens, under one name."""
    fused, torch = default_embedder(), in_torch()
    assert (fused.name, fused.window, fused.dimension) == (torch.name, torch.window, 384)


def test_token_spans_agree() -> None:
    """Passages come out the same, whichever form splits them."""
    texts = varied_texts()
    assert list(default_embedder().token_spans(texts)) == list(in_torch().token_spans(texts))
