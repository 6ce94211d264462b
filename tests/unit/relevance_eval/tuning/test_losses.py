"""Where one leg alone is better, it is said, and how sure that is."""

import numpy as np

from relevance_eval.tuning.losses import doubts, leg_warnings
from tandem.intervals import Estimate

NOISE = np.random.default_rng(1).random(200)
LEG = np.full(200, 0.5)


def told(now: float, tuned: float) -> list[str]:
    """The warnings where hybrid is so much better than the leg: more or less, by query."""
    noise = NOISE - NOISE.mean()
    return list(leg_warnings(LEG + now + noise, LEG + tuned + noise, {"the leg": LEG}, 0))


def test_a_certain_loss() -> None:
    """As it is now, and tuned; once where they are the same."""
    now, tuned = told(-0.2, -0.1)
    assert now.startswith(
        "hybrid loses to one leg: the leg has nDCG@10 0.5000, as it is now 0.3000"
    )
    assert "tuned and held out 0.4000, -0.1000 (-0.1" in tuned
    assert len(told(-0.2, -0.2 + 1e-15)) == 1
    assert not any("not certain" in warning for warning in (now, tuned))


def test_a_loss_that_may_be_none() -> None:
    """It is told with its interval."""
    (warning,) = told(-0.01, -0.01)
    assert warning.startswith("hybrid loses to one leg: ")
    assert "as it is now 0.4900, -0.0100 (-0.0" in warning
    assert warning.endswith("); that is not certain")


def test_a_gain_that_may_be_none() -> None:
    """Neither is better for sure."""
    lost, gained = told(-0.1, 0.01)
    assert lost.startswith("hybrid loses to one leg: ")
    assert gained.startswith("no hybrid is surely better than one leg: the leg has nDCG@10 0.5000")
    assert told(-0.1, 0.2) == [lost]
    assert told(0.2, 0.2) == []


def test_a_choice_that_may_be_none() -> None:
    """What the held-out queries say of it; nothing where the gain is certain."""
    assert [*doubts(Estimate(0.02, 0.01, 0.03))] == []
    (doubt,) = doubts(Estimate(0.01, 0.0, 0.02))
    assert doubt == (
        "what was chosen is not surely better than what there is now: nDCG@10 +0.0100 "
        "(+0.0000 to +0.0200) held out"
    )
    (loss,) = doubts(Estimate(-0.01, -0.03, 0.01))
    assert loss.startswith("what was chosen loses to what there is now: nDCG@10 -0.0100 (-0.03")


def test_a_rounding_is_neither_gain_nor_loss() -> None:
    """Means of drawings that chose the same differ by one from what there is."""
    (warning,) = leg_warnings(LEG, LEG - 1e-16, {"the leg": LEG}, 0)
    assert warning.startswith("no hybrid is surely better than one leg: the leg")
    assert warning.endswith("as it is now 0.5000, +0.0000 (+0.0000 to +0.0000)")
