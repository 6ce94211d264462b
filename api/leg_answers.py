"""What both legs say to the queries of a judgment list, fetched once, for whoever tunes."""

from collections.abc import Callable, Mapping

import numpy as np

from api.collection import OpenCollection
from api.generation import OpenGeneration
from query.configurations import LEXICAL, VECTOR
from query.legs import Question
from query.understanding import understand
from relevance_eval.tuning.answers import LEGS, LegAnswer
from tandem.queries import Query

TIMEOUT_SECONDS = 60.0


def leg_answers(
    collection: OpenCollection,
    queries: Mapping[str, str],
    depth: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Mapping[str, LegAnswer]:
    """Each query's best ``depth`` documents of both legs of the live generation, and what each leg
    gives to what the other one found. Queries are asked as searches ask them, with synonyms and
    corrected spelling; rules arrange what is found, and are left out.

    Raises:
        QueryError: a query cannot be asked.
        EngineUnavailable: a leg did not answer; what it lacks would be tuned into the fusion.
    """
    answers = {}
    with collection.held() as (_, opened):
        for number, (query_id, text) in enumerate(queries.items(), start=1):
            answers[query_id] = _answer(collection, opened, text, depth)
            progress(number)
    return answers


def _answer(collection: OpenCollection, opened: OpenGeneration, text: str, depth: int) -> LegAnswer:
    legs, schema = opened.legs(), opened.generation.schema
    folded = understand(Query(text), schema).text
    rewrite = collection.searching.rules.current().rewrite
    corrects = collection.settings.search.correct_spelling and LEXICAL not in opened.incomplete
    questions: dict[str, Question] = {
        LEXICAL: legs.lexical.ask_twice(folded, rewrite, corrects=corrects),
        VECTOR: legs.vector.ask(folded),
    }
    found = {leg: questions[leg].retrieve((), depth, TIMEOUT_SECONDS) for leg in LEGS}
    ids = sorted({name for ranking in found.values() for name in ranking.document_ids})
    ranks = [{hit.document_id: hit.rank for hit in found[leg].hits} for leg in LEGS]
    scores = [
        found[leg].scores()
        | dict(questions[leg].score([name for name in ids if name not in known], TIMEOUT_SECONDS))
        for leg, known in zip(LEGS, ranks, strict=True)
    ]
    return LegAnswer(
        tuple(ids),
        np.array([[known.get(name, 0.0) for name in ids] for known in scores], dtype=np.float64),
        np.array([[known.get(name, 0) for name in ids] for known in ranks], dtype=np.int64),
    )
