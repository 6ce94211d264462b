"""Findings, counted."""

from typing import get_args

from relevance_eval.findings import TOLD, Findings, Kind


def test_every_kind_has_words() -> None:
    """No finding can be added that nobody could read."""
    assert set(TOLD) == set(get_args(Kind))


def test_examples_are_the_first_few() -> None:
    """The number counts all."""
    findings = Findings("file")
    findings.add("equal_scores", "'q0'")
    findings.add_all("query_left_out", (f"'q{number}'" for number in range(1_000)))
    first, second = findings.found()
    assert (first.kind, first.count) == ("equal_scores", 1)
    assert second.message.startswith("file: queries without a line")
    assert second.message.endswith("left out: 1,000 ('q0', 'q1', 'q2', ...)")
