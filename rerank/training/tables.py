"""Fitting ``Tables``: what people did, and what documents hold, as numbers of documents."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from rerank.facts import Facts
from rerank.tables import Tables, ValueTable
from rerank.training.kernels import (
    DEFAULTS,
    MOST_MET,
    KernelOptions,
    factors_of,
    kernels_of,
    met_by,
    neighbours_of,
)
from rerank.training.opinions import Opinions, opinions_of
from rerank.training.refinement import refined
from tandem.behaviour import Deed

PRIOR_VALUE = 10.0
"""Weight of being as good as most documents, in ratings of documents with a value."""

WIDTH = 0.5
"""How far apart two numbers have little to do with each other, in standard deviations."""


def fit_tables(
    deeds: Iterable[Deed], facts: Mapping[str, Facts], options: KernelOptions = DEFAULTS
) -> Tables:
    """The tables of every document that somebody known rated or chose; the same for the same input.

    ``deeds`` must not be later than the queries that are trained on with these tables: they would
    hold their labels.
    """
    said = opinions_of(deeds)
    if not said.document_ids:
        return Tables()
    known = [facts.get(name) for name in said.document_ids]
    widths = _widths(known)
    met = met_by(said)
    placed = factors_of(kernels_of(said, met, known, widths, options), options)
    biases, factors = refined(said, placed)
    neighbours, closeness = neighbours_of(met_by(said, MOST_MET), options.neighbours)
    return Tables(
        document_ids=said.document_ids,
        usual=said.usual,
        spread=said.spread,
        biases=biases.astype(np.float32),
        factors=factors,
        neighbours=neighbours,
        closeness=closeness,
        values=_values(said, known),
        widths=widths,
    )


def _widths(known: Sequence[Facts | None]) -> dict[str, float]:
    """Of each number field in which documents differ."""
    numbers: dict[str, list[float]] = {}
    for facts in known:
        for name, value in facts.numbers.items() if facts is not None else ():
            numbers.setdefault(name, []).append(value)
    spreads = {name: float(np.std(values)) for name, values in sorted(numbers.items())}
    return {name: WIDTH * spread for name, spread in spreads.items() if 0 < spread < np.inf}


def _values(said: Opinions, known: Sequence[Facts | None]) -> dict[str, ValueTable]:
    """What is thought of the documents with each value of each keyword field."""
    above = said.ratings - said.usual - said.person_biases[said.people]
    is_rated = ~np.isnan(above)
    size = len(said.document_ids)
    sums = np.bincount(said.documents[is_rated], above[is_rated], size)
    counts = np.bincount(said.documents[is_rated], minlength=size)
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for row, facts in enumerate(known):
        for name, values in facts.keywords.items() if facts is not None and counts[row] else ():
            of_field = found.setdefault(name, {})
            for value in values:
                total, count = of_field.get(value, (0.0, 0))
                of_field[value] = (total + float(sums[row]), count + int(counts[row]))
    return {name: _table(of_field) for name, of_field in sorted(found.items())}


def _table(of_field: Mapping[str, tuple[float, int]]) -> ValueTable:
    values = tuple(sorted(of_field))
    numbers = np.array([of_field[value] for value in values], dtype=np.float64)
    shrunk = numbers[:, 0] / (numbers[:, 1] + PRIOR_VALUE)
    return ValueTable(values, shrunk.astype(np.float32), numbers[:, 1].astype(np.float32))
