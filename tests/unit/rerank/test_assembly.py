"""From signals to a matrix, and what a broken one does."""

import numpy as np
import pytest

from rerank.assembly import SignalFailed, assemble, unknown_shares
from rerank.scene import Scene, Values
from rerank.signals.registry import Compute, Feature, Signal
from tandem.fields import FieldType
from tests.people_scenes import scene_after


def feature(compute: Compute, field: str | None = None) -> Feature:
    """A signal that is not registered."""
    each = (FieldType.KEYWORD,) if field else ()
    name = compute.__name__
    return Feature(Signal(name, "query", "", "never", ("events",), compute, each=each), field)


def ranks(scene: Scene) -> Values:
    """1, 2, 3."""
    return np.arange(1.0, len(scene) + 1)


def lengths(scene: Scene, field: str) -> Values:
    """The same everywhere; unknown of the first."""
    values = np.full(len(scene), float(len(field)))
    values[:1] = np.nan
    return values


def endless(scene: Scene) -> Values:
    """No numbers, and what is none of 32 bits."""
    return np.array([np.inf, -np.inf, 1e300])


def broken(scene: Scene) -> Values:
    """Fails."""
    raise KeyError("year")


def short(scene: Scene) -> Values:
    """One too few."""
    return np.zeros(len(scene) - 1)


SCENE = scene_after((), ["a", "b", "c"])


def test_columns_stand_in_the_order_of_the_features() -> None:
    """Documents in the order of the candidates."""
    made = assemble(SCENE, [feature(lengths, "year"), feature(ranks)])
    assert made.names == ("lengths.year", "ranks")
    assert made.document_ids == ("a", "b", "c")
    np.testing.assert_array_equal(made.values, [[np.nan, 1], [4, 2], [4, 3]])
    assert unknown_shares(made) == {"lengths.year": 1 / 3, "ranks": 0}


def test_nothing_of_nothing() -> None:
    """Neither candidates nor features need there be."""
    assert assemble(SCENE, []).values.shape == (3, 0)
    empty = assemble(scene_after((), []), [feature(ranks)])
    assert empty.values.shape == (0, 1)
    assert unknown_shares(empty) == {}


def test_what_is_no_number_is_unknown() -> None:
    """A tree would take it for one."""
    assert np.isnan(assemble(SCENE, [feature(endless)]).values).all()


@pytest.mark.parametrize(
    ("compute", "reason"),
    [(broken, "signal broken: KeyError: 'year'"), (short, "signal short: ValueError: .*3 values")],
)
def test_a_signal_that_fails_is_named(compute: Compute, reason: str) -> None:
    """With what went wrong."""
    with pytest.raises(SignalFailed, match=reason) as failed:
        assemble(SCENE, [feature(ranks), feature(compute)])
    assert failed.value.feature == compute.__name__
