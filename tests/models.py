"""The models that tests share: the real default one, fetched once, and a tiny random one."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from tandem.embedding.fused_embedder import FusedEmbedder
from tandem.embedding.loading import load_default_embedder
from tandem.embedding.runtimes import Precision, RuntimeName
from tandem.embedding.weights import DEFAULT_MODEL, find_model_folder

TINY_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "green", "blue", "##ish", "sky", ",", "天"]

TINY_CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 12,
    "vocab_size": len(TINY_WORDS),
}


def cache_dir() -> Path:
    """Where the real model is kept between runs: 83 MB to fetch."""
    return Path(os.environ.get("TANDEM_CACHE_DIR", Path.home() / ".cache" / "tandem"))


@cache
def default_embedder(runtime: RuntimeName = "auto", precision: Precision = "auto") -> FusedEmbedder:
    """The default model, one object a session."""
    return load_default_embedder(cache_dir(), runtime=runtime, precision=precision)


@cache
def default_folder() -> Path:
    """The folder of the default model's own files."""
    return find_model_folder(DEFAULT_MODEL, cache_dir())


def tiny_tensors(seed: int = 1) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """Random weights of the tiny BERT, under the names of a real one."""
    random = np.random.default_rng(seed)
    h, wide = TINY_CONFIG["hidden_size"], TINY_CONFIG["intermediate_size"]

    def drawn(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return (random.standard_normal(shape) * 0.3).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": drawn(len(TINY_WORDS), h),
        "embeddings.position_embeddings.weight": drawn(TINY_CONFIG["max_position_embeddings"], h),
        "embeddings.token_type_embeddings.weight": drawn(2, h),
        "embeddings.LayerNorm.weight": 1 + drawn(h),
        "embeddings.LayerNorm.bias": drawn(h),
    }
    for layer in range(TINY_CONFIG["num_hidden_layers"]):
        p = f"encoder.layer.{layer}"
        dense = {f"{p}.attention.self.{part}": (h, h) for part in ("query", "key", "value")}
        dense |= {f"{p}.attention.output.dense": (h, h)}
        dense |= {f"{p}.intermediate.dense": (wide, h), f"{p}.output.dense": (h, wide)}
        for name, shape in dense.items():
            tensors |= {f"{name}.weight": drawn(*shape), f"{name}.bias": drawn(shape[0])}
        for name in (f"{p}.attention.output.LayerNorm", f"{p}.output.LayerNorm"):
            tensors |= {f"{name}.weight": 1 + drawn(h), f"{name}.bias": drawn(h)}
    return tensors


def tiny_tokenizer() -> Tokenizer:
    """A WordPiece tokeniser over ``TINY_WORDS`` that ships, as real ones do, padding and a cut."""
    words = {word: number for number, word in enumerate(TINY_WORDS)}
    tokenizer = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=4)
    tokenizer.enable_truncation(4)
    return tokenizer


def tiny_modules(*kinds: str) -> list[dict[str, str | int]]:
    """A modules.json as sentence-transformers writes it."""
    paths = {"Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    return [
        {
            "idx": place,
            "name": str(place),
            "path": paths.get(kind, ""),
            "type": f"sentence_transformers.models.{kind}",
        }
        for place, kind in enumerate(kinds)
    ]


def write_tiny_model(folder: Path, *, seed: int = 1) -> Path:
    """A whole sentence-transformers folder of a few kilobytes: a window of 12 tokens in all."""
    (folder / "1_Pooling").mkdir(parents=True)
    save_file(tiny_tensors(seed), folder / "model.safetensors")
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    write_json(folder / "config.json", TINY_CONFIG)
    write_json(folder / "modules.json", tiny_modules("Transformer", "Pooling", "Normalize"))
    pooling = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}
    write_json(folder / "1_Pooling" / "config.json", pooling)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 12})
    return folder


def write_json(path: Path, value: object) -> None:
    """Write ``value`` to ``path``."""
    path.write_text(json.dumps(value), encoding="utf-8")
