"""A BERT encoder's safetensors as one fused ONNX graph, pooling and normalisation inside.

The fused operators of the domain ``com.microsoft`` are read by ONNX Runtime and by OpenVINO alike,
and neither has to find the fusions itself. Symbols: b texts, s tokens, h hidden size.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tandem.embedding.model_settings import USE_SENTENCE_TRANSFORMERS, WEIGHTS, ModelSettings
from tandem.errors import ModelError

BUILDER_VERSION = 2
"""Raised with every change to the graph, so that a graph of yesterday is built again."""

INPUT_IDS = "input_ids"
ATTENTION_MASK = "attention_mask"
EMBEDDING = "embedding"

_FUSED = "com.microsoft"
_OPSET = 18
_IR_VERSION = 9
_SMALLEST_NORM = 1e-12

Tensor = npt.NDArray[np.float32]


class GraphBuilder:
    """Collects nodes and constants; values are passed around by name."""

    def __init__(self, tensors: Mapping[str, Tensor], source: Path) -> None:
        self._tensors = tensors
        self._source = source
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def tensor(self, name: str) -> Tensor:
        """A tensor of the model.

        Raises:
            ModelError: the model has none of that name.

        """
        try:
            return self._tensors[name]
        except KeyError:
            raise ModelError(
                f"{self._source}: the tensor {name!r} is missing; expected a BERT encoder",
                hint=USE_SENTENCE_TRANSFORMERS,
            ) from None

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        """A constant of the graph; gives its name back."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str, *, transposed: bool = False) -> str:
        """A tensor of the model as a constant; transposed for what ``MatMul`` multiplies by."""
        value = self.tensor(name)
        return self.constant(name, value.T if transposed else value)

    def node(
        self, operator: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any
    ) -> str:
        """One operator; gives the name of its output back."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output


def build_onnx_graph(folder: Path, settings: ModelSettings) -> bytes:
    """The serialised graph: int64 ``input_ids`` and ``attention_mask`` (b, s) to float32
    ``embedding`` (b, h), rows of length 1. The same input gives the same bytes.

    Raises:
        ModelError: the weights cannot be read, or are not a BERT encoder's.

    """
    source = folder / WEIGHTS
    graph = GraphBuilder(_read_tensors(source), source)
    hidden = _embeddings(graph, settings)
    mask = graph.node("Cast", [ATTENTION_MASK], "mask.int32", to=_element_type("INT32"))
    for layer in range(settings.layers):
        hidden = _encoder_layer(graph, settings, layer, hidden, mask)
    _mean_pooling_and_norm(graph, hidden)
    return _serialise(graph, settings)


def _embeddings(graph: GraphBuilder, settings: ModelSettings) -> str:
    """Word + position + token type 0, normalised: (b, s, h)."""
    words = graph.weight("embeddings.word_embeddings.weight")
    # every token has type 0, so its row is added to the positions once, here
    positions = graph.constant(
        "embeddings.positions",
        graph.tensor("embeddings.position_embeddings.weight")
        + graph.tensor("embeddings.token_type_embeddings.weight")[:1],
    )
    start = graph.constant("first_position", np.array([0], np.int64))
    length = graph.node("Shape", [INPUT_IDS], "length", start=1, end=2)
    word_rows = graph.node("Gather", [words, INPUT_IDS], "embeddings.words")
    position_rows = graph.node("Slice", [positions, start, length], "embeddings.used_positions")
    added = graph.node("Add", [word_rows, position_rows], "embeddings.sum")
    scale = graph.weight("embeddings.LayerNorm.weight")
    shift = graph.weight("embeddings.LayerNorm.bias")
    return graph.node(
        "LayerNormalization",
        [added, scale, shift],
        "embeddings.output",
        axis=-1,
        epsilon=settings.layer_norm_epsilon,
    )


def _encoder_layer(
    graph: GraphBuilder, settings: ModelSettings, layer: int, hidden: str, mask: str
) -> str:
    prefix = f"encoder.layer.{layer}"
    attended = _self_attention(graph, f"{prefix}.attention", settings, hidden, mask)
    return _feed_forward(graph, prefix, settings, attended)


def _self_attention(
    graph: GraphBuilder, prefix: str, settings: ModelSettings, hidden: str, mask: str
) -> str:
    parts = [f"{prefix}.self.{part}" for part in ("query", "key", "value")]
    weights = graph.constant(
        f"{prefix}.qkv.weight", np.concatenate([graph.tensor(f"{part}.weight") for part in parts]).T
    )
    biases = graph.constant(
        f"{prefix}.qkv.bias", np.concatenate([graph.tensor(f"{part}.bias") for part in parts])
    )
    context = graph.node(
        "Attention",
        [hidden, weights, biases, mask],
        f"{prefix}.context",
        domain=_FUSED,
        num_heads=settings.heads,
    )
    return _project_and_normalise(graph, f"{prefix}.output", settings, context, hidden)


def _feed_forward(graph: GraphBuilder, prefix: str, settings: ModelSettings, hidden: str) -> str:
    wide = f"{prefix}.intermediate.dense"
    weight = graph.weight(f"{wide}.weight", transposed=True)
    product = graph.node("MatMul", [hidden, weight], f"{wide}.product")
    active = graph.node(
        "BiasGelu", [product, graph.weight(f"{wide}.bias")], f"{wide}.gelu", domain=_FUSED
    )
    return _project_and_normalise(graph, f"{prefix}.output", settings, active, hidden)


def _project_and_normalise(
    graph: GraphBuilder, prefix: str, settings: ModelSettings, value: str, skipped: str
) -> str:
    """``LayerNorm(skipped + value @ weight + bias)``, the end of both halves of a layer."""
    weight = graph.weight(f"{prefix}.dense.weight", transposed=True)
    product = graph.node("MatMul", [value, weight], f"{prefix}.product")
    scale = graph.weight(f"{prefix}.LayerNorm.weight")
    shift = graph.weight(f"{prefix}.LayerNorm.bias")
    bias = graph.weight(f"{prefix}.dense.bias")
    return graph.node(
        "SkipLayerNormalization",
        [skipped, product, scale, shift, bias],
        f"{prefix}.normalised",
        domain=_FUSED,
        epsilon=settings.layer_norm_epsilon,
    )


def _mean_pooling_and_norm(graph: GraphBuilder, hidden: str) -> str:
    """The sum over unmasked tokens, brought to length 1; the mean's divisor would cancel out.

    Multiply and add, not a matrix product: what follows the last product OpenVINO leaves in f32,
    which halves the error of bf16.
    """
    tokens = graph.constant("axis.tokens", np.array([1], np.int64))
    last = graph.constant("axis.last", np.array([-1], np.int64))
    smallest = graph.constant("smallest_norm", np.array([_SMALLEST_NORM], np.float32))
    mask = graph.node("Cast", [ATTENTION_MASK], "mask.float", to=_element_type("FLOAT"))
    column = graph.node("Unsqueeze", [mask, last], "mask.column")
    unmasked = graph.node("Mul", [hidden, column], "unmasked")
    pooled = graph.node("ReduceSum", [unmasked, tokens], "pooled", keepdims=0)
    norm = graph.node("ReduceL2", [pooled, last], "pooled.norm", keepdims=1)
    divisor = graph.node("Max", [norm, smallest], "pooled.divisor")
    return graph.node("Div", [pooled, divisor], EMBEDDING)


def _serialise(graph: GraphBuilder, settings: ModelSettings) -> bytes:
    from onnx import helper

    whole = helper.make_tensor_value_info
    integers, floats = _element_type("INT64"), _element_type("FLOAT")
    body = helper.make_graph(
        graph.nodes,
        "sentence_embedding",
        [whole(name, integers, ["b", "s"]) for name in (INPUT_IDS, ATTENTION_MASK)],
        [whole(EMBEDDING, floats, ["b", settings.hidden_size])],
        graph.constants,
    )
    operators = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    model = helper.make_model(body, opset_imports=operators, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def _element_type(name: str) -> int:
    from onnx import TensorProto

    return int(getattr(TensorProto, name))


def _read_tensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, TypeError, ValueError, KeyError) as error:
        raise ModelError(f"{path} cannot be read as safetensors: {error}") from error
    # some checkpoints keep the encoder one level down
    return {
        name.removeprefix("bert."): np.asarray(value, np.float32)
        for name, value in tensors.items()
        if np.issubdtype(value.dtype, np.floating)
    }
