"""What the best candidates say of the others."""

import numpy as np

from rerank.lookup import Ints, found_in
from rerank.scene import Scene, Values
from rerank.shelf import Kinds
from rerank.signals.answer_blended import blended_score
from rerank.signals.registry import signal
from tandem.protocols import FloatMatrix

BEST = 3
"""So many candidates stand for what is looked for."""

SHARPNESS = 8
"""A best candidate counts by its blended score over the highest one, to this power."""

LEAST_TRUST = 1e-30
"""So that what counts least still counts where nothing else is left."""


@signal(
    "words_of_best",
    scope="text",
    unit="share over the square root of words",
    low=0.0,
    missing="the document's content is not known, or that of no other candidate",
    reads=("answer", "documents", "words"),
)
def words_of_best(scene: Scene) -> Values:
    """How much a document has of the words of the three that are best by blended score, itself left
    out: what is about the same matter is likelier to be of use.

    Pseudo-relevance feedback over candidates alone (Diaz, CIKM 2015): a word that stands c times in
    a document and is held by n of N candidates weighs (1 + ln c) ln((N + 1) / n).
    """
    words = scene.known.kinds
    rows = np.flatnonzero(words.counts)
    told = scene.unknown()
    if len(rows) < 2:
        return told
    scores = blended_score(scene)[rows]
    best = np.argsort(-scores, kind="stable")[:BEST]
    told[rows] = _likeness(_weighed(words, rows[best])[rows], scores, best)
    return told


def _weighed(words: Kinds, best: Ints) -> FloatMatrix:
    """What the words of the best candidates weigh in each candidate, (candidates, words)."""
    ends = np.cumsum(words.counts)
    asked = [words.codes[ends[row] - words.counts[row] : ends[row]] for row in best.tolist()]
    codes = np.sort(np.concatenate(asked))
    known = codes[np.append(True, codes[1:] != codes[:-1])]
    places, which = found_in(words.codes, known)
    rarity = np.log(((words.counts > 0).sum() + 1) / np.bincount(which))
    weighed = np.zeros((len(words.counts), len(known)), np.float32)
    weighed[np.searchsorted(ends, places, side="right"), which] = words.worths[places]
    weighed *= rarity.astype(np.float32)
    return weighed


def _likeness(weighed: FloatMatrix, scores: Values, best: Ints) -> Values:
    directions = weighed[best] / np.linalg.norm(weighed[best], axis=1, keepdims=True)
    highest = scores.max()
    trust = (scores[best] / highest) ** SHARPNESS if highest > 0 else np.ones(len(best))
    shares = np.repeat(np.maximum(trust, LEAST_TRUST)[np.newaxis], len(weighed), axis=0)
    shares[best, np.arange(len(best))] = 0.0
    likeness: Values = (weighed @ directions.T * shares).sum(axis=1) / shares.sum(axis=1)
    return likeness
