"""The runtimes and precisions of the fused embedder give the same vectors."""

import subprocess
import sys

import pytest

from tandem.embedding.runtimes import processor_has_bf16
from tests.contracts.embedder_contract import cosines
from tests.models import cache_dir, default_embedder
from tests.texts import varied_texts


def test_openvino_f32_equals_onnxruntime() -> None:
    """Two runtimes, one graph: the vectors are the same."""
    texts = varied_texts(120)
    openvino = default_embedder("openvino", "f32").embed_documents(texts)
    onnxruntime = default_embedder("onnxruntime").embed_documents(texts)
    assert cosines(openvino, onnxruntime).min() >= 0.999999


@pytest.mark.skipif(not processor_has_bf16(), reason="this processor does not compute bf16")
def test_bf16_is_close_to_f32() -> None:
    """bf16 halves the bits and keeps the direction."""
    texts = varied_texts(120)
    half = default_embedder("openvino", "bf16").embed_documents(texts)
    full = default_embedder("openvino", "f32").embed_documents(texts)
    similar = cosines(half, full)
    assert similar.min() >= 0.9999
    assert similar.min() < 0.9999999, "the precision hint had no effect"


def test_default_path_imports_no_torch() -> None:
    """Loading and embedding leave torch, transformers and sentence-transformers alone."""
    program = (
        "import sys; from pathlib import Path;"
        "from tandem.embedding.loading import load_default_embedder as load;"
        "load(Path(sys.argv[1])).embed_queries(['hello']);"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'onnx', 'huggingface_hub'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    default_embedder()  # fetched and built before, so that the child only starts
    done = subprocess.run(
        [sys.executable, "-c", program, str(cache_dir())],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "[]"
