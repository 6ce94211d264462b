"""Fields of documents as arrays, gathered once however many signals look at them. All keyword
fields are gone through in one pass: a pass costs about the same for one as for three.
"""

from typing import NamedTuple

import numpy as np

from rerank.lookup import Ints, places_of
from rerank.records import Codes, Records
from rerank.scene import Scene, Values
from rerank.taste import liked


class Weighed(NamedTuple):
    """Values by code as they rise: the ``sums`` of their documents' weights, and of how many."""

    known: Codes
    sums: Values
    counts: Ints

    def of(self, codes: Codes, weights: Values) -> Values:
        """The ``weights`` of these values; 0 for one that is not known."""
        return np.append(weights, 0.0)[places_of(codes, self.known)]


def weighed(records: Records, of_documents: Values) -> Weighed:
    """What is with each keyword, where each document has so much."""
    order = records.codes.argsort(kind="stable")
    codes = records.codes[order]
    is_first = np.ones(len(codes), np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=is_first[1:])
    which = is_first.cumsum() - 1
    owners = records.cells[order] // max(records.counts.shape[1], 1)
    sums: Values = np.bincount(which, of_documents[owners]).astype(np.float64)
    return Weighed(codes[is_first], sums, np.bincount(which))


def means(records: Records, of_values: Values) -> Values:
    """Over each document's values of each keyword field, (documents, fields), NaN where it has
    none; a value that is NaN makes the mean so.
    """
    counts = records.counts
    sums = np.bincount(records.cells, of_values, counts.size).reshape(counts.shape)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        return sums / counts


def records(scene: Scene) -> Records:
    """The candidates'."""
    return scene.known.records


def past_records(scene: Scene) -> Records:
    """Those of what the person liked or did not, see ``liked``."""
    return liked(scene).known.records


def numbers(scene: Scene, field: str) -> Values:
    """The candidates'."""
    return records(scene).number(field)


def place_of(scene: Scene, field: str) -> int:
    """Which of the keyword fields it is."""
    return scene.schema.keyword_names.index(field)
