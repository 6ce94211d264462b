"""How the words of the query stand in the texts of a document."""

import numpy as np

from rerank.facts import coded
from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from rerank.text_matching import matches, occurrences, share
from tandem.fields import FieldType

K1, B = 1.2, 0.75
"""BM25's constants, as the lexical engines have them."""

NEAR = 8
"""Words that are at most so many words apart belong together (Metzler and Croft, SIGIR 2005)."""

WINDOW = 30
"""Words of a passage: about two sentences, once stop words are gone."""

TEXTS = (FieldType.TEXT,)
NO_WORDS = "the query has no searchable word, or the document's content is not known"
NO_PAIRS = "the query has fewer than two different words, or the document's content is not known"


@signal(
    "field_bm25",
    scope="text",
    unit="BM25",
    low=0.0,
    missing=NO_WORDS,
    reads=("documents", "words"),
    each=TEXTS,
    rises=1,
)
def field_bm25(scene: Scene, field: str) -> Values:
    """BM25 of the query's distinct words over this field alone, 0 where none of them stands in it.
    A text is long or short beside the mean of the candidates'.

    Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with k1
    = 1.2 and b = 0.75. The candidates' mean stands for the collection's: so nothing has to be kept,
    and the same candidates give the same value at any time.
    """
    found = matches(scene, field)
    if found is None:
        return scene.unknown()
    mean = found.lengths[found.is_known].mean() or 1.0
    norm = K1 * (1.0 - B + B * found.lengths / mean)
    counts = found.counts
    saturated = counts * (K1 + 1.0) / (counts + norm[:, np.newaxis])
    return found.told(saturated @ found.terms.weights)


@signal(
    "field_coverage",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing=NO_WORDS,
    reads=("documents", "words"),
    each=TEXTS,
    rises=1,
)
def field_coverage(scene: Scene, field: str) -> Values:
    """The share of the query's words, weighted by inverse document frequency, that stand in this
    field.
    """
    found = matches(scene, field)
    return scene.unknown() if found is None else found.told(found.coverage())


@signal(
    "coverage",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing=NO_WORDS,
    reads=("documents", "words"),
    rises=1,
)
def coverage(scene: Scene) -> Values:
    """The share of the query's words, weighted by inverse document frequency, that stand in any
    text field.
    """
    found = occurrences(scene)
    if found is None:
        return scene.unknown()
    weights = found.terms.weights
    return found.told(share(found.is_held @ weights, weights.sum()))


@signal(
    "rarest_word",
    scope="text",
    unit="yes or no",
    low=0.0,
    high=1.0,
    missing=NO_WORDS,
    reads=("documents", "words"),
    rises=1,
)
def rarest_word(scene: Scene) -> Values:
    """Whether the query's rarest word stands in any text field."""
    found = occurrences(scene)
    if found is None:
        return scene.unknown()
    return found.told(found.is_held[:, found.terms.weights.argmax()].astype(np.float64))


@signal(
    "field_bigrams",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing=NO_PAIRS,
    reads=("documents", "words"),
    each=TEXTS,
    rises=1,
)
def field_bigrams(scene: Scene, field: str) -> Values:
    """The share of the query's pairs of neighbouring words, weighted by inverse document frequency,
    that are neighbours in this field too, in that order.
    """
    found = matches(scene, field)
    return scene.unknown() if found is None else found.told(found.pairs_within(1, in_order=True))


@signal(
    "field_near",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing=NO_PAIRS,
    reads=("documents", "words"),
    each=TEXTS,
    rises=1,
)
def field_near(scene: Scene, field: str) -> Values:
    """The share of the query's pairs of neighbouring words, weighted by inverse document frequency,
    that stand within eight words of this field, in any order.
    """
    found = matches(scene, field)
    if found is None:
        return scene.unknown()
    return found.told(found.pairs_within(NEAR - 1, in_order=False))


@signal(
    "field_window",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing=NO_WORDS,
    reads=("documents", "words"),
    each=TEXTS,
    rises=1,
)
def field_window(scene: Scene, field: str) -> Values:
    """The largest share of the query's words, weighted by inverse document frequency, that any 30
    searchable words on end of this field hold.
    """
    found = matches(scene, field)
    return scene.unknown() if found is None else found.told(found.best_window(WINDOW))


@signal(
    "title_is_query",
    scope="text",
    unit="yes or no",
    low=0.0,
    high=1.0,
    missing=NO_WORDS,
    reads=("documents", "words"),
    rises=1,
)
def title_is_query(scene: Scene) -> Values:
    """Whether the title has the query's words, all of them, in that order, and no others."""
    found = matches(scene, "title")
    if found is None:
        return scene.unknown()
    asked = coded(item.word for item in scene.words)
    rows = np.flatnonzero(found.lengths == len(asked))
    places = found.begins[rows, np.newaxis] + np.arange(len(asked))
    is_same = np.zeros(len(scene))
    is_same[rows] = (scene.known.words.codes[places] == asked).all(axis=1)
    return found.told(is_same)


@signal(
    "title_matched",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="the query or the title has no searchable word, or the content is not known",
    reads=("documents", "words"),
    rises=1,
)
def title_matched(scene: Scene) -> Values:
    """The share of the title's words that the query has."""
    found = matches(scene, "title")
    if found is None:
        return scene.unknown()
    with np.errstate(invalid="ignore"):
        return found.told(found.counts.sum(axis=1) / found.lengths)
