"""Any sentence-transformers model, in the extra [torch]. Never imported by the default path."""

import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tandem.embedding.files import sha256_of
from tandem.embedding.model_settings import CONFIG
from tandem.embedding.tokenizing import encodable
from tandem.embedding.weights import find_model_folder
from tandem.errors import ModelError
from tandem.protocols import FloatMatrix

Backend = Literal["torch", "openvino"]

INSTALL_TORCH = "pip install -r requirements/torch.lock, or the extra: pip install '.[torch]'"
INSTALL_OPTIMUM = "in an environment of its own: pip install '.[torch]' 'optimum-intel[openvino]'"

_CHARACTERS_PER_TOKEN = 64
"""A longer text is cut before it is tokenised: 1 MB would cost over a second for nothing."""

_MOST_TOKENS = 1 << 20
"""Tokenisers without a limit of their own give a far larger number."""


class SentenceTransformerEmbedder:
    """A model by name or path; prompts, pooling and window come from its own files. Thread-safe.

    Args:
        model: A name on the Hugging Face hub, or a folder.
        cache_dir: Where the default model is looked for as well, see ``find_model_folder``.
        path: A local copy of ``model``.
        device: As torch names it (``cpu``, ``cuda``); default, the best there is.
        backend: ``torch``, or ``openvino``, which needs optimum-intel as well.

    Raises:
        ModelError: a package is missing, or the model cannot be loaded.

    """

    def __init__(
        self,
        model: str,
        cache_dir: Path,
        *,
        path: Path | None = None,
        device: str | None = None,
        backend: Backend = "torch",
    ) -> None:
        transformer = _sentence_transformer_class()  # before anything is fetched
        if path is None and Path(model).is_dir():
            path = Path(model)
        # found here, because sentence-transformers asks an absent hub for over a minute
        folder = find_model_folder(model, cache_dir, path=path, required=(CONFIG,))
        self._name = f"{model}@{_weights_digest(folder)[:8]}"
        self._model = _load(transformer, folder, device, backend)
        # a fast tokeniser raises when two threads set its truncation at once
        self._lock = threading.Lock()
        self._tokenizer = _plain_tokenizer(self._model, folder)
        self._window = self._text_window(folder)

    @property
    def name(self) -> str:
        """The model, and 8 digits of its weights' sha256."""
        return self._name

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._model.get_embedding_dimension())

    @property
    def window(self) -> int:
        """How many tokens of a document it reads, special ones and the prompt not counted."""
        return self._window

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """Each text's tokens as (start, end) character offsets, uncut."""
        encodings = self._tokenizer.encode_batch(
            [encodable(text) for text in texts], add_special_tokens=False
        )
        return [[(start, end) for start, end in encoding.offsets] for encoding in encodings]

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """Float32 (len(texts), dimension), rows of length 1; a blank text gives zeros."""
        return self._embed(self._model.encode_document, texts)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """As ``embed_documents``, with the model's prompt for queries."""
        return self._embed(self._model.encode_query, texts)

    def _embed(self, encode: Callable[..., Any], texts: Sequence[str]) -> FloatMatrix:
        rows = np.zeros((len(texts), self.dimension), np.float32)
        filled = [index for index, text in enumerate(texts) if text.strip()]
        if filled:
            longest = (self._window + 1) * _CHARACTERS_PER_TOKEN
            with self._lock:
                rows[filled] = encode(
                    [encodable(texts[index][:longest]) for index in filled],
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
        return rows

    def _text_window(self, folder: Path) -> int:
        limit = self._model.max_seq_length
        if limit is None or limit > _MOST_TOKENS:
            limit = getattr(self._model[0].config, "max_position_embeddings", None)
        if limit is None:
            raise ModelError(
                f"{folder}: the model does not say how many tokens it reads",
                hint="set max_seq_length in its sentence_bert_config.json",
            )
        prompt = self._model.prompts.get("document") or ""
        in_prompt = len(self._tokenizer.encode(prompt, add_special_tokens=False).ids)
        special = int(self._tokenizer.num_special_tokens_to_add(is_pair=False))
        return int(limit) - special - in_prompt


def _sentence_transformer_class() -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelError(
            f"sentence-transformers cannot be imported: {error}", hint=INSTALL_TORCH
        ) from error
    return SentenceTransformer


def _load(transformer: Any, folder: Path, device: str | None, backend: Backend) -> Any:
    options: dict[str, Any] = {}
    if backend == "openvino":
        # left alone, OpenVINO takes bf16 without a word where the processor has it
        options["model_kwargs"] = {"ov_config": {"INFERENCE_PRECISION_HINT": "f32"}}
    try:
        return transformer(str(folder), device=device, backend=backend, **options)
    except Exception as error:  # torch, transformers and the hub raise all kinds
        missing = backend == "openvino" and "optimum" in str(error).lower()
        raise ModelError(
            f"{folder} cannot be loaded by sentence-transformers "
            f"(backend {backend}, device {device or 'chosen by torch'}): {error}",
            hint=INSTALL_OPTIMUM if missing else "choose another device, backend or model",
        ) from error


def _plain_tokenizer(model: Any, folder: Path) -> Any:
    """The model's tokeniser without truncation, a copy that encoding does not change."""
    fast = getattr(model.tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise ModelError(
            f"{folder}: the model has no fast tokeniser, so the places of its tokens are unknown",
            hint="choose a model with a tokenizer.json",
        )
    from tokenizers import Tokenizer

    plain = Tokenizer.from_str(fast.to_str())
    plain.no_truncation()
    plain.no_padding()
    return plain


def _weights_digest(folder: Path) -> str:
    """The weights' sha256; of several files, the sha256 of theirs."""
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))
    digests = [sha256_of(file) for file in files]
    if not digests:
        raise ModelError(f"{folder} holds no weights; expected model.safetensors")
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
