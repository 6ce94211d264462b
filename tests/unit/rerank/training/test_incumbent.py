"""The live model is measured by what it is served with, or not at all."""

from dataclasses import replace

import numpy as np
import pytest

from rerank.model import Model
from rerank.scene import Scene, Values
from rerank.scenes import Asked
from rerank.signals.registry import Feature, Reads, Signal
from rerank.tables import Tables
from rerank.training.groups import Group, TrainingSet
from rerank.training.incumbent import Incumbent, measured, of_tables, replayed
from rerank.training.replay import Replay
from rerank.training.sweep import Wanted
from tandem.behaviour import Who
from tandem.features import FeatureMatrix
from tests.behaviour_log import MemoryBehaviour
from tests.builders import schema_of
from tests.people_scenes import query_of, ranked
from tests.trained_models import FEATURES, trained

IDS = ("a", "b")
OWN, OTHERS = 3.5, 1.5


def usual(scene: Scene) -> Values:
    """What the tables say."""
    return np.full(len(scene), scene.tables.usual)


def feature(name: str, *reads: Reads) -> Feature:
    """One that sees the tables."""
    return Feature(Signal(name, "document", "", "", reads, usual))


USEFUL, NOISE = feature(FEATURES[0], "events", "tables"), feature(FEATURES[1], "documents")


@pytest.fixture
def live() -> Model:
    """With tables of its own."""
    return replace(trained(), tables=Tables(usual=OWN))


def group(noise: float = 0.25) -> Group:
    """Of the new model: its tables say something else."""
    values = np.array([[OTHERS, noise]] * 2, np.float32)
    return Group("q", IDS, np.array([0, 1], np.int32), values)


def test_its_tables_are_its_own(live: Model) -> None:
    """It is measured as it is served, not with what the new one learned."""
    asked = Wanted(Asked(query_of(Who(), "q"), schema_of(), ranked(IDS)), 0)
    replay = Replay(MemoryBehaviour(), (USEFUL, NOISE), Tables(usual=OTHERS))
    tabled = dict(replayed(live, replay, [asked]))
    assert tabled["q"].names == (USEFUL.name,)
    assert tabled["q"].values.tolist() == [[OWN], [OWN]]
    data = TrainingSet(FEATURES, (group(),))
    found = measured(Incumbent(1, live, tabled), data, (USEFUL, NOISE))
    assert found.scores is not None
    served = np.array([[OWN, 0.25]] * 2, np.float32)
    assert found.scores.tolist() == live.scores(served).tolist()
    assert found.lacking == ""


def test_what_reads_no_tables_is_not_replayed_twice(live: Model) -> None:
    """The groups have it."""
    plain = (feature(FEATURES[0], "events"), NOISE)
    assert of_tables(live, plain) == ()
    assert dict(replayed(live, Replay(MemoryBehaviour(), plain), [])) == {}
    data = TrainingSet(FEATURES, (group(),))
    found = measured(Incumbent(1, live), data, plain)
    assert found.scores is not None
    assert found.scores.tolist() == live.scores(data.values).tolist()


def test_what_lacks_something_is_not_measured(live: Model) -> None:
    """It would look worse than it is: without its tables, or what nobody logged."""
    data = TrainingSet(FEATURES, (group(),))
    found = measured(Incumbent(1, live), data, (USEFUL, NOISE))
    assert found.scores is None
    assert found.lacking == "it looks at useful, unknown of all that proves this one"
    tabled = {"q": FeatureMatrix((USEFUL.name,), IDS, np.ones((2, 1), np.float32))}
    unlogged = TrainingSet(FEATURES, (group(noise=np.nan),))
    assert measured(Incumbent(1, live, tabled), unlogged, (USEFUL, NOISE)).lacking
    idle = replace(live, manifest=replace(live.manifest, importances={"useful": 1.0}))
    assert measured(Incumbent(1, idle, tabled), unlogged, (USEFUL, NOISE)).scores is not None
