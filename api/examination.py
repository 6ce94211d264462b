"""The gates that look into the indexes of a new generation."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from api.collection import OpenCollection
from api.generation import OpenGeneration
from api.verified import indexes_of, unless_stopped
from indexer.findings import IndexVerification
from indexer.reindexing import Interrupted
from indexer.verification import SAMPLE, Verifier, VerifyOptions
from query.configurations import DEFAULT
from query.retrieval import search_pools
from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.gates import QualityGate
from relevance_eval.thresholds import Threshold
from tandem.catalog.releases import Release
from tandem.protocols import Searcher, Verdict
from tandem.queries import Query
from tandem.rankings import SearchResult

PEOPLE_SECONDS = 600.0
"""So long a gate waits until what people did is read."""

WAITING_SECONDS = 0.5

OF_NOBODY = "; asked as nobody: what the model makes of who asks is not in it"


class VerifyGate:
    """Both new indexes must hold what the log says, document by document, a sample by content."""

    name = "verify"

    def __init__(
        self, collection: OpenCollection, candidate: OpenGeneration, stopped: Callable[[], bool]
    ) -> None:
        self._collection = collection
        self._candidate = candidate
        self._stopped = stopped

    def examine(self) -> Verdict:
        """See ``Gate``."""
        catalog, name = self._collection.catalog, self._collection.name
        options = VerifyOptions(repair=False, sample=SAMPLE)
        verifier = Verifier(
            catalog.documents, catalog.checkpoints, name, options, unless_stopped(self._stopped)
        )
        with self._candidate.in_use() as held:
            results = [verifier.verify(index) for index in indexes_of(held)]
        is_passed = all(result.is_clean for result in results)
        return Verdict(self.name, is_passed, "; ".join(map(_compared, results)))


def _compared(result: IndexVerification) -> str:
    if result.error is not None:
        return f"the {result.leg} index could not be compared: {result.error}"
    counts = [f"{count:,} {kind}" for kind, count in result.found.counts.items() if count]
    if result.behind:
        counts.append(f"{result.behind:,} not applied")
    told = ", ".join(counts) or "no drift"
    return f"{told} in the {result.leg} index ({result.documents:,} compared)"


class Judged(NamedTuple):
    """Judged queries, and what their measures must reach, or may lose."""

    queries: JudgedQueries
    thresholds: Sequence[Threshold]


class OwnQualityGate:
    """The quality gate over both generations, or over two models, as they are when it is asked,
    through pools of its own: that a leg of the live search is skipped now must not decide here,
    and the reverse.
    """

    name = QualityGate.name

    def __init__(
        self,
        collection: OpenCollection,
        candidate: OpenGeneration,
        made: Release,
        judged: Judged,
        stopped: Callable[[], bool],
    ) -> None:
        """``made`` has the model and the search that the candidate is to have."""
        self._collection = collection
        self._candidate = candidate
        self._model = made.model
        self._search = made.search
        self._judged = judged
        self._stopped = stopped

    def examine(self) -> Verdict:
        """See ``Gate``."""
        collection = self._collection
        configuration = collection.configuration(DEFAULT)
        if not self._knows_people():
            why = "stopped" if self._stopped() else f"not in {PEOPLE_SECONDS:.0f} s"
            told = f"what people did is not read ({why}): the order is not the one that is served"
            return Verdict(self.name, False, told)
        pools = [search_pools() for _ in range(2)]
        try:
            with self._candidate.in_use(), collection.held() as (release, live):
                made = replace(release, model=self._model, search=self._search)
                sides = ((release, live), (made, self._candidate))
                before, after = (
                    Stoppable(
                        collection.searching.pipeline_apart(
                            of_release, opened, configuration, its_pools
                        ),
                        self._stopped,
                    )
                    for (of_release, opened), its_pools in zip(sides, pools, strict=True)
                )
                queries, thresholds = self._judged
                verdict = QualityGate(queries, before, after, thresholds).examine()
                return verdict._replace(detail=verdict.detail + self._unseen())
        except Interrupted as stop:
            return Verdict(self.name, False, str(stop))
        finally:
            for its_pools in pools:
                its_pools.close()

    def _knows_people(self) -> bool:
        """Read what a model is served with. A process that serves follows it already; another one's
        orders would see an empty log.
        """
        searching = self._collection.searching
        if self._model is None and self._collection.release.model is None:
            return True
        searching.begin()
        until = time.monotonic() + PEOPLE_SECONDS
        while not (is_known := searching.wait(WAITING_SECONDS)):
            if self._stopped() or time.monotonic() >= until:
                break
        return is_known

    def _unseen(self) -> str:
        if self._model is None:
            return ""
        manifest = self._collection.catalog.models.get(self._model).manifest
        return OF_NOBODY if manifest.get("kind") == "people" else ""


class Stoppable:
    """A searcher that answers until it is told to stop."""

    def __init__(self, searcher: Searcher, stopped: Callable[[], bool]) -> None:
        self._searcher = searcher
        self._stopped = stopped

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``.

        Raises:
            Interrupted: it was told to stop.
        """
        if self._stopped():
            raise Interrupted("stopped before every query was asked")
        return self._searcher.search(query)
