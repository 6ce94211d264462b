"""From an order to one of its pages: documents, highlights, and the cursor of the next one."""

from collections.abc import Callable
from typing import NamedTuple

from query.arranged import Arranged
from query.clock import Clock
from query.configurations import LEXICAL, VECTOR
from query.cursors import RankingCursor
from query.documents import QueryDocuments
from query.frozen import Resumed
from query.highlighting import Highlighter
from query.legs import MeaningQuestion, Questions
from query.parts import Parts
from query.retrieval import CURSOR, Answers
from tandem.documents import Document
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Degradation, Hit, Ranking, SearchResult


class Next(NamedTuple):
    """The cursor of the page after one, or why there is none though there are more hits."""

    cursor: str | None = None
    degraded: tuple[Degradation, ...] = ()


class Pager:
    """Makes a page of one search; ``source`` has its documents."""

    def __init__(self, parts: Parts, source: QueryDocuments, clock: Clock) -> None:
        self._parts = parts
        self._source = source
        self._clock = clock

    def first(self, arranged: Arranged, questions: Questions) -> SearchResult:
        """The first page. Where there are more, the order is frozen while its documents are
        fetched. ``questions`` are those that were answered.
        """
        frozen = self._parts.frozen
        freezing: Callable[[], Answers[str]] | None = None
        limit = arranged.query.limit
        if frozen is not None and len(arranged.ranking) > limit:
            freezing = frozen.freeze(arranged, self._clock)

        def following() -> Next:
            if freezing is None:
                return Next()
            answers = freezing()
            if answers.degraded:
                return Next(None, answers.degraded)
            return Next(RankingCursor(answers.by_leg[CURSOR], limit).written())

        return self._page(arranged, questions, 0, following)

    def later(self, resumed: Resumed) -> SearchResult:
        """A page of an order that was frozen."""
        arranged, cursor = resumed.arranged, resumed.cursor
        end = cursor.offset + arranged.query.limit

        def following() -> Next:
            if end >= len(arranged.ranking):
                return Next()
            return Next(cursor._replace(offset=end).written())

        query, schema = arranged.query, self._parts.schema
        self._source.hide(self._parts.rules.hidden(query.text, schema))
        return self._page(arranged, self._questions(arranged), cursor.offset, following)

    def _questions(self, arranged: Arranged) -> Questions:
        """What the legs were asked on the first page, for highlights: nothing is searched again."""
        legs = self._parts.legs
        return Questions(
            legs.lexical.ask(arranged.words, arranged.variants)
            if LEXICAL in arranged.legs
            else None,
            self._meaning(arranged.query) if VECTOR in arranged.legs else None,
        )

    def _meaning(self, query: Query) -> MeaningQuestion:
        if query.seed_document_id is None:
            return self._parts.legs.vector.ask(query.text)
        return self._parts.legs.vector.ask_like(Document(query.seed_document_id), ())

    def _page(
        self,
        arranged: Arranged,
        questions: Questions,
        offset: int,
        following: Callable[[], Next],
    ) -> SearchResult:
        query, ranking, stopwatch = arranged.query, arranged.ranking, self._clock.stopwatch
        shown_hits = ranking.hits[offset : offset + query.limit]
        page = Ranking(ranking.name, self._explained(arranged, shown_hits))
        with stopwatch.stage("documents"):
            documents = self._source.fetch(page.document_ids, self._clock.documents())
        highlighter = Highlighter(questions, self._parts.pools, self._clock.whole)
        with stopwatch.stage("highlights"):
            shown = documents if query.wants_highlights else {}
            highlights, unmarked = highlighter.highlights(shown)
        after = following()
        degraded = (*arranged.degraded, *self._source.degraded, *unmarked, *after.degraded)
        return SearchResult(
            query=query,
            page=page,
            documents=documents,
            configuration=arranged.configuration,
            release=arranged.release,
            degraded=tuple(dict.fromkeys(degraded)),
            milliseconds=stopwatch.total(),
            total=arranged.total,
            facets=arranged.facets,
            reachable=len(ranking),
            cursor=after.cursor,
            highlights=highlights,
            unread=self._source.unread.intersection(page.document_ids),
            correction=arranged.correction,
            notes={
                name: notes for name, notes in arranged.notes.items() if name in page.document_ids
            },
            applied=arranged.applied,
            left_out=arranged.left_out,
            as_of=arranged.as_of,
            features=_of_page(arranged, page) if query.wants_features else None,
        )

    def _explained(self, arranged: Arranged, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """The hits with what each feature did to their scores, where that is asked. Another
        release's model would tell of an order that is not this one.
        """
        explainer = self._parts.explainer
        is_its_order = arranged.release == self._parts.release
        if explainer is None or not arranged.query.wants_explanation or not is_its_order:
            return hits
        features = _of_page(arranged, Ranking(arranged.ranking.name, hits))
        if features is None:
            return hits
        with self._clock.stopwatch.stage("explanation"):
            told = explainer.explain(features)
        return tuple(
            hit._replace(contributions=told.get(hit.document_id, hit.contributions)) for hit in hits
        )


def _of_page(arranged: Arranged, page: Ranking) -> FeatureMatrix | None:
    """The features of a page's hits, if there are any; what a rule has pinned may have none."""
    return arranged.features and arranged.features.of(page.document_ids)
