"""What indexing costs beside embedding: ``python -m benchmarks.indexing BEIR_FOLDER [--json]``.

The floor is the embedder alone, given all passages, already split, in one call. Floor and indexing
take turns in one process, each indexing run between two floor runs, because machines drift.
"""

import time
from pathlib import Path
from statistics import median

from api.embedders import load_embedder
from benchmarks.common import (
    benchmark_settings,
    forget,
    house,
    index_folder,
    leave_with,
    parser,
    show,
)
from indexer.sources.registry import open_source
from indexer.validation import Validator
from tandem.documents import Document
from tandem.passages import PassageSplitter
from tandem.protocols import Embedder
from tandem.schema import infer_schema
from tandem.settings import Settings

UNCHANGED_RUNS = 5


def passages(folder: Path, embedder: Embedder, passage_tokens: int) -> list[str]:
    """Every passage of the folder's documents."""
    validator = Validator(infer_schema([]))
    outcomes = (validator.document(record) for record in open_source(str(folder), "beir"))
    documents = [outcome for outcome in outcomes if isinstance(outcome, Document)]
    split = PassageSplitter(embedder, passage_tokens).split(documents)
    return [text for texts in split for text in texts]


def embedding_seconds(embedder: Embedder, texts: list[str]) -> float:
    """How long the embedder alone takes."""
    started = time.perf_counter()
    embedder.embed_documents(texts)
    return time.perf_counter() - started


def indexing_seconds(settings: Settings, folder: Path, embedder: Embedder) -> float:
    """How long indexing into an empty data folder takes, nothing cached."""
    forget(settings.data_dir, embeddings=True)
    with house(settings, embedder) as opened:
        started = time.perf_counter()
        index_folder(opened, folder)
        return time.perf_counter() - started


def unchanged_seconds(settings: Settings, folder: Path, embedder: Embedder) -> float:
    """How long indexing the same content once more takes, opening the house included."""
    started = time.perf_counter()
    with house(settings, embedder) as opened:
        _, report = index_folder(opened, folder)
    assert report.unchanged == report.read, "nothing has changed"
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--rounds", type=int, default=2)
    chosen = arguments.parse_args()
    settings = benchmark_settings("indexing")
    embedder = load_embedder(settings.embedding, settings.cache_dir)
    texts = passages(chosen.folder, embedder, settings.indexing.passage_tokens)
    floors = [embedding_seconds(embedder, texts)]
    indexed, ratios = [], []
    for _ in range(chosen.rounds):
        indexed.append(indexing_seconds(settings, chosen.folder, embedder))
        floors.append(embedding_seconds(embedder, texts))
        ratios.append(indexed[-1] / ((floors[-2] + floors[-1]) / 2))
    unchanged = [
        unchanged_seconds(settings, chosen.folder, embedder) for _ in range(UNCHANGED_RUNS)
    ]
    figures = {
        "ratio_to_embedding": round(median(ratios), 4),
        "ratios": [round(ratio, 4) for ratio in ratios],
        "unchanged_ratio": round(median(unchanged) / median(indexed), 5),
        "embedding_seconds": [round(seconds, 2) for seconds in floors],
        "indexing_seconds": [round(seconds, 2) for seconds in indexed],
        "unchanged_seconds": [round(seconds, 3) for seconds in unchanged],
        "passages": len(texts),
    }
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
