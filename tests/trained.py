"""A model for tests whose order is known: what is added to its trees is one feature, many times."""

from collections.abc import Sequence

import numpy as np

from rerank.manifest import Data, Labels, Manifest, Proof
from rerank.model import Model
from rerank.signals.registry import features
from rerank.tables import Tables
from rerank.training.groups import Group, TrainingSet
from rerank.training.lambdamart import FitOptions, fit
from tandem.catalog.releases import Generation

WEIGHT = 100.0
"""Beyond what a few trees can do."""


def trained(generation: Generation, feature: str, chosen: Sequence[str] | None = None) -> Model:
    """A model over a generation, of the features that are named or all, that orders by one."""
    names = tuple(chosen or (item.name for item in features(generation.schema)))
    random = np.random.default_rng(0)
    values = random.normal(size=(30, len(names))).astype(np.float32)
    grades = random.integers(0, 3, 30).astype(np.int32)
    lesson = Group("q", tuple(f"d{number}" for number in range(30)), grades, values)
    options = FitOptions(trees=2, leaves=3, rows_in_leaf=1)
    manifest = Manifest(
        kind="people",
        features=names,
        embedder=generation.embedder,
        analysis=generation.analysis,
        labels=Labels("clicks", {"click": 1}),
        data=Data(1, 30, 1, 0.0, 1.0, "ab" * 32),
        proof=Proof(1, 1),
        start={feature: WEIGHT},
    )
    booster = fit(TrainingSet(names, (lesson,)), None, options)
    return Model(manifest, booster, Tables()).sealed()
