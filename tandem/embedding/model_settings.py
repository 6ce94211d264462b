"""What a sentence-transformers model folder says about itself, and whether the fused graph fits it.

The graph covers the BERT family with mean pooling and normalisation; everything else is refused by
name, because a vector that is slightly wrong looks like any other vector.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.errors import ModelError

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
MODULES = "modules.json"
POOLING = "1_Pooling/config.json"
SENTENCE_CONFIG = "sentence_bert_config.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
PROMPTS = "config_sentence_transformers.json"

REQUIRED_FILES = (WEIGHTS, CONFIG, TOKENIZER, MODULES, POOLING)
READ_FILES = (*REQUIRED_FILES, SENTENCE_CONFIG, TOKENIZER_CONFIG, PROMPTS)
"""Everything that decides a vector; optional files included."""

USE_SENTENCE_TRANSFORMERS = (
    "use SentenceTransformerEmbedder for this model: install the extra [torch] "
    "(pip install -r requirements/torch.lock)"
)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The numbers of a BERT encoder; ``max_tokens`` counts the special ones."""

    hidden_size: int
    layers: int
    heads: int
    layer_norm_epsilon: float
    max_tokens: int


def read_model_settings(folder: Path) -> ModelSettings:
    """The settings of the model in ``folder``.

    Raises:
        ModelError: a file is missing or broken, or the model is not of the supported kind.

    """
    config = _read_object(folder / CONFIG)
    _require_bert(folder, config)
    _require_mean_and_normalise(folder)
    _require_plain_text(folder)
    try:
        positions = int(config["max_position_embeddings"])
        return ModelSettings(
            hidden_size=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            layer_norm_epsilon=float(config["layer_norm_eps"]),
            max_tokens=min(positions, _max_sequence_length(folder) or positions),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder / CONFIG}: {error!r}; expected the numbers of a BERT configuration"
        ) from error


def missing_files(folder: Path, required: Sequence[str] = REQUIRED_FILES) -> list[str]:
    """The required files that ``folder`` does not hold."""
    return [name for name in required if not (folder / name).is_file()]


def _require_bert(folder: Path, config: dict[str, Any]) -> None:
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    # later versions of the configuration leave out what is the only choice
    defaults = {"hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, expected in wanted.items():
        found = config.get(key, defaults.get(key))
        if found != expected:
            raise ModelError(
                f"{folder / CONFIG}: {key} is {found!r}; the fused embedder expects {expected!r}",
                hint=USE_SENTENCE_TRANSFORMERS,
            )


def _require_mean_and_normalise(folder: Path) -> None:
    modules = [str(module.get("type", "")) for module in _read_list(folder / MODULES)]
    kinds = [module.rpartition(".")[2] for module in modules]
    if kinds != ["Transformer", "Pooling", "Normalize"]:
        raise ModelError(
            f"{folder / MODULES}: the modules are {', '.join(kinds) or 'none'}; "
            "the fused embedder expects Transformer, Pooling, Normalize",
            hint=USE_SENTENCE_TRANSFORMERS,
        )
    pooling = _pooling_modes(_read_object(folder / POOLING))
    if pooling != ["mean"]:
        raise ModelError(
            f"{folder / POOLING}: the pooling is {' and '.join(pooling) or 'none'}; "
            "the fused embedder expects mean",
            hint=USE_SENTENCE_TRANSFORMERS,
        )


def _pooling_modes(config: dict[str, Any]) -> list[str]:
    """Both spellings: one ``pooling_mode``, or a flag for each mode."""
    if "pooling_mode" in config:
        mode = config["pooling_mode"]
        return [mode] if isinstance(mode, str) else [str(part) for part in mode]
    flags = (key for key, value in config.items() if key.startswith("pooling_mode_") and value)
    names = [key.removeprefix("pooling_mode_").removesuffix("_tokens") for key in flags]
    return [name.removesuffix("_token") for name in names]


def _require_plain_text(folder: Path) -> None:
    """Prompts and lower-casing would happen before the tokeniser, where nothing happens here."""
    prompts = _read_optional(folder / PROMPTS).get("prompts") or {}
    used = sorted(name for name, prompt in prompts.items() if prompt)
    if used:
        raise ModelError(
            f"{folder / PROMPTS}: the model has prompts ({', '.join(used)}); "
            "the fused embedder expects a model without",
            hint=USE_SENTENCE_TRANSFORMERS,
        )
    if _read_optional(folder / SENTENCE_CONFIG).get("do_lower_case"):
        raise ModelError(
            f"{folder / SENTENCE_CONFIG}: do_lower_case is true; the fused embedder expects false",
            hint=USE_SENTENCE_TRANSFORMERS,
        )


def _max_sequence_length(folder: Path) -> int | None:
    """From the older file's ``max_seq_length``, else the tokeniser's ``model_max_length``."""
    for name, key in ((SENTENCE_CONFIG, "max_seq_length"), (TOKENIZER_CONFIG, "model_max_length")):
        length = _read_optional(folder / name).get(key)
        if length is not None:
            return int(length)
    return None


def _read_object(path: Path) -> dict[str, Any]:
    value = _read_json(path)
    if not isinstance(value, dict):
        raise ModelError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def _read_optional(path: Path) -> dict[str, Any]:
    return _read_object(path) if path.is_file() else {}


def _read_list(path: Path) -> list[dict[str, Any]]:
    value = _read_json(path)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ModelError(f"{path}: expected a JSON list of objects")
    return value


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path} is missing; expected a sentence-transformers model folder"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
