"""The indexes of a generation as verification needs them, and what became of them remembered."""

from datetime import UTC, datetime

from api.generation import OpenGeneration
from indexer.findings import IndexVerification
from indexer.holdings import LexicalHoldings, VectorHoldings
from indexer.judging import VerifiedIndex
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import LEXICAL, VECTOR
from tandem.catalog.verifications import Verifications
from tandem.embedding.cached_embedder import CachedEmbedder


def indexes_of(opened: OpenGeneration) -> tuple[VerifiedIndex, VerifiedIndex]:
    """Both indexes of a generation, as verification needs them."""
    number, tokens = opened.generation.number, opened.generation.passage_tokens
    lexical, vector = opened.lexical, opened.vector
    plain = LexicalWriter(lexical.index)
    cached = CachedEmbedder(opened.embedder, opened.catalog.embeddings)
    fresh = VectorWriter(vector.index, opened.embedder, tokens)
    return (
        VerifiedIndex(
            LEXICAL,
            number,
            lexical.name,
            LexicalHoldings(lexical.index),
            plain,
            plain,
            lexical.applied,
        ),
        VerifiedIndex(
            VECTOR,
            number,
            vector.name,
            VectorHoldings(vector.index, fresh),
            VectorWriter(vector.index, cached, tokens),
            fresh,
            vector.applied,
        ),
    )


def remember(verifications: Verifications, result: IndexVerification) -> None:
    """For ``tandem status``; one that was not read to its end leaves the last one as it was."""
    if result.error is not None:
        return
    findings = {str(kind): count for kind, count in result.found.counts.items() if count}
    left = result.found.total if result.left is None else result.left.total
    repaired = result.found.total - left
    verifications.record(result.index_name, datetime.now(UTC), findings, repaired)
