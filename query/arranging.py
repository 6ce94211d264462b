"""From a query to the order of its hits. Each stage takes what the one before gave."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from typing import NamedTuple

from query.arranged import Arranged
from query.arrangement import arrange
from query.clock import Clock
from query.completion import complete
from query.configurations import LEXICAL, VECTOR
from query.documents import QueryDocuments
from query.legs import Questions
from query.parts import RERANK, Parts
from query.retrieval import Answers
from query.rules import InForce
from query.tallying import tally
from query.understanding import Understood
from tandem.documents import Document
from tandem.errors import DocumentNotFound, SearchUnavailable
from tandem.fusion import reciprocal_rank_fusion
from tandem.lexical import Matching
from tandem.queries import MAXIMUM_LIMIT, Query
from tandem.rankings import Degradation, Evidence, Hit, Ranking, Reranked


class Order(NamedTuple):
    """What was arranged, and the questions that were answered for it."""

    arranged: Arranged
    questions: Questions


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


class Arranger:
    """Finds the order of the hits of one query; ``source`` has the documents of the candidates."""

    def __init__(self, parts: Parts, source: QueryDocuments, clock: Clock) -> None:
        self._parts = parts
        self._source = source
        self._clock = clock

    def arrange(self, query: Query, understood: Understood) -> Order:
        """Ask the legs, fuse, complete, rerank, arrange by the rules and count.

        Raises:
            DocumentNotFound: what is to be similar to something is similar to nothing.
            SearchUnavailable: no leg could answer.
        """
        configuration, stage = self._parts.configuration, self._clock.stopwatch.stage
        rules = self._rules(query)
        hidden = sum(len(kept.rule.hide) for kept in rules)
        depth = min(max(configuration.depth, query.limit) + hidden, MAXIMUM_LIMIT)
        asked = self._ask(query, understood)
        with stage("retrieval"):
            answers = self._retrieve(asked, understood, depth)
        with stage("fusion"):
            candidates = self._fuse(answers.by_leg, depth)
        questions = asked.of(answers.by_leg)
        reranked = self._rerank(query, candidates, questions)
        with stage("arrangement"):
            fetch = partial(self._source.fetch, deadline=self._clock.arrangement())
            ordered = arrange(reranked.ranking, rules, understood.filters, fetch)
        with stage("tally"):
            counted, uncounted = tally(self._parts, understood, ordered, questions, self._clock)
        words = questions.lexical
        matching = Matching(understood.text) if words is None else words.matching()
        arranged = Arranged(
            query=query,
            configuration=configuration.name,
            release=self._parts.release,
            ranking=ordered.ranking,
            legs=configuration.legs,
            words=matching.text or "",
            variants=tuple(matching.variants),
            degraded=(
                answers.degraded
                + self._parts.rebuilding(answers.by_leg)
                + reranked.degraded
                + self._source.degraded
                + uncounted
            ),
            total=counted and counted.total,
            facets=counted and counted.facets,
            correction=None if words is None else words.correction,
            notes=ordered.notes,
            applied=((() if words is None else words.applied) + ordered.applied),
            left_out=tuple(reason for kept in rules for reason in kept.left_out),
            as_of=reranked.as_of,
            features=reranked.features,
        )
        return Order(arranged, questions)

    def _rules(self, query: Query) -> tuple[InForce, ...]:
        """Those that the text calls up, as it was typed."""
        return self._parts.rules.for_text(query.text, self._parts.schema)

    def _ask(self, query: Query, understood: Understood) -> Questions:
        parts = self._parts
        legs, wanted, text = parts.legs, parts.configuration.legs, understood.text
        if query.seed_document_id is not None:
            return self._ask_like(self._seed(query.seed_document_id))
        rewrite = parts.rules.rewrite
        # a word that half an index lacks is no typing error
        corrects = parts.corrects and LEXICAL not in parts.incomplete
        ask = partial(legs.lexical.ask_twice, corrects=corrects, within=understood.forced)
        return Questions(
            ask(text, rewrite) if LEXICAL in wanted else None,
            legs.vector.ask(text) if VECTOR in wanted else None,
        )

    def _ask_like(self, seed: Document) -> Questions:
        legs, wanted = self._parts.legs, self._parts.configuration.legs
        fields = [field.name for field in self._parts.schema.text_fields]
        return Questions(
            legs.lexical.ask_like(seed, fields) if LEXICAL in wanted else None,
            legs.vector.ask_like(seed, fields) if VECTOR in wanted else None,
        )

    def _seed(self, document_id: str) -> Document:
        with self._clock.stopwatch.stage("documents"):
            seed = self._source.seed(document_id, self._clock.legs)
        if seed is not None:
            return seed
        if document_id in self._source.unread:
            raise SearchUnavailable(
                f"the document {document_id!r} could not be read in time",
                hint="ask again, or give the query a larger budget_ms",
            )
        raise DocumentNotFound(f"there is no document {document_id!r}")

    def _retrieve(
        self, questions: Questions, understood: Understood, depth: int
    ) -> Answers[Ranking]:
        deadline, timed = self._clock.legs, self._clock.stopwatch.timed
        seconds = deadline.remaining_seconds()
        calls = {
            leg: timed(leg, partial(question.retrieve, understood.filters, depth, seconds))
            for leg, question in questions.by_leg()
        }
        answers = self._parts.pools.ask(calls, deadline)
        if not answers.by_leg:
            raise no_leg(answers.degraded)
        if any(part.leg == LEXICAL for part in answers.degraded):
            self._source.leave_out_index()
        return answers

    def _fuse(self, rankings: Mapping[str, Ranking], depth: int) -> Ranking:
        configuration = self._parts.configuration
        if len(configuration.legs) == 1:
            return _with_own_evidence(next(iter(rankings.values())))
        return reciprocal_rank_fusion(list(rankings.values()), configuration.fusion, limit=depth)

    def _rerank(self, query: Query, candidates: Ranking, questions: Questions) -> Reranked:
        """Late completion leaves the fused order: scores that are half there would mislead."""
        parts, clock = self._parts, self._clock
        if not parts.configuration.rerank:
            return Reranked(candidates)
        with clock.stopwatch.stage("completion"):
            asked = dict(questions.by_leg())
            completed, late = complete(candidates, asked, parts.pools, clock.legs)
        if late:
            return Reranked(candidates, late)
        with clock.stopwatch.stage("rerank"):
            deadline, source = clock.reranking(), self._source.apart()
            documents = LazyDocuments(partial(source.fetch, completed.document_ids, deadline))
            reranked = parts.reranker.rerank(
                query, completed, documents, timeout_seconds=deadline.remaining_seconds()
            )
        unread = tuple(Degradation(RERANK, part.reason) for part in source.degraded)
        late = reranked.degraded + unread
        if query.surface == "search":  # no other surface is in a model's order
            late += parts.rebuilding([RERANK])
        return reranked._replace(degraded=late)


def no_leg(degraded: tuple[Degradation, ...]) -> SearchUnavailable:
    """What is raised where no leg answered."""
    return SearchUnavailable(
        "no leg could answer: " + ", ".join(f"{part.leg} {part.reason}" for part in degraded),
        hint="look at `tandem status`, or give the query a larger budget_ms",
    )


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
