"""A model is stored in parts, and read back only as what was trained."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rerank.manifest import Data, Labels, Manifest, Proof
from rerank.model import TABLES, TREES, Model
from rerank.scene import Scene, Values
from rerank.signals import registry
from rerank.tables import Tables
from rerank.training.lambdamart import FitOptions, fit
from tandem.errors import ModelError
from tandem.intervals import Estimate
from tests.training_sets import NAMES, training_set

DATA = training_set(20)
BOOSTER = fit(DATA, None, FitOptions(trees=5))


@pytest.fixture(autouse=True)
def known_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signals that the training set is made of."""

    def compute(scene: Scene) -> Values:
        return scene.unknown()

    known = {
        name: registry.Signal(name, "document", "", "never", ("documents",), compute)
        for name in ("useful", "noise", "unknown")
    }
    monkeypatch.setattr("rerank.model.signals", lambda: known)


def model(**said: Any) -> Model:
    """A model over the training set's features."""
    manifest = Manifest(
        kind="people",
        features=NAMES,
        embedder="small@1",
        analysis="english",
        labels=Labels("clicks", {"click": 1}, "lightgbm"),
        data=Data(20, 240, 10, 0.0, 68_400.0, "ab" * 32, {"impressions": 20}),
        proof=Proof(5, 3, {"model": {"nDCG@10": Estimate(0.7, 0.6, 0.8)}}),
    )
    return Model(replace(manifest, **said), BOOSTER, Tables()).sealed()


def stored(made: Model) -> tuple[dict[str, Any], dict[str, bytes]]:
    """As a catalogue gives it back: through JSON."""
    return json.loads(json.dumps(made.manifest.as_json())), made.parts()


def test_it_comes_back_as_it_was() -> None:
    """Manifest and scores."""
    made = model(parameters={"leaves": 15}, importances={"useful": 1.0}, start={"noise": 0.5})
    read = Model.read(*stored(made))
    assert read.manifest == made.manifest
    assert read.parts() == made.parts()
    assert np.array_equal(read.scores(DATA.values), made.scores(DATA.values))


def test_contributions_sum_to_the_score() -> None:
    """What the trees are added to belongs to its feature."""
    made = model(start={"noise": 0.5, "unknown": 3.0})
    rows = DATA.values[:10]
    added = made.contributions(rows)
    assert added.shape == (10, len(NAMES) + 1)
    assert added.sum(axis=1) == pytest.approx(made.scores(rows))
    assert added[:, 1] - model().contributions(rows)[:, 1] == pytest.approx(0.5 * rows[:, 1])


def test_what_is_no_number_adds_nothing_to_the_start() -> None:
    """Neither NaN nor infinity."""
    made = model(start={"noise": 0.5})
    rows = np.full((2, len(NAMES)), np.nan, dtype=np.float32)
    rows[1, 1] = np.inf
    assert np.isfinite(made.scores(rows)).all()
    assert np.isfinite(made.contributions(rows)).all()


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"format": 3}, "has format 3, this version reads up to 2"),
        ({"format": "1x"}, "format: "),
        ({"kind": "machines"}, "kind: "),
        ({"features": []}, "features: expected at least one"),
        ({"features": ["useful", "useful"]}, "none twice"),
        ({"start": {"usefull": 1.0}}, "start: usefull is not a feature"),
        ({"start": {"useful": "much"}}, "start.useful: "),
        ({"surprise": 1}, "surprise: "),
        ({"scoring": {"phrase": "much"}}, "scoring.phrase: "),
        ({"checksums": {}}, "model.txt is not what was trained"),
        ({"features": [*NAMES[:3], "gone.title"]}, "1 features whose signals are not here: gone"),
        ({"features": NAMES[:2]}, "made for 4 features, the manifest names 2"),
        (
            {"features": [NAMES[1], NAMES[0], *NAMES[2:]]},
            "useful at place 0, the manifest names no",
        ),
        ({"proof": {"groups": 1, "users": 1, "models": {"model": {"AUC": [1, 2]}}}}, "models"),
        ({"importances": {"useful": float("nan")}}, "importances.useful"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(wrong: dict[str, Any], reason: str) -> None:
    """The message says what of it."""
    said, parts = stored(model())
    with pytest.raises(ModelError, match=reason):
        Model.read(said | wrong, parts)


def test_a_manifest_that_lacks_something_is_refused() -> None:
    """It names the place."""
    said, parts = stored(model())
    del said["labels"]["source"]
    with pytest.raises(ModelError, match=r"labels\.source: "):
        Model.read(said, parts)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({TREES: b"tree\n"}, "model.txt is not what was trained"),
        ({TABLES: b"PK"}, "tables.npz is not what was trained"),
        ({"more.txt": b""}, "unknown part more.txt"),
    ],
)
def test_altered_parts_are_refused(wrong: dict[str, bytes], reason: str) -> None:
    """Before anything of them is read."""
    said, parts = stored(model())
    with pytest.raises(ModelError, match=reason):
        Model.read(said, parts | wrong)


def test_a_missing_part_is_refused() -> None:
    """It is named."""
    said, parts = stored(model())
    with pytest.raises(ModelError, match="no part tables"):
        Model.read(said, {TREES: parts[TREES]})


def test_a_checksum_does_not_make_it_a_model() -> None:
    """The text is looked at, whatever the manifest says."""
    said, parts = stored(model())
    pickled = b"\x80\x04\x95."
    sums = said["checksums"] | {TREES: hashlib.sha256(pickled).hexdigest()}
    with pytest.raises(ModelError, match=r"does not begin|does not write"):
        Model.read(said | {"checksums": sums}, parts | {TREES: pickled})
