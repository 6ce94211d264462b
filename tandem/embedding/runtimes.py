"""What runs the fused graph: OpenVINO where it is installed, else ONNX Runtime."""

import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TypedDict, cast

import numpy as np
import numpy.typing as npt

from tandem.embedding.files import beside
from tandem.embedding.onnx_graph import ATTENTION_MASK, EMBEDDING, INPUT_IDS
from tandem.errors import ModelError, SettingsError
from tandem.protocols import FloatMatrix

Integers = npt.NDArray[np.int64]
Run = Callable[[Integers, Integers], FloatMatrix]
"""(token ids, attention mask), both (texts, tokens), to (texts, dimension). Thread-safe."""

RuntimeName = Literal["auto", "openvino", "onnxruntime"]
Precision = Literal["auto", "bf16", "f32"]


class RuntimeOptions(TypedDict, total=False):
    """How to run: the options of ``FusedEmbedder``, for those that hand them on."""

    runtime: RuntimeName
    precision: Precision
    threads: int | None


_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
_UNSAFE = re.compile(r"[^A-Za-z0-9.]+")


def choose_runtime(runtime: RuntimeName) -> RuntimeName:
    """``auto`` resolved: OpenVINO where it is installed.

    Raises:
        SettingsError: no runtime has that name.

    """
    if runtime == "auto":
        return "openvino" if find_spec("openvino") else "onnxruntime"
    if runtime not in ("openvino", "onnxruntime"):
        raise SettingsError(f"runtime {runtime!r}; expected auto, openvino or onnxruntime")
    return runtime


def choose_precision(runtime: RuntimeName, precision: Precision) -> Precision:
    """``auto`` resolved: bf16 where runtime and processor have it.

    Raises:
        SettingsError: no precision has that name, or it is not to be had here.

    """
    if precision not in ("auto", "bf16", "f32"):
        raise SettingsError(f"precision {precision!r}; expected auto, bf16 or f32")
    possible = runtime == "openvino" and processor_has_bf16()
    if precision == "auto":
        return "bf16" if possible else "f32"
    if precision == "bf16" and not possible:
        raise SettingsError(
            "precision 'bf16' needs the runtime openvino and a processor with avx512_bf16 or "
            f"amx_bf16; the runtime is {runtime}",
            hint="use precision auto or f32",
        )
    return precision


def processor_has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bf16 itself; emulated, it would be slower than f32."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not _BF16_FLAGS.isdisjoint(flags.split())


def available_cores() -> int:
    """The cores this process may use, which in a container is less than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_runtime(
    graph: Path, runtime: RuntimeName, precision: Precision, threads: int, cache: Path
) -> Run:
    """The graph, ready to run; runtime and precision as chosen above, not ``auto``.

    Raises:
        ModelError: the runtime is not installed or refuses the graph.

    """
    try:
        if runtime == "openvino":
            return _openvino(graph, precision, threads, cache)
        return _onnxruntime(graph, threads)
    except ImportError as error:
        raise ModelError(
            f"the runtime {runtime} cannot be imported: {error}", hint=f"pip install {runtime}"
        ) from error
    except Exception as error:  # ONNX Runtime's own errors have no common class
        raise ModelError(f"{graph}: {runtime} cannot load the graph: {error}") from error


def _openvino(graph: Path, precision: Precision, threads: int, cache: Path) -> Run:
    properties: dict[str, Any] = {
        # left alone, OpenVINO takes bf16 without a word where the processor has it
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # pinned threads wait for a core that another process holds while the next one is free
        "ENABLE_CPU_PINNING": False,
    }
    request = _compile(graph, properties, cache).create_infer_request()
    alone = Lock()

    def run(ids: Integers, mask: Integers) -> FloatMatrix:
        # one after the other: calls that set the shapes of their inputs at the same time may hang,
        # and the whole process with them; one call uses every core
        with alone:
            result = request.infer({INPUT_IDS: ids, ATTENTION_MASK: mask})[EMBEDDING]
            return np.array(result, np.float32)  # the request writes over its own next time

    return run


def _compile(graph: Path, properties: dict[str, Any], cache: Path) -> Any:
    """Compiled, or taken from ``cache``, which halves the time of a start.

    OpenVINO writes its cache in place, where a second process may be reading; so the first one
    writes to a folder of its own and renames it.
    """
    # When it is imported, OpenVINO sends a usage event to a third party, unless this is missing.
    sys.modules.setdefault("openvino_telemetry", cast("Any", None))
    import openvino

    core = openvino.Core()
    kept = cache / _UNSAFE.sub("-", openvino.get_version())
    if kept.is_dir():
        return core.compile_model(str(graph), "CPU", {**properties, "CACHE_DIR": str(kept)})
    building = beside(kept)
    try:
        building.mkdir(parents=True)
    except OSError:  # a cache that is only readable costs time, not the search
        return core.compile_model(str(graph), "CPU", properties)
    try:
        compiled = core.compile_model(str(graph), "CPU", {**properties, "CACHE_DIR": str(building)})
        with suppress(OSError):  # another process was first
            building.rename(kept)
        return compiled
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _onnxruntime(graph: Path, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def run(ids: Integers, mask: Integers) -> FloatMatrix:
        outputs = session.run([EMBEDDING], {INPUT_IDS: ids, ATTENTION_MASK: mask})
        return np.asarray(outputs[0], np.float32)

    return run
