"""A model folder is read by its own files, and refused by name where the graph does not fit."""

from pathlib import Path
from typing import Any

import pytest

from tandem.embedding.model_settings import ModelSettings, missing_files, read_model_settings
from tandem.errors import ModelError
from tests.models import TINY_CONFIG, write_json, write_tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole model folder."""
    return write_tiny_model(tmp_path / "tiny")


def test_numbers_come_from_the_files(folder: Path) -> None:
    """Sizes, heads and window are the ones in the folder."""
    assert read_model_settings(folder) == ModelSettings(
        hidden_size=16, layers=2, heads=4, layer_norm_epsilon=1e-12, max_tokens=12
    )


def test_resaved_folder_means_the_same(folder: Path) -> None:
    """The spelling of later sentence-transformers versions is read as well."""
    before = read_model_settings(folder)
    write_json(folder / "1_Pooling" / "config.json", {"pooling_mode": "mean"})
    write_json(folder / "sentence_bert_config.json", {"module_output_name": "token_embeddings"})
    write_json(folder / "tokenizer_config.json", {"model_max_length": 12})
    write_json(folder / "config_sentence_transformers.json", {"prompts": {"query": ""}})
    assert read_model_settings(folder) == before


@pytest.mark.parametrize(("length", "expected"), [(8, 8), (500, 12), (None, 12)])
def test_window_is_at_most_the_positions(folder: Path, length: int | None, expected: int) -> None:
    """A window beyond the position table would read past its end."""
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": length})
    assert read_model_settings(folder).max_tokens == expected


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", TINY_CONFIG | {"model_type": "roberta"}, "model_type is 'roberta'"),
        ("config.json", TINY_CONFIG | {"hidden_act": "relu"}, "hidden_act is 'relu'"),
        (
            "config.json",
            TINY_CONFIG | {"position_embedding_type": "relative_key"},
            "position_embedding_type is 'relative_key'",
        ),
        ("modules.json", [{"type": "a.Transformer"}, {"type": "a.Pooling"}], "Normalize"),
        ("modules.json", [{"type": "a.Transformer"}, {"type": "a.Dense"}], "Transformer, Dense"),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}, "pooling is cls"),
        ("1_Pooling/config.json", {"pooling_mode": "max"}, "pooling is max"),
        (
            "1_Pooling/config.json",
            {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True},
            "pooling is mean and max",
        ),
        ("1_Pooling/config.json", {}, "pooling is none"),
        ("config_sentence_transformers.json", {"prompts": {"query": "query: "}}, "prompts"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "do_lower_case is true"),
    ],
)
def test_other_kinds_are_refused(folder: Path, file: str, content: Any, message: str) -> None:
    """What the graph does not compute is named, with the way that does."""
    write_json(folder / file, content)
    with pytest.raises(ModelError, match=message) as caught:
        read_model_settings(folder)
    assert file in str(caught.value)
    assert "SentenceTransformerEmbedder" in caught.value.hint


@pytest.mark.parametrize("file", ["config.json", "modules.json", "1_Pooling/config.json"])
@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"3", b'["text"]'])
def test_broken_files_are_named(folder: Path, file: str, content: bytes) -> None:
    """Files that are not the JSON expected are named, never a traceback."""
    (folder / file).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        read_model_settings(folder)
    assert file in str(caught.value)


@pytest.mark.parametrize("key", ["hidden_size", "num_hidden_layers", "max_position_embeddings"])
def test_missing_numbers_are_named(folder: Path, key: str) -> None:
    """A configuration without one of the numbers says which."""
    write_json(folder / "config.json", {k: v for k, v in TINY_CONFIG.items() if k != key})
    with pytest.raises(ModelError, match=key):
        read_model_settings(folder)


def test_missing_file_is_named(folder: Path) -> None:
    """A folder without its modules is not a model folder."""
    (folder / "modules.json").unlink()
    assert missing_files(folder) == ["modules.json"]
    with pytest.raises(ModelError, match=r"modules\.json is missing"):
        read_model_settings(folder)
