"""What the pipeline adds to the bare calls: ``python -m benchmarks.latency BEIR_FOLDER [--json]``.

The floor of a query is its critical path through the bare calls: the lexical engine beside the
embedder followed by the vector engine, whichever takes longer. Bare calls are the libraries' own,
with their query objects already built. Floor and pipeline take turns, query by query.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from api.collection import OpenCollection
from benchmarks.common import (
    benchmark_settings,
    house,
    index_folder,
    parser,
    print_json,
    spread,
)
from relevance_eval.collections import read_beir
from tandem.engines.qdrant_edge_index import QdrantEdgeIndex, nearest
from tandem.engines.tantivy_index import TantivyIndex
from tandem.queries import Query

WARMING_QUERIES = 100


def milliseconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """A call's duration and its result."""
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1_000, result


def bare_calls(target: OpenCollection, text: str, depth: int) -> dict[str, float]:
    """The duration of each library's own call for one query, in milliseconds."""
    lexical, vector = target.lexical.index, target.vector.index
    assert isinstance(lexical, TantivyIndex)
    assert isinstance(vector, QdrantEdgeIndex)
    words = lexical.engine_query(text)
    assert words is not None, "every query has a searchable word"
    searcher = lexical.searcher
    took_words, _ = milliseconds(lambda: searcher.search(words, limit=depth, count=False))
    took_embedding, vectors = milliseconds(lambda: target.embedder.embed_queries([text]))
    request = nearest(vectors[0], depth)
    took_vectors, _ = milliseconds(lambda: vector.shard.query(request))
    return {
        "lexical": took_words,
        "embedding": took_embedding,
        "vector": took_vectors,
        "critical_path": max(took_words, took_embedding + took_vectors),
    }


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    settings = benchmark_settings("latency")
    queries = list(read_beir(chosen.folder).queries.values())
    end_to_end: list[float] = []
    bare: list[dict[str, float]] = []
    stages: list[dict[str, float]] = []
    with house(settings) as opened:
        target, _ = index_folder(opened, chosen.folder)
        searcher = target.searcher()
        for text in queries[:WARMING_QUERIES]:
            searcher.search(Query(text))
            bare_calls(target, text, settings.search.depth)
        for number, text in enumerate(queries * chosen.rounds):
            if number % 2:
                bare.append(bare_calls(target, text, settings.search.depth))
            took, result = milliseconds(partial(searcher.search, Query(text)))
            if not number % 2:
                bare.append(bare_calls(target, text, settings.search.depth))
            end_to_end.append(took)
            stages.append(dict(result.milliseconds))
    floors = [calls["critical_path"] for calls in bare]
    own = [whole - floor for whole, floor in zip(end_to_end, floors, strict=True)]
    figures = {
        "end_to_end_ms": spread(end_to_end),
        "floor_ms": spread(floors),
        "own_share_ms": spread(own),
        "ratio_to_floor": round(median(end_to_end) / median(floors), 3),
        "bare_ms": {
            name: spread([calls[name] for calls in bare])
            for name in ("lexical", "embedding", "vector")
        },
        "stages_ms": {
            name: round(median([stage[name] for stage in stages]), 3) for name in stages[0]
        },
        "queries": len(end_to_end),
    }
    if chosen.json:
        print_json(figures)
        return
    for name, value in figures.items():
        print(f"{name:<16} {value}")


if __name__ == "__main__":
    main()
