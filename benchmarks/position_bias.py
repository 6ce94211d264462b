"""What clicks teach when places are not looked at alike: ``python -m benchmarks.position_bias``.

People are simulated (``tests.clicked_world``): position k is looked at with chance 1 / k. Models
are trained on their clicks alone and measured by what is truly useful, on other queries:

truth              what is useful as labels: the most that can be had
none               clicks at their word, which also stop the training
none_stopped_well  the same, but the training is stopped by clicks that count 1 / chance
lightgbm           what a position adds is learned beside the trees; chances are estimated (default)
ipw                each click counts 1 / chance, as estimated
ipw_given          as people really look
ipw_too_steep      as if they looked with the chance 1 / k^2: a wrong model of them
ipw_too_flat       as if with 1 / k^0.25: another one
shown, random      no model

``nDCG@10`` and ``above_none`` (paired) come with 95 % intervals by a bootstrap over queries.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.common import parser, show
from rerank.training.bias import Examination, clicks_apart
from rerank.training.fitting import Fitting
from rerank.training.groups import TrainingSet
from rerank.training.lambdamart import Beside, FitOptions, fit
from rerank.training.measuring import Measuring
from rerank.training.splits import SplitOptions, split
from tandem.intervals import estimate
from tests.clicked_world import NAMES, ClickedWorld, Floats, ndcg

EXPONENT = 1.0


def fitting(data: TrainingSet, seed: int, **how: Any) -> Fitting:
    """Of clicks or of the truth, as ``tandem train`` does it."""
    parts = split(data, SplitOptions(0.0, 0.2, 0.0, seed))
    options = FitOptions(
        seed=seed,
        trees=600,
        patience=50,
        learning_rate=0.05,
        leaves=8,
        rows_in_leaf=20,
        row_share=0.8,
        feature_share=0.8,
        l2=1.0,
        truncation=30,
    )
    return Fitting(parts.training, parts.validation, options, lambda _: None, **how)


def trained_scores(world: ClickedWorld, queries: int, test: TrainingSet) -> Mapping[str, Floats]:
    """What each model gives the documents of ``test``."""
    data = world.clicked(queries).data
    steep, flat = (ClickedWorld(exponent).examination for exponent in (2.0, 0.25))
    fittings = {
        "truth": fitting(world.true(queries, part=0), world.seed),
        "none": fitting(data, world.seed),
        "lightgbm": fitting(data, world.seed, bias="lightgbm"),
        "ipw": fitting(data, world.seed, bias="ipw"),
        "ipw_given": fitting(data, world.seed, bias="ipw", examination=world.examination),
        "ipw_too_steep": fitting(data, world.seed, bias="ipw", examination=steep),
        "ipw_too_flat": fitting(data, world.seed, bias="ipw", examination=flat),
    }
    scores = {name: made.fitted(NAMES, name).scores(test) for name, made in fittings.items()}
    chances = fittings["lightgbm"].examined
    assert chances is not None
    stopped = _stopped_well(fittings["none"], chances)
    scores["none_stopped_well"] = np.asarray(stopped.predict(test.values, num_threads=1))
    return scores | {"shown": test.values[:, -1].astype(np.float64)}


def _stopped_well(plain: Fitting, chances: Examination) -> Any:
    watched, counts = clicks_apart(plain.validation, chances)
    return fit(plain.training, watched, plain.options, Beside(weights=(None, counts)))


def measured(seeds: int, queries: int, tested: int) -> dict[str, Any]:
    """Each model's nDCG@10 over all worlds, and what it is above taking clicks at their word."""
    values: dict[str, list[Floats]] = {}
    for seed in range(seeds):
        world = ClickedWorld(EXPONENT, seed)
        test = world.true(tested)
        for name, scores in trained_scores(world, queries, test).items():
            values.setdefault(name, []).append(ndcg(test, scores))
        values.setdefault("random", []).append(np.nan_to_num(Measuring(test).expected_ndcg()))
    joined = {name: np.concatenate(parts) for name, parts in values.items()}
    places = range(seeds * tested)
    return {
        name: {
            "nDCG@10": _told(found, places),
            "above_none": _told(found - joined["none"], places),
        }
        for name, found in joined.items()
    }


def _told(values: Floats, places: range) -> dict[str, float]:
    return {name: round(value, 4) for name, value in estimate(values, places)._asdict().items()}


def main() -> None:
    """Print the figures."""
    arguments = parser("What clicks teach when places are not looked at alike.")
    arguments.add_argument("--seeds", type=int, default=5, help="worlds that are simulated")
    arguments.add_argument("--queries", type=int, default=1_500, help="to train on, in each")
    arguments.add_argument("--tested", type=int, default=1_000, help="to measure by, in each")
    chosen = arguments.parse_args()
    figures = measured(chosen.seeds, chosen.queries, chosen.tested)
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    main()
