"""How alike documents are: kernels, their sum in a few factors, and neighbours.

A kernel is B Bᵀ of a matrix B with a row for each document. Folding a person in by ridge regression
over the factors of a sum of kernels is Gaussian process regression with that sum (C. Rasmussen,
C. Williams, "Gaussian Processes for Machine Learning", 2006, section 2.1), of the factors' rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.facts import Facts
from rerank.training.opinions import Opinions

if TYPE_CHECKING:
    from scipy import sparse

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]

PRIOR_PEOPLE = 1.0
"""Keeps documents that one person met, and nobody else, from being the closest of all."""

OVERSAMPLING, ITERATIONS = 10, 6
"""Of subspace iteration: N. Halko and others, "Finding structure with randomness", 2011."""

ROWS_AT_ONCE = 512

MOST_MET = 500
"""Of each person, so many documents make neighbours, those met last: what one met makes pairs, and
a crawler that met all would make as many as there are documents, squared.
"""
MOST_CENTRES = 64


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """``factors`` numbers a document, ``neighbours`` others a document.

    The rest are the kernels' variances beside 1, which is that of chance in one rating: documents
    that the same people met, that are near in meaning, that share keywords, whose numbers are near,
    that are as popular, that are as good. They were found by cross-validation over the training
    users of MovieLens.
    """

    factors: int = 32
    neighbours: int = 50
    seed: int = 0
    met: float = 0.25
    vectors: float = 0.3
    keywords: float = 0.03
    numbers: float = 0.015
    popularity: float = 0.03
    bias: float = 0.05


DEFAULTS = KernelOptions()


class Kernel(NamedTuple):
    """``weight`` x B Bᵀ; ``matrix`` is B, dense or sparse, (documents, anything)."""

    weight: float
    matrix: Any


def met_by(said: Opinions, most: int | None = None) -> "sparse.csr_array":
    """(documents, people): who met each; the inner product of two rows is the cosine of theirs,
    shrunk to 0 where few people met them. Of each person the ``most`` last met, by default all.
    """
    from scipy import sparse

    size = (len(said.document_ids), said.person_count)
    documents, people = said.documents, said.people
    if most is not None:
        is_last = _from_the_end(people, size[1]) < most
        documents, people = documents[is_last], people[is_last]
    counts = np.bincount(documents, minlength=size[0])
    weights = 1.0 / np.sqrt(counts + PRIOR_PEOPLE)
    return sparse.csr_array((weights[documents], (documents, people)), shape=size)


def _from_the_end(people: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.intp]:
    """How many later pairs the person of each pair has."""
    order = np.argsort(people, kind="stable")
    ends = np.cumsum(np.bincount(people, minlength=count))
    places = np.empty(len(people), np.intp)
    places[order] = np.arange(len(people))
    return np.asarray(ends[people] - 1 - places, dtype=np.intp)


def kernels_of(
    said: Opinions,
    met: "sparse.csr_array",
    known: Sequence[Facts | None],
    widths: dict[str, float],
    options: KernelOptions,
) -> list[Kernel]:
    """Those that the collection has. ``known`` are the documents' facts, in order."""
    counts = np.log1p(np.bincount(said.documents, minlength=len(known)).astype(np.float64))
    deviation = float(counts.std()) or 1.0
    bias = said.document_biases / said.spread
    kernels = [
        Kernel(options.met, met),
        Kernel(options.popularity, ((counts - counts.mean()) / deviation)[:, None]),
        Kernel(options.bias, bias[:, None]),
    ]
    if (vectors := _directions(known)) is not None:
        kernels.append(Kernel(options.vectors, vectors))
    fields = sorted({name for facts in known if facts is not None for name in facts.keywords})
    kernels += [Kernel(options.keywords, _shares(known, name)) for name in fields]
    kernels += [
        Kernel(options.numbers, _bumps(known, name, width)) for name, width in widths.items()
    ]
    return kernels


def factors_of(kernels: Sequence[Kernel], options: KernelOptions) -> Floats32:
    """The best approximation of the kernels' sum by F Fᵀ, float32 (documents, factors)."""
    size = kernels[0].matrix.shape[0]
    rank = min(options.factors, size)
    drawn = np.random.default_rng(options.seed)
    basis = drawn.standard_normal((size, min(rank + OVERSAMPLING, size)))
    for _ in range(ITERATIONS):
        basis, _ = np.linalg.qr(_applied(kernels, basis))
    values, vectors = np.linalg.eigh(basis.T @ _applied(kernels, basis))
    best = np.argsort(-values)[:rank]
    found = basis @ (vectors[:, best] * np.sqrt(np.maximum(values[best], 0.0)))
    return np.ascontiguousarray(found, dtype=np.float32)


def _applied(kernels: Sequence[Kernel], columns: Floats) -> Floats:
    total = np.zeros_like(columns)
    for weight, matrix in kernels:
        total += weight * (matrix @ (matrix.T @ columns))
    return total


def neighbours_of(met: "sparse.csr_array", count: int) -> tuple[npt.NDArray[np.int32], Floats32]:
    """The closest ``count`` of each document among those that the same people met, and how close
    they are, the closest first; -1 and 0 where there are fewer.
    """
    size = met.shape[0]
    neighbours = np.full((size, count), -1, np.int32)
    closeness = np.zeros((size, count), np.float32)
    others = met.T.tocsr()
    for start in range(0, size, ROWS_AT_ONCE):
        found = (met[start : start + ROWS_AT_ONCE] @ others).tocoo()
        rows, columns = found.coords
        is_other = columns != rows + start
        rows, columns, values = rows[is_other], columns[is_other], found.data[is_other]
        order = np.lexsort((columns, -values, rows))
        rows, columns, values = rows[order], columns[order], values[order]
        ranks = np.arange(len(rows)) - np.searchsorted(rows, rows)
        kept = ranks < count
        neighbours[rows[kept] + start, ranks[kept]] = columns[kept]
        closeness[rows[kept] + start, ranks[kept]] = values[kept]
    return neighbours, closeness


def _directions(known: Sequence[Facts | None]) -> Floats32 | None:
    """Vectors less their mean, of length 1; zeros for a document without one."""
    held = [facts.vector if facts is not None else None for facts in known]
    rows = [row for row, vector in enumerate(held) if vector is not None]
    if not rows:
        return None
    found = np.stack([vector for vector in held if vector is not None]).astype(np.float32)
    found -= found.mean(axis=0)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
    directions = np.zeros((len(known), found.shape[1]), np.float32)
    directions[rows] = found
    return directions


def _shares(known: Sequence[Facts | None], field: str) -> "sparse.csr_array":
    """(documents, values): which values each has, rare ones weighing more; rows of length 1."""
    from scipy import sparse

    held = [facts.keywords.get(field, ()) if facts is not None else () for facts in known]
    columns = {value: 0 for values in held for value in values}
    columns = {value: column for column, value in enumerate(sorted(columns))}
    rows = np.repeat(np.arange(len(known)), [len(values) for values in held])
    places = np.array([columns[value] for values in held for value in values], dtype=np.intp)
    counts = np.bincount(places, minlength=len(columns))
    weights = np.log1p(len(known) / counts)[places]
    lengths = np.sqrt(np.bincount(rows, weights**2, len(known)))
    shape = (len(known), len(columns))
    return sparse.csr_array((weights / lengths[rows], (rows, places)), shape=shape)


def _bumps(known: Sequence[Facts | None], field: str, width: float) -> Floats:
    """(documents, centres): how near a number is to centres a width apart; rows of length 1, zeros
    without the number. The inner product of two rows falls with the distance of the numbers.
    """
    held = [facts.numbers.get(field) if facts is not None else None for facts in known]
    numbers = np.array([np.nan if value is None else value for value in held])
    low, high = np.nanquantile(numbers, [0.01, 0.99])
    centres = np.linspace(low, high, min(MOST_CENTRES, 2 + round((high - low) / width)))
    clipped = np.clip(numbers, low, high)
    near = np.exp(-(((clipped[:, None] - centres) / width) ** 2))
    lengths = np.linalg.norm(near, axis=1, keepdims=True)
    found: Floats = np.nan_to_num(near / lengths)
    return found
