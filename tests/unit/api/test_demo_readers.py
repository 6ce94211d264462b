"""Simulated readers: declared interests, drawn by lot, and a chance of clicking that is known."""

import pytest

from api.demo.library_map import SECTIONS as LIBRARY
from api.demo.readers import (
    BY_MISTAKE,
    FORMS,
    KINDS,
    SECTIONS,
    SUBJECTS,
    USEFUL,
    Reader,
    draw_readers,
    examined,
)

READERS = draw_readers(24, seed=3)


def test_they_are_drawn_again_by_the_same_seed() -> None:
    """More of them begin with the same; another seed has others."""
    assert draw_readers(30, seed=3)[:24] == READERS
    assert draw_readers(24, seed=4) != READERS


def test_every_subject_and_every_form_meet() -> None:
    """In each dozen; no two readers are alike."""
    assert len({(reader.subject, reader.form) for reader in READERS[:12]}) == 12
    assert len({reader.user_id for reader in READERS}) == 24
    assert len({tuple(reader.sections.values()) for reader in READERS}) == 24


@pytest.mark.parametrize("reader", READERS[:12], ids=lambda reader: reader.user_id)
def test_interests(reader: Reader) -> None:
    """The largest weight is 1, and what is liked has most of it; who it is says that nobody is."""
    for weights, values, liked in (
        (reader.sections, SECTIONS, SUBJECTS[reader.subject]),
        (reader.kinds, KINDS, FORMS[reader.form]),
    ):
        assert tuple(weights) == values
        assert max(weights.values()) == 1
        assert all(weight >= 0 for weight in weights.values())
        assert sum(weights[value] for value in liked) > 0.7 * sum(weights.values())
    assert reader.user_id.startswith("simulated-")


def test_the_sections_are_those_of_the_library() -> None:
    """A subject names none that does not exist."""
    assert {*SECTIONS} <= {*LIBRARY.values()}


READER = Reader(
    "simulated-1", "data", "functions", {"Text": 1.0, "Numbers": 0.5}, {"function": 0.8}
)


@pytest.mark.parametrize(
    ("grade", "section", "kind", "appeal"),
    [
        (3, "Text", "function", 0.02 + 0.98 * 0.8),
        (3, "Numbers", "function", 0.02 + 0.98 * 0.8 * 0.75),
        (2, "Text", "function", 0.02 + 0.98 * 0.75 * 0.8),
        (3, "Logging", "function", 0.02 + 0.98 * 0.8 * 0.5),
        (3, "Text", "class", 0.02),
        (0, "Text", "function", 0.02),
    ],
)
def test_what_appeals(grade: int, section: str, kind: str, appeal: float) -> None:
    """The formula of the module, by hand."""
    found = READER.appeal(grade, {"section": section, "kind": kind})
    assert found == pytest.approx(appeal)


def test_what_has_no_attributes_is_clicked_by_mistake() -> None:
    """Nothing is known of it that could be liked."""
    assert READER.appeal(3, {}) == BY_MISTAKE
    assert READER.interest({}) == 0


def test_what_is_looked_at() -> None:
    """The first always, the tenth one time in five; a better grade is of more use."""
    assert examined(1) == 1
    assert examined(10) == pytest.approx(0.1995, abs=1e-4)
    assert list(USEFUL) == sorted(USEFUL)
