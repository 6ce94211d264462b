"""Features: what a reranking model sees of the candidates of a query."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatRows = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMatrix:
    """``values`` is float32 (documents, features), NaN where a feature is not known.

    Raises:
        ValueError: the shape is another one, or a name or a document is there twice.
    """

    names: tuple[str, ...]
    document_ids: tuple[str, ...]
    values: FloatRows

    def __post_init__(self) -> None:
        expected = (len(self.document_ids), len(self.names))
        if self.values.shape != expected or self.values.dtype != np.float32:
            found = f"{self.values.dtype} {self.values.shape}"
            raise ValueError(f"features: expected float32 {expected}, found {found}")
        for what, names in (("feature", self.names), ("document", self.document_ids)):
            if len({*names}) < len(names):
                raise ValueError(f"features: a {what} is there twice")

    def of(self, document_ids: Sequence[str]) -> "FeatureMatrix":
        """The rows of some documents, in their order; those that are not there are left out."""
        rows = {document_id: row for row, document_id in enumerate(self.document_ids)}
        kept = [document_id for document_id in document_ids if document_id in rows]
        chosen = np.array([rows[document_id] for document_id in kept], dtype=np.intp)
        return FeatureMatrix(self.names, tuple(kept), self.values[chosen])

    def columns(self, names: Sequence[str]) -> "FeatureMatrix":
        """Some features, in their order; one that is not there is NaN."""
        places = {name: column for column, name in enumerate(self.names)}
        values = np.full((len(self.document_ids), len(names)), np.nan, dtype=np.float32)
        for column, name in enumerate(names):
            if name in places:
                values[:, column] = self.values[:, places[name]]
        return FeatureMatrix(tuple(names), self.document_ids, values)
