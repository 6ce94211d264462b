"""How good each configuration finds: ``python -m benchmarks.quality BEIR_FOLDER… [--json]``.

Choices are made on a training split (``--split train``); a test split is read once.
"""

from pathlib import Path

from benchmarks.common import (
    benchmark_settings,
    forget,
    house,
    index_folder,
    leave_with,
    parser,
    print_json,
)
from query.configurations import CONFIGURATIONS
from relevance_eval.execution import run_queries
from relevance_eval.formats.beir import table
from relevance_eval.formats.registry import read_askable
from relevance_eval.measures import measure


def qualities(folder: Path, split: str) -> dict[str, dict[str, float]]:
    """By configuration and measure, the mean over the split's queries."""
    collection = read_askable(table(folder, split))
    settings = benchmark_settings(f"quality-{folder.resolve().name}")
    forget(settings.data_dir, embeddings=False)
    with house(settings) as opened:
        target, _ = index_folder(opened, folder)
        return {
            name: {
                label: round(value, 4)
                for label, value in measure(
                    collection.qrels, run_queries(target.searcher(name), collection.queries)
                ).items()
            }
            for name in CONFIGURATIONS
        }


def main() -> None:
    """Measure every folder and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folders", nargs="+", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--split", default="test")
    chosen = arguments.parse_args()
    found = {folder.resolve().name: qualities(folder, chosen.split) for folder in chosen.folders}
    if chosen.json:
        print_json(found)
        return
    for name, rows in found.items():
        print(f"{name} ({chosen.split})")
        for configuration, values in rows.items():
            figures = "  ".join(f"{label} {value:.4f}" for label, value in values.items())
            print(f"  {configuration:<10} {figures}")


if __name__ == "__main__":
    leave_with(main)
