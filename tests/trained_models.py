"""Small real models over two signals that only they know, for whoever stores and promotes them."""

from dataclasses import replace
from functools import cache
from typing import Any

import lightgbm
import pytest

from rerank.manifest import Data, Labels, Manifest, Measured, Proof
from rerank.model import Model
from rerank.scene import Scene, Values
from rerank.signals import registry
from rerank.tables import Tables
from rerank.training.lambdamart import FitOptions, fit
from tandem.intervals import Estimate
from tests.training_sets import training_set

FEATURES = ("useful", "noise")


def know_signals(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """These, by default those of the models, are all signals there are."""

    def compute(scene: Scene) -> Values:
        return scene.unknown()

    known = {
        name: registry.Signal(name, "document", "", "never", ("documents",), compute)
        for name in names or FEATURES
    }
    monkeypatch.setattr("rerank.model.signals", lambda: known)
    monkeypatch.setattr("rerank.signals.registry.signals", lambda: known)


@cache
def booster() -> lightgbm.Booster:
    """Five trees."""
    return fit(training_set(20).only(FEATURES), None, FitOptions(trees=5))


def lift(low: float, high: float = 0.1) -> Measured:
    """By how much a model is better, between two bounds."""
    return {"nDCG@10": Estimate((low + high) / 2, low, high)}


def proof(untrained: float = 0.01, live: tuple[int, float] | None = None) -> Proof:
    """``untrained`` is the low end of the lift above the untrained order; ``live`` the number of
    the live model, and the low end above it.
    """
    lifts = {"untrained": lift(untrained)}
    if live is not None:
        lifts["live"] = lift(live[1])
    measured: dict[str, Measured] = {"model": {"nDCG@10": Estimate(0.7, 0.6, 0.8)}}
    return Proof(50, 40, measured, lifts, live=None if live is None else live[0])


def trained(**said: Any) -> Model:
    """A model for ``hash-a@1`` and English, that has proved better than the untrained order."""
    manifest = Manifest(
        kind="people",
        features=FEATURES,
        embedder="hash-a@1",
        analysis="english-1",
        labels=Labels("clicks", {"click": 1}, "lightgbm"),
        data=Data(20, 240, 10, 0.0, 68_400.0, "ab" * 32, {"impressions": 20}),
        proof=proof(),
        importances={"useful": 0.9, "noise": 0.1},
    )
    return Model(replace(manifest, **said), booster(), Tables()).sealed()
