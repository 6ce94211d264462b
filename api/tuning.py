"""Tunes the search of a live release by judged queries."""

from collections.abc import Sequence
from dataclasses import replace

from api.collection import OpenCollection
from api.console import Bars
from api.leg_answers import leg_answers
from api.tuned import current_point
from relevance_eval.query_set import QuerySet
from relevance_eval.tuning.answers import packed
from relevance_eval.tuning.choosing import Folds
from relevance_eval.tuning.points import Point, grid
from relevance_eval.tuning.scorings import scorings
from relevance_eval.tuning.tuning import Tuned, tune
from tandem.errors import EngineUnavailable
from tandem.scoring import LexicalScoring


def tuned_over(
    target: OpenCollection, judged: QuerySet, depth: int, folds: Folds, shown: Bars
) -> Tuned:
    """The choice for the live release, with its bars. Legs are asked for no less than searches ask
    of them: what there is now is measured as it is.

    Raises:
        EngineUnavailable: a leg is missing, or has but a part of what it should have.
        QueryError: a query cannot be asked.
        InputError: there are too few queries.
    """
    _check_whole(target)
    texts = {query_id: judged.queries[query_id] for query_id in judged.qrels}
    current = _now(target)
    wanted, points = _scorings(target, current.scoring), grid(depth)
    shown.add("asking", "asking", len(texts) * len(wanted))
    shown.add("fusing", "fusing", len(points))
    answers = leg_answers(
        target,
        texts,
        max(depth, current.depth),
        wanted,
        lambda count: shown.advance("asking", count),
    )
    return tune(
        ((scoring, packed(found, judged.qrels)) for scoring, found in answers),
        points,
        current=current,
        folds=folds,
        progress=lambda count: shown.advance("fusing", count),
    )


def _now(target: OpenCollection) -> Point:
    """What a release of the choice could not have, a weight of no text field, is left out."""
    now = current_point(target.searching.settings_of(target.release))
    return replace(now, scoring=now.scoring.among(target.generation.schema.text_fields))


def _scorings(target: OpenCollection, current: LexicalScoring) -> Sequence[LexicalScoring]:
    """Beneath a model words go on to score as it was trained."""
    if target.release.model is not None:
        return [current]
    return scorings(current, target.generation.schema.text_fields)


def _check_whole(target: OpenCollection) -> None:
    """What is chosen is tuned to what both legs can find."""
    failure = target.wait_until_loaded()
    if failure is not None:
        raise EngineUnavailable(f"no search by meaning: {failure}", hint=failure.hint)
    missing: Sequence[str] = sorted({*target.faults, *target.incomplete})
    if missing:
        raise EngineUnavailable(
            f"the {missing[0]} index is not whole: what it lacks would be tuned to",
            hint="see tandem status, and tune once every index is built",
        )
