"""Training data: groups of candidates with labels, one group a query."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tandem.features import FloatRows


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The candidates of one query. ``grades`` is int (documents,), 0 = of no use. ``positions``,
    where clicks are the labels, is where each was shown, from 1. ``seconds`` is when it was asked,
    since 1970. ``values`` is float32 (documents, features). ``origin`` says where it is from, such
    as ``impressions``, ``history`` or ``judgments``.
    """

    group_id: str
    document_ids: tuple[str, ...]
    grades: npt.NDArray[np.int32]
    values: FloatRows
    user_id: str | None = None
    seconds: float = 0.0
    positions: npt.NDArray[np.int32] | None = None
    origin: str = "impressions"


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Groups over the same features, in the order of ``names``."""

    names: tuple[str, ...]
    groups: tuple[Group, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def values(self) -> FloatRows:
        """All rows, float32 (documents of all groups, features)."""
        if not self.groups:
            return np.empty((0, len(self.names)), dtype=np.float32)
        return np.concatenate([group.values for group in self.groups])

    @property
    def grades(self) -> npt.NDArray[np.int32]:
        """All grades, in the order of ``values``."""
        if not self.groups:
            return np.empty(0, dtype=np.int32)
        return np.concatenate([group.grades for group in self.groups])

    @property
    def sizes(self) -> list[int]:
        """How many documents each group has."""
        return [len(group.document_ids) for group in self.groups]

    def only(self, names: Sequence[str]) -> "TrainingSet":
        """The same groups with some of the features alone."""
        places = [self.names.index(name) for name in names]
        groups = tuple(
            replace(group, values=np.ascontiguousarray(group.values[:, places]))
            for group in self.groups
        )
        return TrainingSet(tuple(names), groups)
