"""The default embedder: the fused graph in OpenVINO or ONNX Runtime, without torch."""

from collections.abc import Iterator, Sequence

import numpy as np

from tandem.embedding.graph_cache import FusedGraph
from tandem.embedding.runtimes import (
    Precision,
    RuntimeName,
    available_cores,
    choose_precision,
    choose_runtime,
    load_runtime,
)
from tandem.embedding.tokenizing import WindowTokenizer
from tandem.errors import SettingsError
from tandem.protocols import FloatMatrix

_BATCH = 32


class FusedEmbedder:
    """A sentence-transformers model of the BERT family with mean pooling. Thread-safe.

    Args:
        graph: The model's fused graph.
        runtime: ``openvino``, ``onnxruntime``, or ``auto``: OpenVINO where it is installed.
        precision: ``bf16``, ``f32``, or ``auto``: bf16 where the processor computes it.
        threads: For one call; default, the cores this process may use.

    Raises:
        SettingsError: an option is unknown or cannot be had on this machine.
        ModelError: the graph cannot be loaded.

    """

    def __init__(
        self,
        graph: FusedGraph,
        *,
        runtime: RuntimeName = "auto",
        precision: Precision = "auto",
        threads: int | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise SettingsError(f"threads is {threads}; expected 1 or more")
        self._graph = graph
        self.runtime = choose_runtime(runtime)
        self.precision = choose_precision(self.runtime, precision)
        self._tokenizer = WindowTokenizer(graph.tokenizer, graph.max_tokens)
        self._run = load_runtime(
            graph.graph, self.runtime, self.precision, threads or available_cores(), graph.compiled
        )

    @property
    def name(self) -> str:
        """The model and 8 digits of its weights' sha256, whatever the precision."""
        return self._graph.name

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._graph.dimension

    @property
    def window(self) -> int:
        """How many tokens of a text it reads, special ones not counted."""
        return self._tokenizer.window

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """Each text's tokens as (start, end) character offsets, uncut."""
        return self._tokenizer.token_spans(texts)

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """Float32 (len(texts), dimension), rows of length 1; a text without a token gives zeros."""
        rows = np.zeros((len(texts), self.dimension), np.float32)
        token_ids = self._tokenizer.token_ids(texts)
        for batch in _batches([len(ids) for ids in token_ids]):
            rows[batch] = self._embed([token_ids[index] for index in batch])
        return rows

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """As ``embed_documents``: this kind of model does not tell the two apart."""
        return self.embed_documents(texts)

    def _embed(self, token_ids: Sequence[Sequence[int]]) -> FloatMatrix:
        length = max(len(ids) for ids in token_ids)
        padded = np.zeros((len(token_ids), length), np.int64)
        mask = np.zeros_like(padded)
        for row, ids in enumerate(token_ids):
            padded[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        return self._run(padded, mask)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions of the texts that have tokens, those of like length together."""
    order = sorted((i for i, length in enumerate(lengths) if length), key=lambda i: -lengths[i])
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]
