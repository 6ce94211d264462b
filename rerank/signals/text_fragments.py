"""How much of the query's words stands in a document in another form."""

import numpy as np

from rerank.facts import fragments
from rerank.scene import Scene, Values
from rerank.signals.registry import signal

FIRST_BIT = 7
"""Bits are packed with the first one as the highest of its byte."""


@signal(
    "fragments",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="the query has no searchable word, or the document's content is not known",
    reads=("documents", "words"),
    rises=1,
)
def held_fragments(scene: Scene) -> Values:
    """The share of the query's fragments, three letters on end of a word, that the document's words
    hold: so other forms of a word count in part. What fewer candidates hold weighs more.

    A fragment that n of N candidates hold weighs ln((N + 1) / (n + 0.5)).
    """
    asked = b"".join(fragments(item.word) for item in scene.words)
    places = np.unique(np.frombuffer(asked, dtype=np.uint16)).astype(np.intp)
    rows, held = scene.known.fragments(places >> 3)
    shares = scene.unknown()
    if not len(rows) or not asked:
        return shares
    is_held = (held >> (FIRST_BIT - (places & FIRST_BIT)).astype(np.uint8)) & 1
    weights = np.log((len(rows) + 1) / (is_held.sum(axis=0) + 0.5))
    shares[rows] = np.minimum(is_held @ weights / weights.sum(), 1.0)
    return shares
