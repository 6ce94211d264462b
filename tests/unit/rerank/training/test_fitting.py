"""What clicks teach: the order that was shown, or what is useful."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from rerank.training.bias import PositionBias
from rerank.training.fitting import Fitting
from rerank.training.groups import TrainingSet
from rerank.training.lambdamart import FitOptions
from rerank.training.splits import SplitOptions, split
from tandem.errors import InputError
from tandem.intervals import Estimate, estimate
from tests.clicked_world import NAMES, ClickedWorld, Floats, ndcg

WORLD = ClickedWorld(exponent=1.0, seed=0)
OPTIONS = FitOptions(
    trees=60,
    patience=30,
    leaves=6,
    learning_rate=0.1,
    rows_in_leaf=20,
    feature_share=0.8,
    l2=1.0,
    threads=1,
)


def fitting(bias: PositionBias, told: list[str] | None = None) -> Fitting:
    """Of 240 queries' clicks."""
    parts = split(WORLD.clicked(240).data, SplitOptions(0.0, 0.25, 0.0))
    report = (lambda _: None) if told is None else told.append
    return Fitting(parts.training, parts.validation, OPTIONS, report, bias=bias)


@pytest.fixture(scope="module")
def quality() -> Mapping[str, Floats]:
    """The nDCG@10 of 200 other queries by what is truly useful, of models trained both ways."""
    test = WORLD.true(200)
    found = {"shown": ndcg(test, test.values[:, -1].astype(np.float64))}
    for bias in ("none", "lightgbm"):
        found[bias] = ndcg(test, fitting(bias).fitted(NAMES, bias).scores(test))
    return found


def lift(quality: Mapping[str, Floats], name: str, other: str) -> Estimate:
    """Paired, by query."""
    return estimate(quality[name] - quality[other], range(len(quality[name])))


def test_clicks_by_position_teach_more_of_the_truth(quality: Mapping[str, Floats]) -> None:
    """Than clicks at their word do, and these more than the order that was shown."""
    assert lift(quality, "lightgbm", "none").low > 0.0
    assert lift(quality, "none", "shown").low > 0.1


def test_too_few_people_tell_nothing_of_places() -> None:
    """It is said what to do."""
    data = WORLD.clicked(60).data
    few = TrainingSet(
        NAMES,
        tuple(replace(one, user_id=f"u{at % 9}") for at, one in enumerate(data.groups)),
    )
    with pytest.raises(InputError, match="too few people to estimate") as raised:
        _ = Fitting(few, few, OPTIONS, lambda _: None, bias="ipw").examined
    assert "--position-bias none" in str(raised.value.hint)


def test_examination_is_estimated_from_people_who_were_not_learned_from() -> None:
    """It falls as people look; at their word clicks have none."""
    told: list[str] = []
    examined = fitting("ipw", told).examined
    assert examined is not None
    assert examined.chances[0] == 1.0
    assert 0.3 < examined.chances[1] < 0.8
    assert examined.chances[9] < 0.4
    assert {text.partition(":")[0] for text in told} == {"estimating examination"}
    assert fitting("none").examined is None
