"""The simulated worlds are what the benchmark says of them."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.statistics import BETTER, EQUAL, LISTED, compared, population, truth
from relevance_eval.power import needed


def test_equal_engines_differ_by_luck_alone() -> None:
    """Their lists differ, their means do not, by more than chance allows."""
    world = population(300, (EQUAL, EQUAL), seed=3)
    difference, spread = truth(world)
    assert not np.array_equal(*world.lists)
    assert abs(difference) < 3 * spread / np.sqrt(300)


def test_better_engines_are_better_by_degrees() -> None:
    """The less luck, the larger the difference."""
    found = [truth(population(300, (EQUAL, noise), seed=3))[0] for noise in BETTER.values()]
    assert 0 < found[0] < found[1] < found[2]


def test_a_comparison_goes_through_the_command(tmp_path: Path) -> None:
    """What is told is what the lists say."""
    world = population(60, (EQUAL, 0.0), seed=5)
    difference, spread = truth(world)
    found = compared(world, tmp_path, seed=1)
    assert found["estimate"]["mean"] == pytest.approx(difference)
    assert found["spread"] == pytest.approx(spread)
    assert found["needed"] == needed(difference, spread)
    assert len((tmp_path / "first.run").read_text("utf-8").splitlines()) == 60 * LISTED
