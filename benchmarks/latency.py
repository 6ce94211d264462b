"""What the pipeline adds to the bare calls: ``python -m benchmarks.latency BEIR_FOLDER [--json]``.

The floor of a query is the critical path of the calls that it makes on embedder and engines: the
lexical search beside embedding and vector search, then both completions side by side, then the
count, the page's documents and its highlights. What is above it is the pipeline's own share:
threads, fusion, ordering, evidence, and keeping the order for later pages.

``above_raw_searches_ms`` is stricter: it compares with the libraries' own search calls alone, query
objects already built, without completion, count, documents, highlights, or what Tandem's engines do
with the answer.
Floor and pipeline take turns, query by query.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from api.collection import OpenCollection
from benchmarks.common import (
    benchmark_settings,
    forget,
    house,
    index_folder,
    leave_with,
    p99,
    parser,
    show,
    spread,
)
from query.configurations import LEXICAL, VECTOR
from relevance_eval.formats.registry import read_askable
from tandem.engines.qdrant_edge_index import QdrantEdgeIndex, nearest
from tandem.engines.tantivy_index import TantivyIndex
from tandem.fusion import LegFusion, missing_scores, reciprocal_rank_fusion
from tandem.lexical import Matching
from tandem.protocols import Searcher
from tandem.queries import Query

WARMING_QUERIES = 100


def milliseconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """A call's duration and its result."""
    started = time.perf_counter()
    result = call()
    return (time.perf_counter() - started) * 1_000, result


def engine_calls(target: OpenCollection, text: str, depth: int) -> dict[str, float]:
    """The duration of each call on embedder and engines for one query, in milliseconds."""
    lexical, vector = target.lexical.index, target.vector.index
    took: dict[str, float] = {}
    took["lexical"], by_words = milliseconds(
        partial(lexical.search, text, limit=depth, timeout_seconds=1)
    )
    took["embedding"], vectors = milliseconds(partial(target.embedder.embed_queries, [text]))
    took["vector"], by_meaning = milliseconds(
        partial(vector.search, vectors[0], limit=depth, timeout_seconds=1)
    )
    fused = reciprocal_rank_fusion(
        [by_words, by_meaning], {LEXICAL: LegFusion(), VECTOR: LegFusion()}, limit=depth
    )
    took["lexical_completion"], _ = milliseconds(
        partial(lexical.score, text, missing_scores(fused, LEXICAL), timeout_seconds=1)
    )
    took["vector_completion"], _ = milliseconds(
        partial(vector.score, vectors[0], missing_scores(fused, VECTOR), timeout_seconds=1)
    )
    counted = Matching(text, also=missing_scores(fused, LEXICAL))
    took["tally"], _ = milliseconds(partial(lexical.tally, counted, timeout_seconds=1))
    page = fused.document_ids[:10]
    took["documents"], _ = milliseconds(partial(lexical.documents, page))
    took["highlights"], _ = milliseconds(partial(lexical.highlight, text, page, timeout_seconds=1))
    took["critical_path"] = (
        max(took["lexical"], took["embedding"] + took["vector"])
        + max(took["lexical_completion"], took["vector_completion"])
        + took["tally"]
        + took["documents"]
        + took["highlights"]
    )
    return took


def raw_searches(target: OpenCollection, text: str, depth: int) -> float:
    """The critical path of the libraries' own search calls, in milliseconds."""
    lexical, vector = target.lexical.index, target.vector.index
    assert isinstance(lexical, TantivyIndex)
    assert isinstance(vector, QdrantEdgeIndex)
    words, searcher = lexical.engine_query(text), lexical.searcher
    assert words is not None, "every query has a searchable word"
    took_words, _ = milliseconds(partial(searcher.search, words, limit=depth, count=False))
    took_embedding, vectors = milliseconds(partial(target.embedder.embed_queries, [text]))
    request = nearest(vectors[0], depth)
    took_vectors, _ = milliseconds(partial(vector.shard.query, request))
    return max(took_words, took_embedding + took_vectors)


@dataclass
class Measured:
    """One entry a query, in milliseconds."""

    end_to_end: list[float] = field(default_factory=list)
    engines: list[dict[str, float]] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    stages: list[dict[str, float]] = field(default_factory=list)

    def take(self, target: OpenCollection, searcher: Searcher, text: str, turn: int) -> None:
        """Measure one query by all three, each first in its turn."""
        depth = target.settings.search.depth

        def pipeline() -> None:
            took, result = milliseconds(partial(searcher.search, Query(text)))
            self.end_to_end.append(took)
            self.stages.append(dict(result.milliseconds))

        measures: list[Callable[[], None]] = [
            pipeline,
            lambda: self.engines.append(engine_calls(target, text, depth)),
            lambda: self.raw.append(raw_searches(target, text, depth)),
        ]
        for measure in measures[turn % 3 :] + measures[: turn % 3]:
            measure()

    def figures(self) -> dict[str, Any]:
        """Medians and 99th percentiles."""
        floors = [calls["critical_path"] for calls in self.engines]
        own = [whole - floor for whole, floor in zip(self.end_to_end, floors, strict=True)]
        above_raw = [whole - raw for whole, raw in zip(self.end_to_end, self.raw, strict=True)]
        return {
            "end_to_end_ms": spread(self.end_to_end),
            "floor_ms": spread(floors),
            "own_share_ms": spread(own),
            "ratio_to_floor": round(median(self.end_to_end) / median(floors), 3),
            "p99_ratio_to_floor": round(p99(self.end_to_end) / p99(floors), 3),
            "above_raw_searches_ms": spread(above_raw),
            "engine_calls_ms": {
                name: spread([calls[name] for calls in self.engines])
                for name in self.engines[0]
                if name != "critical_path"
            },
            "stages_ms": {
                name: round(median([stage[name] for stage in self.stages]), 3)
                for name in self.stages[0]
            },
            "queries": len(self.end_to_end),
        }


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    settings = benchmark_settings("latency")
    forget(settings.data_dir, embeddings=False)
    queries = list(read_askable(chosen.folder).queries.values())
    measured = Measured()
    with house(settings) as opened:
        target, _ = index_folder(opened, chosen.folder)
        searcher = target.searcher()
        for text in queries[:WARMING_QUERIES]:
            Measured().take(target, searcher, text, 0)
        for turn, text in enumerate(queries * chosen.rounds):
            measured.take(target, searcher, text, turn)
    figures = measured.figures()
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
