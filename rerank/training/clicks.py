"""Labels out of what people did with what they were shown."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from rerank.training.groups import Group, TrainingSet
from rerank.training.people import People
from tandem.behaviour import BehaviourLog, Deed, Who
from tandem.errors import InputError
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Ranking

ROWS_A_PIECE = 10_000

NO_LABEL = "nothing of it was chosen"
NO_CONTRAST = "all of it is equally good"
ONE_DOCUMENT = "it showed one document"

Grades = Mapping[str, Mapping[str, int]]
"""query_id -> document_id -> grade, of what something was done with."""


STEPS = (3.0, 4.0, 4.5)
"""Of ratings from 0.5 to 5 stars."""

SCALE = (0.5, 5.0)
ENOUGH_RATINGS = 10
"""When so many reach none of the steps, they are of another scale."""


@dataclass(frozen=True, slots=True)
class Worth:
    """The label definition. ``actions`` maps an action to its grade; of several the best counts. A
    rating's grade is how many of ``rating_steps`` its value reaches. The last one has the last word
    on a document that was but looked at, which is the lowest grade above 0. What was found worth
    more, such as a purchase, answered the query, and a rating can only add to it.
    """

    actions: Mapping[str, int] = field(
        default_factory=lambda: {"click": 1, "add_to_cart": 2, "purchase": 3}
    )
    rating_steps: tuple[float, ...] = STEPS
    rating: str = "rating"

    def __post_init__(self) -> None:
        wrong = {action: grade for action, grade in self.actions.items() if not 0 <= grade <= 30}
        if wrong or not {*self.actions.values()} - {0} or self.rating in self.actions:
            raise InputError(
                f"grades of actions: {dict(self.actions)}; expected 0 to 30, one of them above 0, "
                f"none for {self.rating}, whose grade is how many of the steps it reaches"
            )
        steps = self.rating_steps
        if not 0 < len(steps) <= 30 or not np.isfinite(steps).all() or (np.diff(steps) <= 0).any():
            raise InputError(
                f"steps of ratings: {', '.join(f'{step:g}' for step in steps)}; expected 1 to 30 "
                "numbers, each above the one before"
            )

    def of(self, deed: Deed) -> int | None:
        """The grade, ``None`` where the deed does not say how good a document is."""
        if deed.action != self.rating:
            return self.actions.get(deed.action)
        return None if deed.value is None else self.of_rating(deed.value)

    def of_rating(self, value: float) -> int:
        """The grade of a rating."""
        return sum(value >= step for step in self.rating_steps)

    def both(self, done: int | None, rated: int) -> int:
        """The grade of a document with which something was done, and which was rated."""
        least = min(grade for grade in self.actions.values() if grade > 0)
        return rated if done is None or done <= least else max(done, rated)

    def check_scale(self, values: Collection[float]) -> None:
        """See that ratings are of the scale that the steps are for.

        Raises:
            InputError: many ratings reach none, or they are beyond the scale of the usual steps.
        """
        if not values:
            return
        lowest, highest = min(values), max(values)
        is_beyond = self.rating_steps == STEPS and not SCALE[0] <= lowest <= highest <= SCALE[1]
        if is_beyond or (len(values) >= ENOUGH_RATINGS and highest < self.rating_steps[0]):
            steps = ", ".join(f"{step:g}" for step in self.rating_steps)
            raise InputError(
                f"ratings lie from {lowest:g} to {highest:g}, the steps {steps} are for others",
                hint="say from which values on a rating is worth 1, 2, ...: --rating-steps 1 for a "
                "thumb, --rating-steps 6,8,9 for 1 to 10",
            )


def grades_of(log: BehaviourLog, worth: Worth, *, through: int | None = None) -> Grades:
    """What the log says of documents as answers to queries, up to a sequence, by default all.

    Raises:
        InputError: ratings are not of the scale that the steps are for.
    """
    best: dict[str, dict[str, int]] = {}
    rated: dict[str, dict[str, int]] = {}
    values: list[float] = []
    after = 0
    while True:
        rows, reached = log.rows(after, ROWS_A_PIECE)
        for row in rows:
            if not isinstance(row, Deed) or (through is not None and row.sequence > through):
                continue
            is_rating = row.action == worth.rating
            if is_rating and row.value is not None:
                values.append(row.value)
            _note(row, worth, rated if is_rating else best)
        if reached == after or (through is not None and reached >= through):
            break
        after = reached
    worth.check_scale(values)
    for query_id, said in rated.items():
        done = best.setdefault(query_id, {})
        done |= {name: worth.both(done.get(name), grade) for name, grade in said.items()}
    return best


def _note(deed: Deed, worth: Worth, grades: dict[str, dict[str, int]]) -> None:
    grade = worth.of(deed)
    if grade is None or deed.query_id is None or deed.document_id is None:
        return
    known = grades.setdefault(deed.query_id, {})
    is_last_word = deed.action == worth.rating
    known[deed.document_id] = grade if is_last_word else max(grade, known.get(deed.document_id, 0))


class Answer(NamedTuple):
    """What a query was answered with: the documents shown, whose ranks are their positions."""

    query: Query
    shown: Ranking
    features: FeatureMatrix


class Labelled(NamedTuple):
    """Groups that tell better from worse. ``left_out`` counts the others by reason."""

    data: TrainingSet
    left_out: Mapping[str, int]


def labelled(
    answers: Iterable[Answer],
    names: tuple[str, ...],
    grades: Grades,
    people: People | None = None,
) -> Labelled:
    """A group for each answer, of the documents that were shown; what was not chosen has grade 0.
    ``people`` tells whose it is; by default ids that differ are other people.

    A choice of a document that was not shown says nothing of the order, and is not counted.
    """
    known = People() if people is None else people
    groups, left_out = [], dict.fromkeys((NO_LABEL, NO_CONTRAST, ONE_DOCUMENT), 0)
    for answer in answers:
        query = answer.query
        person = known.of(Who(query.user_id, query.client_id, query.session_id))
        group = replace(_group(answer, names, grades.get(query.query_id, {})), user_id=person)
        reason = _why_not(group)
        if reason is None:
            groups.append(group)
        else:
            left_out[reason] += 1
    return Labelled(TrainingSet(names, tuple(groups)), left_out)


def _why_not(group: Group) -> str | None:
    if not group.grades.any():
        return NO_LABEL
    if len(group.grades) == 1:
        return ONE_DOCUMENT
    return NO_CONTRAST if group.grades.min() == group.grades.max() else None


def _group(answer: Answer, names: tuple[str, ...], grades: Mapping[str, int]) -> Group:
    query, hits = answer.query, answer.shown.hits
    ids = answer.shown.document_ids
    features = answer.features.columns(names)
    rows = {document_id: row for row, document_id in enumerate(features.document_ids)}
    values = np.full((len(ids), len(names)), np.nan, dtype=np.float32)
    for place, document_id in enumerate(ids):
        if document_id in rows:
            values[place] = features.values[rows[document_id]]
    return Group(
        group_id=query.query_id,
        document_ids=ids,
        grades=np.array([grades.get(document_id, 0) for document_id in ids], dtype=np.int32),
        values=values,
        seconds=query.issued_at.timestamp(),
        positions=np.array([hit.rank for hit in hits], dtype=np.int32),
    )
