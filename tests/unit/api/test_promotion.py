"""How long a generation outlives a promotion: as long as other processes may search it; and what
judged queries must reach.
"""

from pathlib import Path
from types import SimpleNamespace

import pytest

from api.promotion import GRACE_SECONDS, is_noticed, judgments
from indexer.seats import Access
from relevance_eval.thresholds import Threshold
from tandem.errors import SettingsError, SourceError
from tandem.sections import QualitySettings


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        """See ``time.sleep``."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that it waits by."""
    made = Clock()
    stand_in = SimpleNamespace(monotonic=lambda: made.now, sleep=made.sleep)
    monkeypatch.setattr("api.promotion.time", stand_in)
    return made


@pytest.mark.parametrize("access", [Access.OWNED, Access.BESIDE])
def test_embedded_engines_are_not_waited_for(clock: Clock, access: Access) -> None:
    """Nobody else searches them."""
    assert is_noticed(access, lambda: False)
    assert clock.now == 0


def test_servers_are_searched_by_others(clock: Clock) -> None:
    """They look twice a second, and let their queries end."""
    assert is_noticed(Access.LEASED, lambda: False)
    assert clock.now >= GRACE_SECONDS >= 5


def test_the_end_of_the_process_ends_the_waiting(clock: Clock) -> None:
    """And nothing may be dropped then."""
    assert not is_noticed(Access.LEASED, lambda: clock.now > 1)
    assert clock.now < 2


def test_what_judged_queries_must_reach(tmp_path: Path) -> None:
    """A tolerance, or a file in its place; it is held against the lists that are asked for."""
    judged, demands = tmp_path / "list.csv", tmp_path / "demands.toml"
    judged.write_text("query,docid,rating\nwing,d1,1\n")
    demands.write_text('[minimum]\n"R@100" = 0.5\n')
    found = judgments(QualitySettings(judgments=judged, tolerance=0.2))
    assert found is not None
    assert found.queries.queries == {"wing": "wing"}
    assert found.thresholds == (Threshold("nDCG@10", "may_fall_by", 0.2, "quality.tolerance"),)
    found = judgments(QualitySettings(judgments=judged, thresholds=demands))
    assert found is not None
    assert found.thresholds == (Threshold("R@100", "minimum", 0.5, f"{demands}:2"),)
    demands.write_text('[minimum]\n"R@1000" = 0.5\n')
    with pytest.raises(SourceError, match=r"demands\.toml:2: R@1000 looks at 1,000 hits"):
        judgments(QualitySettings(judgments=judged, thresholds=demands))


def test_thresholds_without_judged_queries() -> None:
    """They would never be looked at."""
    assert judgments(QualitySettings()) is None
    with pytest.raises(SettingsError, match=r"quality\.thresholds is set, and quality\.judgments"):
        judgments(QualitySettings(thresholds=Path("demands.toml")))
