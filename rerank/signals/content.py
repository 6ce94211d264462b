"""What a document is, whatever was asked."""

import numpy as np

from rerank.attributes import numbers, place_of, records
from rerank.scene import Scene, Values
from rerank.signals.registry import signal
from rerank.text_matching import lengths
from tandem.fields import FieldType

DAY_SECONDS = 86_400.0
NOT_KNOWN = "the document's content is not known"


@signal(
    "field_length",
    scope="document",
    unit="ln(1 + words)",
    low=0.0,
    missing=NOT_KNOWN,
    reads=("documents", "words"),
    each=(FieldType.TEXT,),
)
def field_length(scene: Scene, field: str) -> Values:
    """How long a text is, in searchable words; 0 where the document has none. Of a long one the
    first 2,000 words are counted.
    """
    return np.where(scene.known.is_known, np.log1p(lengths(scene, field)), np.nan)


@signal(
    "number",
    scope="document",
    unit="the field's own",
    missing="the document has no value, or its content is not known",
    reads=("documents",),
    each=(FieldType.INTEGER, FieldType.FLOAT, FieldType.BOOLEAN),
)
def number(scene: Scene, field: str) -> Values:
    """The value of a number; true is 1, false 0."""
    return numbers(scene, field)


@signal(
    "field_age",
    scope="document",
    unit="±ln(1 + days)",
    missing="the document has no such time, or its content is not known",
    reads=("documents",),
    each=(FieldType.DATETIME,),
)
def field_age(scene: Scene, field: str) -> Values:
    """How long a time of the document is past when the query is asked; below 0 where it is still to
    come.
    """
    return log_days(scene.seconds - numbers(scene, field))


@signal(
    "age",
    scope="document",
    unit="ln(1 + days)",
    low=0.0,
    missing="the document says no time of its last change, or its content is not known",
    reads=("documents",),
)
def age(scene: Scene) -> Values:
    """How long ago the document was changed, by its own word, when the query is asked; 0 where it
    says a time that is still to come.
    """
    return np.maximum(log_days(scene.seconds - scene.known.updated_at), 0.0)


@signal(
    "values",
    scope="document",
    unit="values",
    low=0.0,
    missing=NOT_KNOWN,
    reads=("documents",),
    each=(FieldType.KEYWORD,),
)
def values(scene: Scene, field: str) -> Values:
    """How many values the document has in a keyword field."""
    return np.where(scene.known.is_known, records(scene).counts[:, place_of(scene, field)], np.nan)


def log_days(seconds: Values) -> Values:
    """Seconds as days, whose logarithm tells yesterday from last week as last year from long ago;
    negative ones mirrored.
    """
    days = seconds / DAY_SECONDS
    signed: Values = np.sign(days) * np.log1p(np.abs(days))
    return signed
