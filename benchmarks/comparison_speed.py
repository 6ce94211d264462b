"""How long ``tandem eval compare`` takes, and how much memory: ``python -m
benchmarks.comparison_speed [--json]``.

Two TREC runs of 10,000 queries with 1,000 hits each and their judgments are written, then the
command reads, measures (ten measures) and tests them in a process of its own.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import leave_with, parser, show

MEASURES = (
    "nDCG@10", "nDCG(dcg='exp-log2')@10", "nDCG@100", "AP", "RR@10", "P@10", "Success@10",
    "R@100", "R@1000", "Judged@10",
)  # fmt: skip
GRADED = 40
LARGEST = 1_000_000


def write(folder: Path, queries: int, depth: int) -> tuple[Path, Path, Path]:
    """Judgments and two runs that order the same documents, each with luck of its own."""
    random = np.random.default_rng(0)
    paths = folder / "judgments.txt", folder / "first.run", folder / "second.run"
    with paths[0].open("w") as judgments, paths[1].open("w") as first, paths[2].open("w") as second:
        for query in range(queries):
            names = [f"doc{at:07}" for at in random.integers(LARGEST) + np.arange(depth)]
            grades = np.zeros(depth)
            grades[:GRADED] = random.integers(0, 4, min(GRADED, depth))
            judgments.writelines(
                f"q{query} 0 {name} {int(grade)}\n"
                for name, grade in zip(names[:GRADED], grades, strict=False)
            )
            for file, noise in ((first, 1.0), (second, 0.97)):
                scores = grades + random.normal(0, noise, depth)
                file.writelines(
                    f"q{query} Q0 {names[at]} {rank} {scores[at]:.6f} {file is first:d}\n"
                    for rank, at in enumerate(np.argsort(-scores), start=1)
                )
    return paths


def measured(paths: tuple[Path, Path, Path]) -> dict[str, float]:
    """Seconds on the clock and of the processor, and the most memory, of one comparison."""
    command = [sys.executable, "-m", "api", "eval", "compare", *map(str, paths), "--json"]
    command += [word for name in MEASURES for word in ("-m", name)]
    began = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1
        ),
        "peak_gib": round(after.ru_maxrss / 2**20, 2),
    }


def main() -> None:
    """Write, compare and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--queries", type=int, default=10_000, metavar="N")
    arguments.add_argument("--depth", type=int, default=1_000, metavar="N")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = write(Path(folder), chosen.queries, chosen.depth)
        found: dict[str, Any] = {"queries": chosen.queries, "depth": chosen.depth}
        found |= {"measures": len(MEASURES), **measured(paths)}
    show(found, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
