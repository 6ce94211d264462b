"""Logs and stage timings."""

import logging
import time
from collections.abc import Iterator

import pytest

from tandem.telemetry import ROOT, Stopwatch, configure_logging, logger


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Tandem's logger, put back as it was."""
    found = logging.getLogger(ROOT)
    before = found.handlers[:], found.level, found.propagate
    yield found
    found.handlers, found.propagate = before[0], before[2]
    found.setLevel(before[1])


def test_stages_are_timed_and_add_up() -> None:
    """A name used twice adds up; the total covers everything."""
    stopwatch = Stopwatch()
    for _ in range(2):
        with stopwatch.stage("sleep"):
            time.sleep(0.01)
    with stopwatch.stage("nothing"):
        pass
    total = stopwatch.total()
    assert total.keys() == {"sleep", "nothing", "total"}
    assert total["sleep"] >= 20
    assert 0 <= total["nothing"] < total["sleep"] <= total["total"]
    assert stopwatch.elapsed_seconds() * 1_000 >= total["total"]


def test_a_failing_stage_is_timed_too() -> None:
    """The error goes on, the duration stays."""
    stopwatch = Stopwatch()
    with pytest.raises(ValueError, match="broken"), stopwatch.stage("broken"):
        raise ValueError("broken")
    assert "broken" in stopwatch.milliseconds


def test_a_timed_call_answers_as_before() -> None:
    """Nothing is timed until the call runs; its answer comes through."""
    stopwatch = Stopwatch()
    call = stopwatch.timed("call", lambda: 42)
    assert stopwatch.milliseconds == {}
    assert call() == 42
    assert stopwatch.milliseconds.keys() == {"call"}


def test_warnings_are_written_and_the_rest_on_demand(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line each on standard error; ``verbose`` adds what happens; twice does not double."""
    configure_logging()
    configure_logging()
    logger("query").info("quiet")
    logger("query").warning("loud")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("WARNING tandem.query loud")
    configure_logging(verbose=True)
    logger("query").info("told")
    assert capsys.readouterr().err.endswith("INFO tandem.query told\n")
