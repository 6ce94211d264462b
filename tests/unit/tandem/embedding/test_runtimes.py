"""Runtime and precision are chosen openly, and what cannot be had is refused."""

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tandem.embedding import runtimes
from tandem.embedding.fused_embedder import FusedEmbedder
from tandem.embedding.graph_cache import FusedGraph, fused_graph
from tandem.embedding.runtimes import (
    available_cores,
    choose_precision,
    choose_runtime,
    load_runtime,
    processor_has_bf16,
)
from tandem.errors import ModelError, SettingsError
from tests.models import write_tiny_model


@pytest.fixture
def graph(tmp_path: Path) -> FusedGraph:
    """A tiny model's graph."""
    folder = write_tiny_model(tmp_path / "tiny")
    return fused_graph("someone/tiny", tmp_path / "cache", lambda: folder)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 sse2", True),
        ("flags\t\t: fpu amx_bf16", True),
        ("flags\t\t: fpu avx512f not_avx512_bf16x", False),
        ("model name\t: avx512_bf16", False),
        ("", False),
    ],
)
def test_processor_flags_are_read(tmp_path: Path, flags: str, expected: bool) -> None:
    """Only whole flags of the flags line count."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{flags}\n")
    assert processor_has_bf16(cpuinfo) is expected


def test_other_systems_have_no_bf16(tmp_path: Path) -> None:
    """Without the file, f32 is the safe answer."""
    assert processor_has_bf16(tmp_path / "nothing") is False


def test_precision_is_never_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """``auto`` is bf16 only in OpenVINO on a processor that has it."""
    monkeypatch.setattr(runtimes, "processor_has_bf16", lambda: True)
    assert choose_precision("openvino", "auto") == "bf16"
    assert choose_precision("openvino", "f32") == "f32"
    assert choose_precision("onnxruntime", "auto") == "f32"
    monkeypatch.setattr(runtimes, "processor_has_bf16", lambda: False)
    assert choose_precision("openvino", "auto") == "f32"


def test_missing_openvino_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """``auto`` takes ONNX Runtime where OpenVINO is not installed."""
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None)
    assert choose_runtime("auto") == "onnxruntime"


def test_unknown_options_are_refused(graph: FusedGraph) -> None:
    """Every option says what it may be."""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"runtime": "tensorrt"}, "expected auto, openvino or onnxruntime"),
        ({"precision": "int8"}, "expected auto, bf16 or f32"),
        ({"threads": 0}, "expected 1 or more"),
        ({"runtime": "onnxruntime", "precision": "bf16"}, "needs the runtime openvino"),
    ]
    for options, message in wrong:
        with pytest.raises(SettingsError, match=message):
            FusedEmbedder(graph, **options)


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_broken_graph_is_named(graph: FusedGraph, runtime: Any) -> None:
    """A file that no runtime can read is an error in words."""
    graph.graph.write_bytes(b"not a graph")
    with pytest.raises(ModelError, match=r"embedder\.onnx: .* cannot load the graph"):
        FusedEmbedder(graph, runtime=runtime)


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_missing_runtime_is_named(
    graph: FusedGraph, runtime: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runtime asked for by name but not installed says how to get it."""
    monkeypatch.setitem(sys.modules, runtime, None)
    with pytest.raises(ModelError, match=f"the runtime {runtime} cannot be imported") as caught:
        FusedEmbedder(graph, runtime=runtime)
    assert caught.value.hint == f"pip install {runtime}"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_cores_are_those_allowed() -> None:
    """A process held to one core counts one, whatever the machine has."""
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from tandem.embedding.runtimes import available_cores; print(available_cores())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
    assert available_cores() == len(os.sched_getaffinity(0))


def test_compiled_cache_changes_nothing(graph: FusedGraph) -> None:
    """First start, second start, a truncated cache and none at all give the same vectors."""
    texts = ["red sky", "green, blue"]

    def embed() -> list[list[float]]:
        embedder = FusedEmbedder(graph, runtime="openvino", precision="f32", threads=1)
        rows: list[list[float]] = embedder.embed_documents(texts).tolist()
        return rows

    first = embed()
    (kept,) = graph.compiled.iterdir()
    blobs = list(kept.iterdir())
    assert blobs
    assert embed() == first
    for blob in blobs:
        content = blob.read_bytes()
        blob.unlink()
        blob.write_bytes(content[: len(content) // 2])
    assert embed() == first
    shutil.rmtree(graph.compiled)
    graph.compiled.write_text("a file where the folder would be")
    assert embed() == first


def test_threads_share_one_embedder(graph: FusedGraph) -> None:
    """Results are copies: a later call does not write over an earlier one's rows."""
    embedder = FusedEmbedder(graph, runtime="openvino", precision="f32", threads=1)
    first = embedder.embed_queries(["red sky"])
    kept = first.copy()
    embedder.embed_queries(["blue blue"])
    np.testing.assert_array_equal(first, kept)


def test_openvino_runs_one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls at once, of lengths that are new to them, hang for ever now and then."""
    at_work = overlaps = 0

    class Request:
        """Stands in for OpenVINO's; takes its time."""

        def infer(self, inputs: Any) -> Any:
            nonlocal at_work, overlaps
            at_work += 1
            time.sleep(0.01)
            overlaps += at_work > 1
            at_work -= 1
            return {"embedding": np.zeros((len(inputs["input_ids"]), 3))}

    compiled = SimpleNamespace(create_infer_request=Request)
    monkeypatch.setattr("tandem.embedding.runtimes._compile", lambda *_: compiled)
    run = load_runtime(Path("graph"), "openvino", "f32", 1, Path("cache"))
    tokens = np.ones((2, 5), np.int64)
    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(lambda _: run(tokens, tokens), range(8)))
    assert [row.shape for row in rows] == [(2, 3)] * 8
    assert overlaps == 0
