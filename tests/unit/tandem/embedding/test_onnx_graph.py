"""The fused graph computes what the model's definition says."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from tandem.embedding.model_settings import read_model_settings
from tandem.embedding.onnx_graph import build_onnx_graph
from tandem.errors import ModelError
from tests.models import TINY_CONFIG, tiny_tensors, write_tiny_model

Array = npt.NDArray[np.float64]


def reference(ids: list[int]) -> Array:
    """The same encoder for one text, written from the BERT paper's formulas in float64."""
    t = {name: value.astype(np.float64) for name, value in tiny_tensors().items()}
    heads, size = TINY_CONFIG["num_attention_heads"], TINY_CONFIG["hidden_size"]

    def dense(name: str, x: Array) -> Array:
        return np.asarray(x @ t[f"{name}.weight"].T + t[f"{name}.bias"])

    def norm(name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + TINY_CONFIG["layer_norm_eps"])
        return np.asarray(centred / spread * t[f"{name}.weight"] + t[f"{name}.bias"])

    def split(x: Array) -> Array:
        return x.reshape(len(ids), heads, size // heads).transpose(1, 0, 2)

    erf = np.vectorize(math.erf)
    e = "embeddings"
    x = t[f"{e}.word_embeddings.weight"][ids] + t[f"{e}.position_embeddings.weight"][: len(ids)]
    x = norm(f"{e}.LayerNorm", x + t[f"{e}.token_type_embeddings.weight"][0])
    for layer in range(TINY_CONFIG["num_hidden_layers"]):
        p = f"encoder.layer.{layer}"
        q, k, v = (split(dense(f"{p}.attention.self.{s}", x)) for s in ("query", "key", "value"))
        weights = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(size / heads))
        context = (weights / weights.sum(-1, keepdims=True)) @ v
        merged = context.transpose(1, 0, 2).reshape(len(ids), size)
        x = norm(
            f"{p}.attention.output.LayerNorm", x + dense(f"{p}.attention.output.dense", merged)
        )
        wide = dense(f"{p}.intermediate.dense", x)
        wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
        x = norm(f"{p}.output.LayerNorm", x + dense(f"{p}.output.dense", wide))
    pooled = x.mean(0)
    return np.asarray(pooled / np.linalg.norm(pooled))


def test_graph_equals_the_formulas(tmp_path: Path) -> None:
    """Texts of unlike length in one batch get the vectors of the formulas, padding left out."""
    onnxruntime = pytest.importorskip("onnxruntime")
    folder = write_tiny_model(tmp_path / "tiny")
    graph = build_onnx_graph(folder, read_model_settings(folder))
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    texts = [[2, 4, 5, 6, 8, 9, 10, 3], [2, 4, 3], [2, 3]]
    ids, mask = np.zeros((3, 8), np.int64), np.zeros((3, 8), np.int64)
    for row, text in enumerate(texts):
        ids[row, : len(text)], mask[row, : len(text)] = text, 1
    found = session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0]
    np.testing.assert_allclose(found, [reference(text) for text in texts], atol=2e-6)


def test_same_input_same_bytes(tmp_path: Path) -> None:
    """Two processes that build at once write the same file."""
    folder = write_tiny_model(tmp_path / "tiny")
    settings = read_model_settings(folder)
    assert build_onnx_graph(folder, settings) == build_onnx_graph(folder, settings)


def test_prefixed_and_half_precision_weights_are_read(tmp_path: Path) -> None:
    """Names under ``bert.`` and float16 tensors give the same graph as plain ones of that value."""
    folder = write_tiny_model(tmp_path / "tiny")
    settings = read_model_settings(folder)
    halves = {name: value.astype(np.float16) for name, value in tiny_tensors().items()}
    save_file({f"bert.{name}": v for name, v in halves.items()}, folder / "model.safetensors")
    from_halves = build_onnx_graph(folder, settings)
    wide = {name: value.astype(np.float32) for name, value in halves.items()}
    save_file(wide, folder / "model.safetensors")
    assert from_halves == build_onnx_graph(folder, settings)


def test_missing_tensor_is_named(tmp_path: Path) -> None:
    """Weights of another architecture are refused by the tensor that they lack."""
    folder = write_tiny_model(tmp_path / "tiny")
    tensors = tiny_tensors()
    del tensors["encoder.layer.1.output.dense.bias"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(ModelError, match=r"encoder\.layer\.1\.output\.dense\.bias") as caught:
        build_onnx_graph(folder, read_model_settings(folder))
    assert "SentenceTransformerEmbedder" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"not a tensor in sight", b"\xff" * 64])
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is not safetensors is named."""
    folder = write_tiny_model(tmp_path / "tiny")
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read"):
        build_onnx_graph(folder, read_model_settings(folder))
