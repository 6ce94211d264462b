"""One query from text to page. Each stage takes what the one before gave."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial

from query.completion import complete
from query.configurations import LEXICAL, SearchConfiguration
from query.documents import DocumentSource, QueryDocuments
from query.legs import Leg, Question
from query.retrieval import Deadline, LegPools
from query.understanding import understand
from tandem.documents import Document
from tandem.errors import SearchUnavailable
from tandem.fusion import reciprocal_rank_fusion
from tandem.protocols import Reranker
from tandem.queries import Query
from tandem.rankings import Degradation, Evidence, Hit, Ranking, SearchResult
from tandem.schema import Schema
from tandem.telemetry import Stopwatch

SHARE_FOR_LEGS = 0.8
"""How much of a query's time the legs may use up: the rest is for the documents of the page."""


class LazyDocuments(Mapping[str, Document]):
    """The candidates' documents, fetched when a reranker first looks at one."""

    def __init__(self, fetch: Callable[[], Mapping[str, Document]]) -> None:
        self._fetch = fetch

    @cached_property
    def _documents(self) -> Mapping[str, Document]:
        return self._fetch()

    def __getitem__(self, document_id: str) -> Document:
        return self._documents[document_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)


class SearchPipeline:
    """A ``Searcher`` over one release and one configuration. Thread-safe."""

    def __init__(  # noqa: PLR0913 - a pipeline is what it is made of
        self,
        *,
        release: int,
        schema: Schema,
        configuration: SearchConfiguration,
        legs: Mapping[str, Leg],
        pools: LegPools,
        reranker: Reranker,
        documents: DocumentSource,
    ) -> None:
        self._release = release
        self._schema = schema
        self._configuration = configuration
        self._legs = {name: legs[name] for name in configuration.legs}
        self._pools = pools
        self._reranker = reranker
        self._documents = documents

    def check(self, query: Query) -> None:
        """Refuse what cannot be asked, before anything is done for it.

        Raises:
            QueryError: the query is not acceptable.
            FilterError: its filter is not.
        """
        understand(query, self._schema)

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        configuration = self._configuration
        stopwatch = Stopwatch()
        with stopwatch.stage("understanding"):
            understood = understand(query, self._schema)
            whole = Deadline.after_ms(query.budget_ms or configuration.budget_ms)
            deadline = whole.earlier(SHARE_FOR_LEGS)
            questions = {name: leg.ask(understood.text) for name, leg in self._legs.items()}
        depth = max(configuration.depth, query.limit)
        with stopwatch.stage("retrieval"):
            calls = {
                name: stopwatch.timed(
                    name,
                    partial(
                        question.retrieve, understood.filters, depth, deadline.remaining_seconds()
                    ),
                )
                for name, question in questions.items()
            }
            answers = self._pools.ask(calls, deadline)
        if not answers.by_leg:
            raise SearchUnavailable(
                "no leg could answer: "
                + ", ".join(f"{part.leg} {part.reason}" for part in answers.degraded),
                hint="look at `tandem status`, or give the query a larger budget_ms",
            )
        with stopwatch.stage("fusion"):
            candidates = self._fuse(answers.by_leg, depth)
        answered = {name: questions[name] for name in answers.by_leg}
        is_down = any(part.leg == LEXICAL for part in answers.degraded)
        source = QueryDocuments(self._documents, self._pools, is_index_down=is_down)
        ranking, late = self._rerank(query, candidates, answered, source, deadline, stopwatch)
        with stopwatch.stage("documents"):
            page = ranking.top(query.limit)
            documents = source.fetch(page.document_ids, whole)
        return SearchResult(
            query=query,
            page=page,
            documents=documents,
            configuration=configuration.name,
            release=self._release,
            degraded=answers.degraded + late + source.degraded,
            milliseconds=stopwatch.total(),
        )

    def _fuse(self, rankings: Mapping[str, Ranking], depth: int) -> Ranking:
        if len(self._legs) == 1:
            return _with_own_evidence(next(iter(rankings.values())))
        return reciprocal_rank_fusion(
            list(rankings.values()), self._configuration.fusion, limit=depth
        )

    def _rerank(
        self,
        query: Query,
        candidates: Ranking,
        questions: Mapping[str, Question],
        source: QueryDocuments,
        deadline: Deadline,
        stopwatch: Stopwatch,
    ) -> tuple[Ranking, tuple[Degradation, ...]]:
        """Late completion leaves the fused order: scores that are half there would mislead."""
        if not self._configuration.rerank:
            return candidates, ()
        with stopwatch.stage("completion"):
            completed, late = complete(candidates, questions, self._pools, deadline)
        if late:
            return candidates, late
        with stopwatch.stage("rerank"):
            documents = LazyDocuments(lambda: source.fetch(completed.document_ids, deadline))
            return self._reranker.rerank(query, completed, documents), ()


def _with_own_evidence(ranking: Ranking) -> Ranking:
    """A single leg's ranking is its own evidence: nothing was fused."""
    hits = tuple(
        Hit(
            hit.document_id,
            hit.rank,
            hit.score,
            (Evidence(ranking.name, hit.rank, hit.score, hit.score),),
        )
        for hit in ranking.hits
    )
    return Ranking(ranking.name, hits)
