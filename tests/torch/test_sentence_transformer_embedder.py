"""The embedder of the extra [torch] keeps the contract, and reads a model's own files."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from tandem.embedding.files import sha256_of
from tandem.embedding.sentence_transformer_embedder import SentenceTransformerEmbedder
from tandem.embedding.weights import DEFAULT_MODEL
from tandem.errors import ModelError
from tandem.protocols import Embedder
from tests.contracts.embedder_contract import EmbedderContract, cosines
from tests.models import cache_dir, tiny_modules, write_json, write_tiny_model

pytestmark = pytest.mark.torch


@cache
def default_in_torch() -> SentenceTransformerEmbedder:
    """The default model, one object a session."""
    return SentenceTransformerEmbedder(DEFAULT_MODEL, cache_dir(), device="cpu")


class TestSentenceTransformer(EmbedderContract):
    """The default model in torch."""

    @pytest.fixture
    def embedder(self) -> Embedder:
        """The default model."""
        return default_in_torch()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A tiny model folder."""
    return write_tiny_model(tmp_path / "tiny")


def load(folder: Path, **options: Any) -> SentenceTransformerEmbedder:
    """The embedder of the model in ``folder``, on the processor."""
    return SentenceTransformerEmbedder(
        "someone/tiny", folder.parent / "cache", path=folder, **{"device": "cpu", **options}
    )


def test_name_is_the_fused_embedders(tiny: Path) -> None:
    """Both forms of a model have one name: their vectors may be compared."""
    digest = sha256_of(tiny / "model.safetensors")
    assert load(tiny).name == f"someone/tiny@{digest[:8]}"


def test_folder_as_the_model(tiny: Path) -> None:
    """A model may be named by its folder."""
    embedder = SentenceTransformerEmbedder(str(tiny), tiny.parent / "cache", device="cpu")
    np.testing.assert_array_equal(
        embedder.embed_queries(["red"]), load(tiny).embed_queries(["red"])
    )


def test_prompts_and_window_come_from_the_files(tiny: Path) -> None:
    """Queries and documents get their own prompts, and the document's takes from the window."""
    plain = load(tiny)
    prompts = {"query": "blue sky ", "document": "green "}
    write_json(tiny / "config_sentence_transformers.json", {"prompts": prompts})
    prompted = load(tiny)
    assert (plain.window, prompted.window) == (10, 9)
    expected = plain.embed_documents(["blue sky red", "green red"])
    assert cosines(prompted.embed_queries(["red"]), expected[:1])[0] > 0.999999
    assert cosines(prompted.embed_documents(["red"]), expected[1:])[0] > 0.999999


def test_pooling_comes_from_the_files(tiny: Path) -> None:
    """A model that pools by its first token is read that way, and normalised all the same."""
    mean = load(tiny).embed_documents(["red green"])
    write_json(
        tiny / "1_Pooling" / "config.json", {"word_embedding_dimension": 16, "pooling_mode": "cls"}
    )
    write_json(tiny / "modules.json", tiny_modules("Transformer", "Pooling"))
    first = load(tiny).embed_documents(["red green"])
    assert cosines(mean, first)[0] < 0.999
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)


def test_weights_in_parts_have_a_name(tiny: Path) -> None:
    """The name of a model in several files depends on all of them."""
    first = load(tiny).name
    save_file({"unused": np.zeros(1, np.float32)}, tiny / "model-2.safetensors")
    assert load(tiny).name != first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "abacus"}, "device abacus"),
        ({"backend": "abacus"}, "backend abacus"),
    ],
)
def test_impossible_options_are_named(tiny: Path, options: dict[str, Any], message: str) -> None:
    """A device or backend that does not exist is an error in words."""
    with pytest.raises(ModelError, match=message):
        load(tiny, **options)


def test_missing_openvino_backend_says_how_to_get_it(tiny: Path) -> None:
    """optimum-intel does not fit beside the newest transformers, so it is no dependency."""
    if _has_optimum():
        pytest.skip("optimum-intel is installed here")
    with pytest.raises(ModelError, match="backend openvino") as caught:
        load(tiny, backend="openvino")
    assert "optimum-intel" in caught.value.hint


@pytest.mark.filterwarnings("ignore")  # the exporter warns, inside torch's tracer
def test_openvino_backend_equals_torch() -> None:
    """Where optimum-intel is installed, its backend gives torch's vectors."""
    if not _has_optimum():
        pytest.skip("needs optimum-intel: pip install 'optimum-intel[openvino]'")
    texts = ["blue sky", "a retired detective", "vitamin D " * 40]
    openvino = SentenceTransformerEmbedder(
        DEFAULT_MODEL, cache_dir(), device="cpu", backend="openvino"
    )
    similar = cosines(openvino.embed_documents(texts), default_in_torch().embed_documents(texts))
    assert similar.min() >= 0.9999


def test_damaged_model_is_named(tiny: Path) -> None:
    """Weights that cannot be read are an error in words that names the folder."""
    (tiny / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=str(tiny)):
        load(tiny)


def _has_optimum() -> bool:
    from importlib.util import find_spec

    return find_spec("optimum") is not None
