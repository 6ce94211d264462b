"""What a query is like, whatever is found."""

import numpy as np

from rerank.scene import Scene, Values
from rerank.signals.registry import signal

NO_WORDS = "the query has no searchable word"


@signal("query_words", scope="query", unit="words", low=1.0, missing=NO_WORDS, reads=("words",))
def query_words(scene: Scene) -> Values:
    """How many different searchable words the query has."""
    count = len(set(scene.words))
    return np.full(len(scene), float(count)) if count else scene.unknown()


@signal("query_rarity", scope="query", unit="idf", low=0.0, missing=NO_WORDS, reads=("words",))
def query_rarity(scene: Scene) -> Values:
    """The mean inverse document frequency of the query's different words: how telling they are."""
    weights = _weights(scene)
    return np.full(len(scene), weights.mean()) if len(weights) else scene.unknown()


@signal("query_rarest", scope="query", unit="idf", low=0.0, missing=NO_WORDS, reads=("words",))
def query_rarest(scene: Scene) -> Values:
    """The inverse document frequency of the query's rarest word."""
    weights = _weights(scene)
    return np.full(len(scene), weights.max()) if len(weights) else scene.unknown()


def _weights(scene: Scene) -> Values:
    return np.array([item.weight for item in dict.fromkeys(scene.words)], dtype=np.float64)
