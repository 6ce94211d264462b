"""What both legs say to the queries of a judgment list, for whoever tunes."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from api.collection import OpenCollection
from query.configurations import LEXICAL
from query.legs import Question, WordQuestion
from query.understanding import understand
from relevance_eval.tuning.answers import LegAnswer
from tandem.queries import Query
from tandem.scoring import LexicalScoring

TIMEOUT_SECONDS = 60.0


def leg_answers(
    collection: OpenCollection,
    queries: Mapping[str, str],
    depth: int,
    scorings: Sequence[LexicalScoring],
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[tuple[LexicalScoring, Mapping[str, LegAnswer]]]:
    """For one scoring of the words after the other: each query's best ``depth`` documents of both
    legs of the live generation, and what each leg gives to what the other one found. The vector leg
    is asked once. ``progress`` is told how many more answers there are.

    Queries are asked as searches ask them, with synonyms and corrected spelling; rules arrange what
    is found, and are left out.

    Raises:
        QueryError: a query cannot be asked.
        EngineUnavailable: a leg did not answer; what it lacks would be tuned into the fusion.
    """
    rewrite = collection.searching.rules.current().rewrite
    with collection.held() as (_, opened):
        corrects = collection.settings.search.correct_spelling and LEXICAL not in opened.incomplete
        schema, meaning = opened.generation.schema, opened.legs().vector
        texts: dict[str, _Text] = {}
        for scoring in scorings:
            words, answers = opened.legs(scoring).lexical, {}
            for query_id, typed in queries.items():
                if query_id not in texts:
                    folded = understand(Query(typed), schema).text
                    texts[query_id] = _Text(folded, meaning.ask(folded), depth, corrects)
                text = texts[query_id]
                question = words.ask_twice(text.folded, rewrite, corrects=text.may_be_misspelt)
                answers[query_id] = text.answer(question)
                progress(1)
            yield scoring, answers


class _Text:
    """One text and what the vector leg said to it, which is not asked anything twice."""

    def __init__(self, folded: str, meaning: Question, depth: int, may_be_misspelt: bool) -> None:
        self.folded = folded
        self.may_be_misspelt = may_be_misspelt
        self._meaning = meaning
        self._depth = depth
        near = meaning.retrieve((), depth, TIMEOUT_SECONDS)
        self._ranks = {hit.document_id: hit.rank for hit in near.hits}
        self._scores = near.scores()

    def answer(self, words: WordQuestion) -> LegAnswer:
        """What both say, and whether there is an error in the text: how words score changes nothing
        about that, so that the words of most texts need to be looked at once.
        """
        found = words.retrieve((), self._depth, TIMEOUT_SECONDS)
        self.may_be_misspelt = words.correction is not None
        ids = sorted({*found.document_ids, *self._ranks})
        self._scores |= self._meaning.score(_lacking(ids, self._scores), TIMEOUT_SECONDS)
        scores = found.scores()
        scores |= words.score(_lacking(ids, scores), TIMEOUT_SECONDS)
        ranks = {hit.document_id: hit.rank for hit in found.hits}
        return LegAnswer(
            tuple(ids),
            np.array([[known.get(name, 0.0) for name in ids] for known in (scores, self._scores)]),
            np.array(
                [[known.get(name, 0) for name in ids] for known in (ranks, self._ranks)],
                dtype=np.int64,
            ),
        )


def _lacking(document_ids: Sequence[str], known: Mapping[str, float]) -> Sequence[str]:
    return [name for name in document_ids if name not in known]
