"""A trained model: its manifest, its trees, and the tables that its signals read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rerank.manifest import Manifest
from rerank.model_text import THREADS, read_booster, text_of
from rerank.signals.registry import signals
from rerank.tables import Tables
from tandem.errors import ModelError
from tandem.features import FloatRows

if TYPE_CHECKING:
    import lightgbm

Floats = npt.NDArray[np.float64]

TREES = "model.txt"
TABLES = "tables.npz"

TRAIN_AGAIN = "train again, or take the model from where it was exported"


@dataclass(frozen=True)
class Model:
    """Immutable, and safe to share between threads."""

    manifest: Manifest
    booster: "lightgbm.Booster"
    tables: Tables

    def scores(self, values: FloatRows) -> Floats:
        """Of rows whose columns are the manifest's features, (documents,); larger is better."""
        scores = np.asarray(self.booster.predict(values, num_threads=THREADS), dtype=np.float64)
        return scores + started(self.manifest.features, self.manifest.start, values)

    def contributions(self, values: FloatRows) -> Floats:
        """What each feature adds to the score of each row: (documents, features + 1), whose rows
        sum to the scores; the last column is what every document gets.

        S. Lundberg et al., "Consistent Individualized Feature Attribution for Tree Ensembles", 2018
        """
        shares = self.booster.predict(values, num_threads=THREADS, pred_contrib=True)
        added = np.array(shares, dtype=np.float64)
        for name, weight in self.manifest.start.items():
            column = self.manifest.features.index(name)
            added[:, column] += weight * known_or_zero(values[:, column])
        return added

    def parts(self) -> dict[str, bytes]:
        """What is stored beside the manifest."""
        return {TREES: text_of(self.booster).encode("ascii"), TABLES: self.tables.to_npz()}

    def sealed(self) -> "Model":
        """The same with the checksums of its parts in the manifest."""
        sums = {name: _checksum(content) for name, content in self.parts().items()}
        return replace(self, manifest=replace(self.manifest, checksums=sums))

    @classmethod
    def read(cls, manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> "Model":
        """The model of a manifest's plain values and its parts.

        Raises:
            ModelError: a part is missing or altered, is not what it should be, or does not fit the
                manifest; or a signal that it needs is unknown here.
        """
        said = Manifest.read(manifest)
        _check_parts(said, parts)
        _check_signals(said)
        booster = read_booster(parts[TREES].decode("ascii", errors="replace"))
        found = tuple(booster.feature_name())
        if found != said.features:
            raise ModelError(
                f"{TREES} was made for {_differently(found, said.features)}", hint=TRAIN_AGAIN
            )
        return cls(said, booster, Tables.from_npz(parts[TABLES]))


def started(names: Sequence[str], weights: Mapping[str, float], values: FloatRows) -> Floats:
    """What trees are added to, (documents,): the weighted sum of some columns."""
    scores = np.zeros(len(values))
    for name, weight in weights.items():
        scores += weight * known_or_zero(values[:, names.index(name)])
    return scores


def known_or_zero(values: FloatRows) -> Floats:
    """The values, 0 where one is not a finite number."""
    return np.where(np.isfinite(values), values, 0.0).astype(np.float64)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _check_parts(said: Manifest, parts: Mapping[str, bytes]) -> None:
    for name in (TREES, TABLES):
        if name not in parts:
            raise ModelError(f"the model has no part {name}", hint=TRAIN_AGAIN)
        if _checksum(parts[name]) != said.checksums.get(name):
            raise ModelError(
                f"{name} is not what was trained: its SHA-256 is not the manifest's",
                hint=TRAIN_AGAIN,
            )
    if unknown := parts.keys() - {TREES, TABLES}:
        raise ModelError(f"the model has an unknown part {min(unknown)}", hint=TRAIN_AGAIN)


def _check_signals(said: Manifest) -> None:
    missing = {name for name in said.features if name.partition(".")[0] not in signals()}
    if missing:
        raise ModelError(
            f"the model needs {len(missing)} features whose signals are not here: "
            + ", ".join(sorted(missing)[:5]),
            hint="put the signals' modules into rerank/signals, or train again without them",
        )


def _differently(found: tuple[str, ...], expected: tuple[str, ...]) -> str:
    if len(found) != len(expected):
        return f"{len(found)} features, the manifest names {len(expected)}"
    pairs = zip(found, expected, strict=True)
    place = next(at for at, (one, other) in enumerate(pairs) if one != other)
    return f"the feature {found[place]} at place {place}, the manifest names {expected[place]}"
