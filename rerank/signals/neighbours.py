"""What the best candidates say of the others."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.facts import Facts, WordCodes
from rerank.scene import Scene, Values
from rerank.signals.answer_blended import blended_score
from rerank.signals.registry import signal

BEST = 3
"""So many candidates stand for what is looked for."""

SHARPNESS = 8
"""A best candidate counts by its blended score over the highest one, to this power."""

LEAST_TRUST = 1e-30
"""So that what counts least still counts where nothing else is left."""

WORDS = 300
"""So many words of each text field are compared."""

_NO_WORDS: WordCodes = np.empty(0, dtype=np.uint32)


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
    rows, texts = _texts(scene)
    told = scene.unknown()
    if len(rows) < 2:
        return told
    scores = blended_score(scene)[rows]
    best = np.argsort(-scores, kind="stable")[:BEST]
    weighed = _weighed(texts, best)
    told[rows] = _likeness(weighed, scores, best)
    return told


class _Texts(NamedTuple):
    """The candidates' words laid one after another; ``owners`` has the place of each one's text in
    the order of the texts, ``lengths`` how many words a text has.
    """

    codes: WordCodes
    owners: npt.NDArray[np.intp]
    lengths: npt.NDArray[np.intp]


def _texts(scene: Scene) -> tuple[list[int], _Texts]:
    """The rows of the candidates that have words, and their texts."""
    texts = [_NO_WORDS if facts is None else _words(facts) for facts in scene.documents]
    rows = [row for row, text in enumerate(texts) if len(text)]
    lengths = np.array([len(texts[row]) for row in rows], dtype=np.intp)
    codes = np.concatenate([texts[row] for row in rows]) if rows else _NO_WORDS
    return rows, _Texts(codes, np.repeat(np.arange(len(rows)), lengths), lengths)


def _words(facts: Facts) -> WordCodes:
    fields = [words[:WORDS] for words in facts.words.values()]
    return np.concatenate(fields) if fields else _NO_WORDS


def _weighed(texts: _Texts, best: npt.NDArray[np.intp]) -> Values:
    """What the words of the best candidates weigh in each candidate, (candidates, words), over the
    square root of its length.
    """
    known = np.unique(texts.codes[np.isin(texts.owners, best)])
    places = np.minimum(np.searchsorted(known, texts.codes), len(known) - 1)
    is_known = known[places] == texts.codes
    shape = len(texts.lengths), len(known)
    cells = texts.owners[is_known] * shape[1] + places[is_known]
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
    holding = (counts > 0).sum(axis=0)
    rarity = np.log((shape[0] + 1) / holding)
    weighed: Values = (1.0 + np.log(np.maximum(counts, 1))) * (counts > 0) * rarity
    return weighed / np.sqrt(texts.lengths)[:, np.newaxis]


def _likeness(weighed: Values, scores: Values, best: npt.NDArray[np.intp]) -> Values:
    directions = weighed[best] / np.linalg.norm(weighed[best], axis=1, keepdims=True)
    highest = scores.max()
    trust = (scores[best] / highest) ** SHARPNESS if highest > 0 else np.ones(len(best))
    shares = np.tile(np.maximum(trust, LEAST_TRUST), (len(weighed), 1))
    shares[best, np.arange(len(best))] = 0.0
    likeness: Values = (weighed @ directions.T * shares).sum(axis=1) / shares.sum(axis=1)
    return likeness
