"""The indexes of a generation as verification needs them; a collection verified, and remembered."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any

from api.asking import Show
from api.collection import OpenCollection
from api.generation import OpenGeneration
from api.verify_data import summary
from indexer.findings import IndexVerification
from indexer.followers import Progress, no_progress
from indexer.holdings import LexicalHoldings, VectorHoldings
from indexer.judging import VerifiedIndex
from indexer.reindexing import Interrupted
from indexer.verification import Verifier, VerifyOptions
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import LEXICAL, VECTOR
from tandem.catalog.verifications import Verifications
from tandem.embedding.cached_embedder import CachedEmbedder, RenewingEmbedder
from tandem.errors import ReleaseConflict

ROUNDS = 2
"""How often the complete generations are compared if the live one was none of them."""


def indexes_of(opened: OpenGeneration) -> tuple[VerifiedIndex, VerifiedIndex]:
    """Both indexes of a generation, as verification needs them."""
    number, tokens = opened.generation.number, opened.generation.passage_tokens
    lexical, vector = opened.lexical, opened.vector
    plain = LexicalWriter(lexical.index)
    cached = CachedEmbedder(opened.embedder, opened.catalog.embeddings)
    fresh = VectorWriter(vector.index, opened.embedder, tokens)
    renewing = RenewingEmbedder(opened.embedder, opened.catalog.embeddings)
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
            VectorWriter(vector.index, renewing, tokens),
            vector.applied,
        ),
    )


def verified_indexes(generations: Sequence[OpenGeneration]) -> list[VerifiedIndex]:
    """The indexes of those generations as verification needs them."""
    return [index for opened in generations for index in indexes_of(opened)]


def unless_stopped(stopped: Callable[[], bool], progress: Progress = no_progress) -> Progress:
    """The progress of a verification, which ends when it is told to stop."""

    def told(index_name: str, rows: int) -> None:
        if stopped():
            raise Interrupted("stopped before all was compared", hint="run tandem verify again")
        if rows:  # else there is no news
            progress(index_name, rows)

    return told


def verify(
    target: OpenCollection, options: VerifyOptions, show: Show, stopped: Callable[[], bool]
) -> dict[str, Any]:
    """Compare the indexes of every complete generation with the log; see ``summary``.

    A generation that is dropped meanwhile is left out. What has become complete meanwhile is
    compared too if the live one is not among the results: a promotion may have dropped all others.

    Raises:
        Interrupted: it was told to stop.
    """
    legs = _Legs(show)
    verifier = Verifier(
        target.catalog.documents,
        target.catalog.checkpoints,
        target.name,
        options,
        unless_stopped(stopped, legs.advance),
    )
    results: list[IndexVerification] = []
    for _ in range(ROUNDS):
        target.refresh()
        compared = {result.generation for result in results}
        if target.generation.number in compared:
            break
        with ExitStack() as held:
            indexes = verified_indexes(_entered(target, compared, held))
            legs.begin(indexes, verifier.rows)
            for index in indexes:
                result = verifier.verify(index)
                unless_stopped(stopped)(index.index_name, 0)
                if target.catalog.releases.generation(index.generation).state != "dropped":
                    remember(target.catalog.verifications, result)
                    results.append(result)
    return summary(target, results)


def _entered(
    target: OpenCollection, compared: Collection[int], held: ExitStack
) -> list[OpenGeneration]:
    """Every complete generation that is not compared yet, the live one first; open for as long as
    ``held``.
    """
    entered = []
    for opened in target.complete:
        if opened.generation.number not in compared:
            with suppress(ReleaseConflict):  # it is being dropped
                entered.append(held.enter_context(opened.in_use()))
    return entered


class _Legs:
    """How far each index is, as the news of a reindex tell it."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._indexes: Sequence[VerifiedIndex] = ()
        self._compared: Counter[str] = Counter()
        self._rows = 0

    def begin(self, indexes: Sequence[VerifiedIndex], rows: int) -> None:
        """Nothing is compared yet, of that many rows of the log each."""
        self._indexes, self._rows = indexes, rows
        self._tell()

    def advance(self, index_name: str, rows: int) -> None:
        """See ``Progress``."""
        self._compared[index_name] += rows
        self._tell()

    def _tell(self) -> None:
        legs = [
            {
                "leg": f"{index.leg}@{index.generation}",
                "applied": self._compared[index.index_name],
                "head": self._rows,
            }
            for index in self._indexes
        ]
        self._show({"stage": "verifying", "legs": legs})


def remember(verifications: Verifications, result: IndexVerification) -> None:
    """For ``tandem status``; one that was not read to its end leaves the last one as it was."""
    if result.error is not None:
        return
    findings = {str(kind): count for kind, count in result.found.counts.items() if count}
    left = result.found.total if result.left is None else result.left.total
    repaired = result.found.total - left
    verifications.record(result.index_name, datetime.now(UTC), findings, repaired)
