"""What a tuned fusion gains: ``python -m benchmarks.tuning BEIR_FOLDER… [--json]``.

Queries of the folder's test split (``--split``) in folds: each is measured by a choice that has not
seen it, beside reciprocal rank fusion with k = 60. A choice is made for each folder by itself.
"""

import time
from math import hypot
from pathlib import Path
from statistics import fmean
from typing import Any

from api.console import Bars
from api.tuning import tuned_over
from benchmarks.common import (
    benchmark_settings,
    forget,
    house,
    index_folder,
    leave_with,
    parser,
    print_json,
)
from query.understanding import check_searchable
from relevance_eval.query_set import read_query_set
from relevance_eval.tuning.choosing import Folds
from relevance_eval.tuning.tuning import Tuned
from relevance_eval.tuning.written import as_data

RRF = "rrf, k = 60"
DEPTH = 200


def tuned(folder: Path, split: str) -> tuple[Tuned, float]:
    """The choice for one folder, and the seconds that it took with asking both legs."""
    judged = read_query_set(folder / "qrels" / f"{split}.tsv", None, check_searchable)
    settings = benchmark_settings(f"tuning-{folder.resolve().name}")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    forget(settings.data_dir, embeddings=False)
    with house(settings) as opened:
        target, _ = index_folder(opened, folder)
        began = time.perf_counter()
        chosen = tuned_over(target, judged, DEPTH, Folds(), Bars(None))
        return chosen, time.perf_counter() - began


def lift(found: Tuned) -> list[float]:
    """The held-out difference to reciprocal rank fusion, and its interval."""
    difference = next(each.difference for each in found.lifts if each.other == RRF)
    return [round(value, 4) for value in difference]


def figures(folders: list[Path], split: str) -> dict[str, Any]:
    """By folder, and the mean of their lifts."""
    found: dict[str, Any] = {}
    for folder in folders:
        chosen, seconds = tuned(folder, split)
        found[folder.resolve().name] = {
            "lift_to_rrf": lift(chosen),
            "seconds": round(seconds, 1),
            **as_data(chosen),
        }
    lifts = [each["lift_to_rrf"] for each in found.values()]
    return {"mean_lift_to_rrf": mean_lift(lifts), "folders": found}


def mean_lift(lifts: list[list[float]]) -> list[float]:
    """The mean of the folders' lifts with its interval: they are independent, so that squares of
    the ways from each mean to its bounds add up.
    """
    mean = fmean(middle for middle, _, _ in lifts)
    below = hypot(*(middle - low for middle, low, _ in lifts)) / len(lifts)
    above = hypot(*(high - middle for middle, _, high in lifts)) / len(lifts)
    return [round(value, 4) for value in (mean, mean - below, mean + above)]


def main() -> None:
    """Tune over every folder and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folders", nargs="+", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--split", default="test")
    chosen = arguments.parse_args()
    found = figures(chosen.folders, chosen.split)
    if chosen.json:
        print_json(found)
        return
    mean, low, high = found["mean_lift_to_rrf"]
    print(f"mean lift to {RRF}: {mean:+.4f} ({low:+.4f} to {high:+.4f})")
    for name, row in found["folders"].items():
        mean, low, high = row["lift_to_rrf"]
        print(f"{name}: {mean:+.4f} ({low:+.4f} to {high:+.4f}), {row['seconds']} s")
        print(f"  {row['search']}, nDCG@10 {row['held_out']['mean']:.4f} held out")
        for warning in row["warnings"]:
            print(f"  warning: {warning}")


if __name__ == "__main__":
    leave_with(main)
