"""What a document's vectors say of the query, beside its best passage."""

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
    rows, directions = scene.vectors
    cosines = scene.unknown()
    if scene.query_vector is not None and len(rows):
        cosines[rows] = (directions @ scene.query_vector) * scene.known.focus[rows]
    return cosines
