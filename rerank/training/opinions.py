"""Who met which document, and what they thought of it, of everybody together."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rerank.deeds import CHOOSING, is_rating
from tandem.behaviour import Deed

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

PRIOR_PERSON = 5.0
"""Weight of being as strict as most people, in ratings."""

PRIOR_DOCUMENT = 4.0
"""Weight of being as good as most documents, in ratings."""

LEAST_SPREAD = 1e-6
"""Of the usual rating: what is left of ratings that are all alike is rounding, and must not be
divided by.
"""

ROUNDS = 15
"""After so many, biases move no more that anybody could see."""


_Person = tuple[bool, str | None]
"""Whether it is a user, or else a client, and the id."""


@dataclass(frozen=True, eq=False)
class Opinions:
    """A pair is a person and a document that they rated or chose, in the order in which they first
    did: ``people`` and ``documents`` are its rows, ``ratings`` float64 (pairs,) the last rating,
    NaN where there is none. The biases are by how much a document, or a person, is above
    ``usual``, the mean rating; ``spread`` is the standard deviation of the rest.
    """

    document_ids: tuple[str, ...]
    person_count: int
    people: Places
    documents: Places
    ratings: Floats
    usual: float
    spread: float
    document_biases: Floats
    person_biases: Floats


def opinions_of(deeds: Iterable[Deed]) -> Opinions:
    """What deeds say, the last rating of a document counting; those of nobody known say nothing.

    Biases are least squares shrunk to 0, document by document and person by person in turn
    (Y. Koren, "Factor in the neighbors", 2010, section 2.1).
    """
    found: dict[tuple[_Person, str], float] = {}
    for deed in deeds:
        person = (True, deed.user_id) if deed.user_id is not None else (False, deed.client_id)
        if person[1] is None or deed.document_id is None:
            continue
        if is_rating(deed) and deed.value is not None:
            found[person, deed.document_id] = deed.value
        elif deed.action in CHOOSING:
            found.setdefault((person, deed.document_id), float("nan"))
    names = sorted({document_id for _, document_id in found})
    rows = {name: row for row, name in enumerate(names)}
    persons: dict[_Person, int] = {}
    people = np.array([persons.setdefault(name, len(persons)) for name, _ in found], np.intp)
    documents = np.array([rows[name] for _, name in found], np.intp)
    ratings = np.fromiter(found.values(), np.float64, len(found))
    shape = (len(persons), len(names))
    usual, spread, of_people, of_documents = _biases(people, documents, ratings, shape)
    return Opinions(
        document_ids=tuple(names),
        person_count=len(persons),
        people=people,
        documents=documents,
        ratings=ratings,
        usual=usual,
        spread=spread,
        document_biases=of_documents,
        person_biases=of_people,
    )


def _biases(
    people: Places, documents: Places, ratings: Floats, shape: tuple[int, int]
) -> tuple[float, float, Floats, Floats]:
    """The mean rating, the spread of what the biases leave, and people's and documents' biases."""
    is_rated = ~np.isnan(ratings)
    people, documents, ratings = people[is_rated], documents[is_rated], ratings[is_rated]
    of_people, of_documents = np.zeros(shape[0]), np.zeros(shape[1])
    if not len(ratings):
        return float("nan"), 1.0, of_people, of_documents
    usual = float(ratings.mean())
    counts_of_people = np.bincount(people, minlength=shape[0]) + PRIOR_PERSON
    counts_of_documents = np.bincount(documents, minlength=shape[1]) + PRIOR_DOCUMENT
    for _ in range(ROUNDS):
        rest = ratings - usual - of_documents[documents]
        of_people = np.bincount(people, rest, shape[0]) / counts_of_people
        rest = ratings - usual - of_people[people]
        of_documents = np.bincount(documents, rest, shape[1]) / counts_of_documents
    left = ratings - usual - of_people[people] - of_documents[documents]
    spread = float(left.std())
    is_more_than_rounding = spread > LEAST_SPREAD * max(1.0, abs(usual))
    return usual, spread if is_more_than_rounding else 1.0, of_people, of_documents
