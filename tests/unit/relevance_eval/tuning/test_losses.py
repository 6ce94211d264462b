"""Where one leg alone is better, it is said, and how sure that is."""

import numpy as np

from relevance_eval.tuning.losses import leg_warnings

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
