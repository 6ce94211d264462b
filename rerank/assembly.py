"""From a scene to the features of its candidates."""

from collections.abc import Mapping, Sequence

import numpy as np

from rerank.scene import Scene
from rerank.signals.registry import Feature
from tandem.errors import ModelError
from tandem.features import FeatureMatrix


class SignalFailed(ModelError):
    """A signal could not be computed; ``feature`` names it."""

    def __init__(self, feature: str, reason: str) -> None:
        super().__init__(
            f"signal {feature}: {reason}",
            hint="the order is the untrained one until the signal is mended or trained without",
        )
        self.feature = feature


def assemble(scene: Scene, features: Sequence[Feature]) -> FeatureMatrix:
    """The features of a scene's candidates, in the order of ``features``; what is no finite number
    of 32 bits is unknown.

    Raises:
        SignalFailed: a signal raised an error, or gave another shape.
    """
    values = np.empty((len(scene), len(features)), dtype=np.float32)
    with np.errstate(over="ignore"):
        for column, feature in enumerate(features):
            try:
                values[:, column] = feature.compute(scene)
            except Exception as error:
                raise SignalFailed(feature.name, f"{type(error).__name__}: {error}") from error
    values[np.isinf(values)] = np.nan
    names = tuple(feature.name for feature in features)
    return FeatureMatrix(names, scene.document_ids, values)


def unknown_shares(features: FeatureMatrix) -> Mapping[str, float]:
    """Feature -> the share of the candidates of which it is not known, 0 to 1; nothing without
    candidates.
    """
    if not features.document_ids:
        return {}
    shares = np.isnan(features.values).mean(axis=0)
    return dict(zip(features.names, shares.tolist(), strict=True))
