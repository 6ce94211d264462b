"""What the best candidates say of the others."""

from typing import NamedTuple

import numpy as np

from rerank.facts import WordCodes
from rerank.lookup import Ints, found_in
from rerank.scene import Scene, Values
from rerank.signals.answer_blended import blended_score
from rerank.signals.registry import signal
from rerank.text_matching import laid

BEST = 3
"""So many candidates stand for what is looked for."""

SHARPNESS = 8
"""A best candidate counts by its blended score over the highest one, to this power."""

LEAST_TRUST = 1e-30
"""So that what counts least still counts where nothing else is left."""

WORDS = 300
"""So many words of each text field are compared."""


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
    texts = _texts(scene)
    rows = np.flatnonzero(texts.lengths)
    told = scene.unknown()
    if len(rows) < 2:
        return told
    scores = blended_score(scene)[rows]
    best = np.argsort(-scores, kind="stable")[:BEST]
    weighed = _weighed(texts, rows[best])[rows]
    told[rows] = _likeness(weighed, scores, best)
    return told


class _Texts(NamedTuple):
    """The candidates' words laid one after another, whose word each is, and how many words a
    candidate has.
    """

    codes: WordCodes
    owners: Ints
    lengths: Ints


def _texts(scene: Scene) -> _Texts:
    """What is compared of the candidates."""
    codes, lengths = laid(scene)
    fields = lengths.ravel()
    ends = np.cumsum(fields)
    if (fields > WORDS).any():
        places = np.arange(len(codes)) - np.repeat(ends - fields, fields)
        codes, fields = codes[places < WORDS], np.minimum(fields, WORDS)
    words = fields.reshape(lengths.shape).sum(axis=1)
    return _Texts(codes, np.repeat(np.arange(len(words)), words), words)


def _weighed(texts: _Texts, best: Ints) -> Values:
    """What the words of the best candidates weigh in each candidate, (candidates, words), over the
    square root of its length.
    """
    ends = np.cumsum(texts.lengths)
    asked = [texts.codes[ends[row] - texts.lengths[row] : ends[row]] for row in best.tolist()]
    known = np.unique(np.concatenate(asked))
    places, which = found_in(texts.codes, known)
    shape = len(texts.lengths), len(known)
    cells = texts.owners[places] * shape[1] + which
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    rarity = np.log(((texts.lengths > 0).sum() + 1) / (counts > 0).sum(axis=0))
    worths = np.ones(int(counts.max()) + 1)
    worths[1:] += np.log(np.arange(1, len(worths)))
    worths[0] = 0.0
    lengths = np.sqrt(np.maximum(texts.lengths, 1))
    weighed: Values = worths[counts] * rarity / lengths[:, np.newaxis]
    return weighed


def _likeness(weighed: Values, scores: Values, best: Ints) -> Values:
    directions = weighed[best] / np.linalg.norm(weighed[best], axis=1, keepdims=True)
    highest = scores.max()
    trust = (scores[best] / highest) ** SHARPNESS if highest > 0 else np.ones(len(best))
    shares = np.tile(np.maximum(trust, LEAST_TRUST), (len(weighed), 1))
    shares[best, np.arange(len(best))] = 0.0
    likeness: Values = (weighed @ directions.T * shares).sum(axis=1) / shares.sum(axis=1)
    return likeness
