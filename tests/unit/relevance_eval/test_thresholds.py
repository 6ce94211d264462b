"""Thresholds: what a file demands, and whether it came true."""

from pathlib import Path

import pytest

from relevance_eval.thresholds import (
    Outcome,
    Threshold,
    check_depth,
    hold,
    measures,
    read_thresholds,
)
from tandem.errors import InputError, SourceError


def given_file(tmp_path: Path, content: str | bytes) -> Path:
    """A file of that content."""
    path = tmp_path / "thresholds.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_reading(tmp_path: Path) -> None:
    """Each with the line where it stands, whatever stands around it."""
    path = given_file(
        tmp_path,
        '# what we ship\n[may_fall_by]\n"nDCG@10" = 0.01 # a little\n\n'
        "[minimum]\n\"nDCG@10\" = 0.7\n'R@100'=1\n",
    )
    assert read_thresholds(path) == (
        Threshold("nDCG@10", "minimum", 0.7, f"{path}:6"),
        Threshold("R@100", "minimum", 1.0, f"{path}:7"),
        Threshold("nDCG@10", "may_fall_by", 0.01, f"{path}:3"),
    )
    assert measures(read_thresholds(path)) == ("nDCG@10", "R@100")


def test_a_table_in_one_line(tmp_path: Path) -> None:
    """The file is named without a line."""
    path = given_file(tmp_path, 'minimum = { "nDCG@10" = 0.7 }')
    assert read_thresholds(path) == (Threshold("nDCG@10", "minimum", 0.7, str(path)),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no threshold in it, expected tables"),
        ("[minimum]\n", "no threshold in it"),
        ('[minimum]\n"nDCG@10" = \n', r"not TOML: .*line 2"),
        ("[minimum]\nnDCG@10 = 0.7\n", r"not TOML: .*line 2"),
        (b"# caf\xe9\n", "not TOML: 'utf-8' codec"),
        ('[minimal]\n"nDCG@10" = 0.7\n', r"'minimal' means nothing here; expected tables"),
        ('"nDCG@10" = 0.7\n', "'nDCG@10' means nothing here"),
        ("minimum = 0.7\n", "'minimum' means nothing here"),
        ('[minimum]\n\n"NDGC@10" = 0.7\n', r"\.toml:3: measure 'NDGC@10': no such measure"),
        ('[minimum]\n"P" = 0.7\n', r"\.toml:2: measure 'P': expected a number after @"),
        ('[minimum]\n"P@5" = "high"\n', r"\.toml:2: minimum of P@5 is 'high', expected a number"),
        ('[minimum]\n"P@5" = nan\n', r"\.toml:2: minimum of P@5 is nan"),
        ('[minimum]\n"P@5" = true\n', r"\.toml:2: minimum of P@5 is True"),
        ('[may_fall_by]\n"P@5" = -0.1\n', r"\.toml:2: may_fall_by of P@5 is -0.1"),
    ],
)
def test_malformed(tmp_path: Path, content: str | bytes, message: str) -> None:
    """File, line, what is there and what was expected."""
    with pytest.raises(SourceError, match=message):
        read_thresholds(given_file(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(SourceError, match=r"no\.toml: cannot be opened: No such file"):
        read_thresholds(tmp_path / "no.toml")


def test_holding() -> None:
    """A bound itself passes; what does not is told with its place."""
    floor = Threshold("P@5", "minimum", 0.5, "t:1")
    fall = Threshold("P@5", "may_fall_by", 0.25, "t:2")
    assert [item.is_passed for item in hold((floor, fall), {"P@5": 0.5}, {"P@5": 0.75})] == [
        True,
        True,
    ]
    low, fallen = hold((floor, fall), {"P@5": 0.25}, {"P@5": 0.75})
    assert (low, fallen) == (Outcome(floor, 0.25, None), Outcome(fall, 0.25, 0.75))
    assert low.told == "t:1: P@5 0.2500, at least 0.5"
    assert fallen.told == "t:2: P@5 0.7500 -> 0.2500, may fall by 0.25"
    with pytest.raises(InputError, match=r"t:2: P@5 may fall by 0\.25, and there is no run to"):
        hold((floor, fall), {"P@5": 0.5}, None)


def test_rounding_fails_nobody() -> None:
    """0.8 - 0.1 is above 0.7 in binary."""
    fall = Threshold("P@5", "may_fall_by", 0.1, "")
    (outcome,) = hold((fall,), {"P@5": 0.7}, {"P@5": 0.8})
    assert outcome.is_passed


def test_lists_must_be_long_enough() -> None:
    """A measure without a cutoff takes what there is."""
    check_depth(
        (Threshold("R@100", "minimum", 1, "t:1"), Threshold("AP", "minimum", 1, "t:2")), 100
    )
    with pytest.raises(SourceError, match="t:3: R@1000 looks at 1,000 hits, and 100 are asked for"):
        check_depth((Threshold("R@1000", "minimum", 1, "t:3"),), 100)
