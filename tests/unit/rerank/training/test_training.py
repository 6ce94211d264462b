"""From groups to a model with its proof: what it learned from, how good it is, beside what."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rerank.manifest import Labels, Manifest
from rerank.model import Model
from rerank.scene import Scene, Values
from rerank.signals.registry import Feature, Scope, Signal
from rerank.training.bias import Examination
from rerank.training.describing import fingerprint
from rerank.training.groups import Group, TrainingSet
from rerank.training.incumbent import Incumbent
from rerank.training.lambdamart import FitOptions
from rerank.training.measuring import Measuring
from rerank.training.proof import NEWEST
from rerank.training.splits import HISTORY, SplitOptions, person, split
from rerank.training.training import SAME_LABELS, Task, Trained, TrainingOptions, train
from tandem.errors import InputError
from tests.training_sets import NAMES, training_set

DATA = training_set(160)
OPTIONS = TrainingOptions(
    fit=FitOptions(
        trees=40,
        patience=10,
        learning_rate=0.1,
        rows_in_leaf=20,
        feature_share=0.8,
        l2=1.0,
    ),
    split=SplitOptions(newest_share=0.2),
)
CLICKED = Labels("clicks", {"click": 1})


def compute(scene: Scene) -> Values:
    """Nothing is computed here."""
    return scene.unknown()


def feature(name: str, scope: Scope = "document", rises: int = 0) -> Feature:
    """A feature of a signal that is only described."""
    signal_name, _, field = name.partition(".")
    said = Signal(signal_name, scope, "", "never", ("documents",), compute, rises=rises)
    return Feature(said, field or None)


FEATURES = (
    feature("useful", "person", rises=1), feature("noise"), feature("noise.of_another"),
    feature("unknown"),
)  # fmt: skip
TASK = Task("people", "small@1", "english", Labels("grades"), FEATURES)


EMPTY = Group("none", (), np.empty(0, np.int32), np.empty((0, len(NAMES)), np.float32))

ENDLESS = replace(DATA.groups[0], values=np.where(np.arange(4) == 1, np.inf, DATA.groups[0].values))


@pytest.fixture(scope="module")
def graded() -> Trained:
    """A model of graded groups."""
    return train(DATA, TASK, OPTIONS)


def with_names(names: Sequence[str], groups: Sequence[Group] = DATA.groups) -> TrainingSet:
    """Groups under other names."""
    return TrainingSet(tuple(names), tuple(groups))


def without_positions(group: Group) -> Group:
    """The same, where nobody knows how it was shown."""
    return replace(group, positions=None)


@pytest.mark.parametrize(
    ("data", "task", "options", "reason"),
    [
        (with_names(("a", *NAMES[1:])), TASK, OPTIONS, "features of no signal: a"),
        (training_set(49), TASK, OPTIONS, "49 of 49 groups tell better from worse, at least 50"),
        (
            with_names(NAMES, [replace(one, grades=one.grades * 0 + 1) for one in DATA.groups]),
            TASK,
            OPTIONS,
            "0 of 160 groups tell",
        ),
        (with_names(NAMES, [EMPTY, *DATA.groups]), TASK, OPTIONS, "group 'none' has no documents"),
        (with_names(NAMES, [ENDLESS, *DATA.groups]), TASK, OPTIONS, "feature noise is infinite"),
        (with_names(NAMES, DATA.groups[:1] * 60), TASK, OPTIONS, "group 'q0-0' is there twice"),
        (DATA, TASK, replace(OPTIONS, linear=("usefull",)), "weighted sum: usefull"),
        (
            with_names(NAMES, [replace(one, user_id="one") for one in DATA.groups]),
            TASK,
            OPTIONS,
            "by person and time there are people: 0 for training, .* expected 5",
        ),
        (
            with_names(
                NAMES, [replace(one, values=one.values * np.float32("nan")) for one in DATA.groups]
            ),
            TASK,
            OPTIONS,
            "none of 4 features tells documents apart",
        ),
        (
            with_names(NAMES, [without_positions(one) for one in DATA.groups]),
            replace(TASK, labels=CLICKED),
            OPTIONS,
            "160 of 160|do not say where documents were shown",
        ),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    data: TrainingSet, task: Task, options: TrainingOptions, reason: str
) -> None:
    """The message says what is missing."""
    with pytest.raises(InputError, match=reason):
        train(data, task, options)


def test_an_unknown_way_to_handle_position_bias_is_refused() -> None:
    """It names those that there are."""
    with pytest.raises(InputError, match="'ips': expected one of lightgbm, none, ipw"):
        TrainingOptions(position_bias="ips")  # type: ignore[arg-type]


def test_it_proves_itself_on_people_it_did_not_learn_from(graded: Trained) -> None:
    """All is told that is needed to judge it."""
    said, proof = graded.model.manifest, graded.model.manifest.proof
    assert {person(group) for group in graded.test.groups} == {
        person(group) for group in split(DATA, OPTIONS.split).test.groups
    }
    assert (proof.groups, proof.untrained) == (len(graded.test), "positions")
    assert {*proof.models} == {"random", "untrained", "shown", "without_personal", "model"}
    assert {*proof.lifts} == {"random", "untrained", "shown", "without_personal"}
    assert proof.models["model"]["nDCG@10"].mean > 0.9
    assert proof.models["random"]["AUC"].mean == pytest.approx(0.5)
    assert proof.lifts["without_personal"]["nDCG@10"].low > 0.1
    assert proof.lifts["untrained"]["AUC"].low > 0.1
    assert said.features == ("useful", "noise", "noise.of_another")
    assert said.data.unused == {"unknown": "never known"}
    assert said.data.origins == {"impressions": 160}
    assert sum(said.data.parts.values()) + sum(said.data.left_out.values()) == 160
    assert said.importances["useful"] > 0.8
    assert sum(said.importances.values()) == pytest.approx(1.0)
    assert said.parameters["fit"]["trees"] == graded.model.booster.num_trees() <= 40
    assert said.labels.position_bias == "none"
    assert said.parameters["good"] == 2
    newest = split(DATA, OPTIONS.split).newest
    assert newest is not None
    later = sum(group.seconds >= newest for group in graded.test.groups)
    assert proof.slice_groups == {NEWEST: later}
    assert 0 < later < len(graded.test)


def test_what_was_measured_is_what_is_stored(
    graded: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read back, it gives the held-out groups the measure that the manifest tells."""
    known = {item.signal.name: item.signal for item in FEATURES}
    monkeypatch.setattr("rerank.model.signals", lambda: known)
    read = Model.read(graded.model.manifest.as_json(), graded.model.parts())
    live = train(DATA, replace(TASK, live=Incumbent(7, read)), OPTIONS).model.manifest.proof
    assert live.live == 7
    assert (
        live.models["live"] == live.models["model"] == graded.model.manifest.proof.models["model"]
    )
    assert live.lifts["live"]["nDCG@10"] == (0.0, 0.0, 0.0)


def test_the_same_data_and_seed_make_the_same_model(graded: Trained) -> None:
    """Bit by bit; one changed value is seen in the fingerprint."""
    again = train(DATA, TASK, OPTIONS)
    assert again.model.manifest == graded.model.manifest
    assert again.model.parts() == graded.model.parts()
    changed = DATA.groups[3].values.copy()
    changed[0, 1] += 1
    other = with_names(NAMES, [*DATA.groups[:3], replace(DATA.groups[3], values=changed)])
    assert fingerprint(other) != fingerprint(with_names(NAMES, DATA.groups[:4]))


def test_another_seed_leaves_the_testers_who_they_are(graded: Trained) -> None:
    """The live model must not have learned from those who judge the next one."""
    other = train(DATA, TASK, replace(OPTIONS, seed=1))
    assert other.model.parts()["model.txt"] != graded.model.parts()["model.txt"]
    tested = [[group.group_id for group in made.test.groups] for made in (graded, other)]
    assert tested[0] == tested[1]


def test_judgments_need_no_people() -> None:
    """Nothing is personal, and a weighted sum is part of the model."""
    groups = [
        replace(one, user_id=None, positions=None, seconds=0.0, origin="judgments")
        for one in DATA.groups
    ]
    features = tuple(feature(name) for name in NAMES)
    task = replace(TASK, kind="judgments", labels=Labels("judgments"), features=features)
    made = train(with_names(NAMES, groups), task, replace(OPTIONS, linear=("useful", "unknown")))
    said = made.model.manifest
    assert [*said.start] == ["useful"]
    assert said.start["useful"] > 0.5
    assert {*said.proof.models} == {"random", "untrained", "model"}
    assert (said.proof.untrained, said.data.users) == ("random", 0)
    assert said.proof.models["model"]["nDCG@10"].mean > 0.9
    rows = made.test.only(said.features).values
    plain = np.asarray(made.model.booster.predict(rows))
    assert made.model.scores(rows) == pytest.approx(
        plain + said.start["useful"] * rows[:, 0].astype(float)
    )


def test_few_judgments_prove_by_cross_validation() -> None:
    """Every group proves, by models that have not seen it, and the model learns from all."""
    groups = [
        replace(one, user_id=None, positions=None, seconds=0.0, origin="judgments")
        for one in DATA.groups[:60]
    ]
    features = tuple(feature(name) for name in NAMES)
    task = replace(TASK, kind="judgments", labels=Labels("judgments"), features=features)
    made = train(with_names(NAMES, groups), task, replace(OPTIONS, folds=5))
    said = made.model.manifest
    assert (said.proof.groups, said.proof.users, len(made.test)) == (60, 60, 60)
    assert said.data.parts["training"] + said.data.parts["validation"] == 60
    assert said.parameters["folds"] == 5
    lucky = train(with_names(NAMES, groups), task, replace(OPTIONS, folds=0)).model.manifest
    assert lucky.proof.groups < 30
    learned = Measuring(made.test).ndcg(made.model.scores(made.test.only(said.features).values))
    assert float(learned.mean()) > said.proof.models["model"]["nDCG@10"].mean > 0.85
    live = Incumbent(3, made.model)
    again = train(with_names(NAMES, groups), replace(task, live=live), replace(OPTIONS, folds=5))
    proof = again.model.manifest.proof
    assert (proof.live, proof.uncompared) == (3, SAME_LABELS)
    assert "live" not in proof.models


def test_history_proves_nothing_by_cross_validation_either() -> None:
    """It is trained on, but for that of who is measured, and stops no training."""
    history = training_set(40, seed=0, origin=HISTORY)
    earlier = [replace(one, group_id=f"earlier {one.group_id}") for one in history.groups]
    data = with_names(NAMES, [*DATA.groups, *earlier])
    made = train(data, TASK, replace(OPTIONS, folds=2))
    said = made.model.manifest
    assert said.proof.groups == said.data.parts["test"] == 160
    assert HISTORY not in {group.origin for group in made.test.groups}
    learned = said.data.parts["training"] + said.data.parts["validation"]
    assert 180 < learned == 200 - sum(said.data.left_out.values())
    assert {*said.proof.models} >= {"model", "without_personal", "untrained"}


def test_what_is_unknown_is_counted() -> None:
    """The share of the candidates, of each feature that the model has."""
    groups = [
        replace(one, values=np.where(np.arange(12)[:, None] + np.arange(4) < 3, np.nan, one.values))
        for one in DATA.groups
    ]
    said = train(with_names(NAMES, groups), TASK, OPTIONS).model.manifest
    assert said.data.unknown == pytest.approx(
        {"useful": 3 / 12, "noise": 2 / 12, "noise.of_another": 1 / 12}
    )


@pytest.mark.parametrize("bias", ["lightgbm", "ipw"])
def test_clicks_count_by_how_rarely_a_place_is_looked_at(bias: str) -> None:
    """The examination is told, and AUC, which knows no such weights, is not."""
    groups = [
        replace(one, grades=(one.grades > 1).astype(np.int32))
        for one in DATA.groups
        if 0 < (one.grades > 1).sum() < len(one.grades)
    ]
    given = Examination((1.0, 0.5))
    options = replace(OPTIONS, position_bias=bias, examination=given)  # type: ignore[arg-type]
    said = train(with_names(NAMES, groups), replace(TASK, labels=CLICKED), options).model.manifest
    assert said.labels == Labels("clicks", {"click": 1}, bias)
    assert said.parameters["examination"] == [1.0, 0.5]
    assert {*said.proof.models["model"]} == {"nDCG@10"}
    assert said.proof.lifts["random"]["nDCG@10"].low > 0.2


def test_training_can_be_ended_from_outside() -> None:
    """By raising in what it reports to."""
    told: list[str] = []

    def report(text: str) -> None:
        told.append(text)
        if "without personal" in text:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(DATA, TASK, OPTIONS, report)
    assert told[0] == "training: 10 trees"


def test_the_manifest_survives_json(graded: Trained) -> None:
    """As a catalogue stores it."""
    assert Manifest.read(graded.model.manifest.as_json()) == graded.model.manifest
