"""What a document's vectors say of the query, beside its best passage."""

import numpy as np

from rerank.scene import Scene, Values
from rerank.signals.registry import signal


@signal(
    "vector_mean",
    scope="text",
    unit="cosine",
    low=-1.0,
    high=1.0,
    missing="the query or the document has no vector at hand",
    reads=("documents", "engines"),
    rises=1,
)
def vector_mean(scene: Scene) -> Values:
    """The mean cosine of the query and the document's passages: whether all of it is about the
    matter, or one passage alone.
    """
    asked = scene.query_vector
    if asked is None:
        return scene.unknown()
    known = [
        (row, facts.vector, facts.focus)
        for row, facts in enumerate(scene.documents)
        if facts is not None and facts.vector is not None
    ]
    cosines = scene.unknown()
    if known:
        rows, directions, lengths = zip(*known, strict=True)
        cosines[list(rows)] = (np.stack(directions) @ asked) * np.array(lengths)
    return cosines
