"""Whether what a model is trained on is what it was served: logged features against replayed ones.

They are to be equal bit by bit. Where they are not, the log was cut, or the code changed between.
What reads tables is not compared: those of the model that answered are not those that are trained.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rerank.signals.registry import Feature
from tandem.features import FeatureMatrix, FloatRows

LEFT_OUT = "{} more read tables, which are another model's, and are not compared"


@dataclass(slots=True)
class Difference:
    """Of one feature: how many of ``rows`` documents differ, by how much at most (NaN: of one side
    nothing is known), and the first that does.
    """

    feature: str
    rows: int = 0
    differing: int = 0
    largest: float = 0.0
    query_id: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Skew:
    """``queries`` and ``rows`` (documents of them) were compared, feature by feature; of
    ``left_out`` features nothing can be said.
    """

    queries: int
    rows: int
    differences: tuple[Difference, ...]
    left_out: int = 0

    @property
    def differing(self) -> int:
        """How many values differ; 0 is as it should be."""
        return sum(item.differing for item in self.differences)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        features = [asdict(item) for item in self.differences]
        return {
            "queries": self.queries,
            "rows": self.rows,
            "differing": self.differing,
            "left_out": self.left_out,
            "features": features,
        }

    def lines(self) -> list[str]:
        """For people: the verdict, and each feature that differs."""
        compared = f"{self.rows:,} documents of {self.queries:,} queries"
        others = [f"  {LEFT_OUT.format(self.left_out)}"] if self.left_out else []
        if not self.differing:
            count = sum(item.rows > 0 for item in self.differences)
            return [f"{compared}: {count} features as they were served", *others]
        return [
            f"{compared}: {self.differing:,} values are not as they were served",
            *others,
            *(
                f"  {item.feature}: {item.differing:,} of {item.rows:,}, by up to"
                f" {item.largest:.6g}, first {item.document_id} of query {item.query_id}"
                for item in self.differences
                if item.differing
            ),
        ]


def comparable(features: Iterable[Feature]) -> tuple[str, ...]:
    """Those that can be compared whatever model answered: what reads nothing but events."""
    return tuple(item.name for item in features if item.signal.reads == ("events",))


def compared_with_served(
    features: Sequence[Feature],
    replayed: Iterable[tuple[str, FeatureMatrix]],
    logged: Callable[[str], FeatureMatrix | None],
) -> Skew:
    """``skew`` of what is comparable; how many are replayed, and are not, is told."""
    names = comparable(features)
    again = sum(item.signal.is_replayed for item in features)
    return replace(skew(names, replayed, logged), left_out=again - len(names))


def skew(
    names: Sequence[str],
    replayed: Iterable[tuple[str, FeatureMatrix]],
    logged: Callable[[str], FeatureMatrix | None],
) -> Skew:
    """Compare the features ``names`` of queries, (query_id, replayed), with what was logged of
    them. What one side lacks, a document or a feature, is not compared.
    """
    found = {name: Difference(name) for name in names}
    queries = rows = 0
    for query_id, again in replayed:
        before = logged(query_id)
        if before is None:
            continue
        held = before.of(again.document_ids)
        if not held.document_ids:
            continue
        queries += 1
        rows += len(held.document_ids)
        _compare(query_id, held, again.of(held.document_ids), found)
    return Skew(queries, rows, tuple(found.values()))


def _compare(
    query_id: str, before: FeatureMatrix, again: FeatureMatrix, found: Mapping[str, Difference]
) -> None:
    """Note what differs of one query; both have the same documents."""
    for name in {*before.names} & {*again.names} & {*found}:
        served = before.columns([name]).values[:, 0]
        computed = again.columns([name]).values[:, 0]
        item = found[name]
        item.rows += len(served)
        differing = np.flatnonzero(~_same(served, computed))
        if not len(differing):
            continue
        item.differing += len(differing)
        distance = np.abs(served[differing].astype(np.float64) - computed[differing])
        item.largest = float(np.maximum(item.largest, distance.max()))
        if item.document_id is None:
            item.query_id, item.document_id = query_id, before.document_ids[differing[0]]


def _same(one: FloatRows, other: FloatRows) -> npt.NDArray[np.bool_]:
    """Bit by bit; unknown is unknown, however it is written."""
    is_same = one.view(np.uint32) == other.view(np.uint32)
    return np.asarray(is_same | (np.isnan(one) & np.isnan(other)))
