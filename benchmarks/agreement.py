"""Whether embedded and server engines answer alike: ``python -m benchmarks.agreement BEIR_FOLDER``.

The same documents and vectors go into tantivy and OpenSearch, into Qdrant Edge and Qdrant, and the
same queries to both pairs. OpenSearch is the one that ``TANDEM_TEST_OPENSEARCH_URL`` names, or the
tests' own node; Qdrant the one of ``TANDEM_TEST_QDRANT_URL``, or the client's local mode.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

from qdrant_client import QdrantClient

from api.collection import OpenCollection
from benchmarks.common import (
    benchmark_settings,
    forget,
    house,
    index_folder,
    leave_with,
    parser,
    show,
)
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import DEFAULT, LEXICAL, VECTOR
from query.legs import Legs, LexicalLeg, VectorLeg
from query.parts import Parts
from query.pipeline import SearchPipeline
from query.retrieval import search_pools
from relevance_eval.execution import run_queries
from relevance_eval.formats.beir import table
from relevance_eval.formats.registry import read_askable
from relevance_eval.measures import measure
from rerank.completed_scores import CompletedScoreReranker
from tandem.analysis import ENGLISH
from tandem.documents import Change
from tandem.embedding.cached_embedder import CachedEmbedder
from tandem.engines.opensearch_store import OpenSearchStore
from tandem.engines.qdrant_connection import connect
from tandem.engines.qdrant_store import QdrantStore
from tandem.lexical import LexicalIndex
from tandem.protocols import VectorIndex
from tandem.rankings import Ranking
from tests.services.opensearch.session import opensearch_url

NAME, NAMESPACE, IDENTITY = "agreement", "benchmark", "0123456789abcdef"
DEPTH = 10
PATIENT_MS = 60_000.0
"""Local mode takes its time; how long is not what is asked here."""


@contextmanager
def server_indexes(target: OpenCollection) -> Iterator[tuple[LexicalIndex, VectorIndex]]:
    """Both server engines with the collection's documents."""
    url = os.environ.get("TANDEM_TEST_QDRANT_URL")
    client = connect(url) if url else QdrantClient(":memory:")
    words = OpenSearchStore(f"opensearch+{opensearch_url()}", namespace=NAMESPACE)
    meaning = QdrantStore(client, namespace=NAMESPACE)
    schema = target.generation.schema
    try:
        lexical = words.create(NAME, IDENTITY, schema, ENGLISH)
        vector = meaning.create(NAME, IDENTITY, schema, target.embedder.dimension)
        embedder = CachedEmbedder(target.embedder, target.catalog.embeddings)
        fill(target, LexicalWriter(lexical))
        fill(target, VectorWriter(vector, embedder, target.generation.passage_tokens))
        yield lexical, vector
    finally:
        words.drop(NAME)
        meaning.drop(NAME)
        words.close()
        meaning.close()


def fill(target: OpenCollection, writer: LexicalWriter | VectorWriter) -> None:
    """Apply all that the log holds."""
    after = 0
    while True:
        batch = target.catalog.documents.changes(target.name, after, writer.batch_size)
        if batch.through == after:
            break
        changes: Sequence[Change] = batch.changes
        refused = writer.apply(changes, writer.prepare(changes))  # type: ignore[arg-type]
        assert not refused, refused[:3]
        after = batch.through
    writer.refresh()


def server_pipeline(
    target: OpenCollection, lexical: LexicalIndex, vector: VectorIndex, name: str
) -> SearchPipeline:
    """The pipeline of a configuration over given indexes."""
    search = target.settings.search
    return SearchPipeline(
        Parts(
            release=0,
            schema=target.generation.schema,
            configuration=target.configuration(name),
            legs=Legs(
                LexicalLeg(lexical),
                VectorLeg(vector, target.embedder, target.generation.passage_tokens),
            ),
            pools=search_pools(),
            reranker=CompletedScoreReranker(
                {LEXICAL: search.lexical.share, VECTOR: search.vector.share}
            ),
            documents=target.live,
        )
    )


def overlap(left: Mapping[str, Ranking], right: Mapping[str, Ranking]) -> float:
    """The mean share of the top 10 that two runs have in common."""
    return mean(
        len({*left[query].top(DEPTH).document_ids} & {*right[query].top(DEPTH).document_ids})
        / max(len(left[query].top(DEPTH)), 1)
        for query in left
    )


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--split", default="test")
    chosen = arguments.parse_args()
    settings = benchmark_settings("agreement")
    forget(settings.data_dir, embeddings=False)
    settings = settings.model_copy(
        update={"search": settings.search.model_copy(update={"budget_ms": PATIENT_MS})}
    )
    judged = read_askable(table(chosen.folder, chosen.split))
    figures: dict[str, Any] = {"queries": len(judged.queries)}
    with house(settings) as opened:
        target, _ = index_folder(opened, chosen.folder)
        with server_indexes(target) as (lexical, vector):
            for name in (LEXICAL, "semantic", "rrf", DEFAULT):
                embedded = run_queries(target.searcher(name), judged.queries)
                server = run_queries(server_pipeline(target, lexical, vector, name), judged.queries)
                figures[name] = {
                    "embedded_nDCG@10": round(measure(judged.qrels, embedded)["nDCG@10"], 4),
                    "server_nDCG@10": round(measure(judged.qrels, server)["nDCG@10"], 4),
                    "overlap@10": round(overlap(embedded, server), 4),
                }
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
