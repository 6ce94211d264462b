"""Tables are stored as they are, and what is no table is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rerank.tables import Tables, ValueTable
from tandem.errors import ModelError

TABLES = Tables(
    document_ids=("b", "a"),
    usual=3.5,
    spread=0.5,
    biases=np.array([0.25, -1.0], np.float32),
    factors=np.array([[1.0, 0.0], [0.0, 1.0]], np.float32),
    neighbours=np.array([[1], [-1]], np.int32),
    closeness=np.array([[0.5], [0.0]], np.float32),
    values={
        "maker": ValueTable(
            ("scott", "ünter"), np.array([0.5, -0.5], np.float32), np.array([3, 1], np.float32)
        )
    },
    widths={"year": 8.0},
)


def test_tables_come_back_as_they_were() -> None:
    """All of it, and the same bytes again."""
    stored = TABLES.to_npz()
    read = Tables.from_npz(stored)
    assert (read.document_ids, read.usual, read.spread) == (("b", "a"), 3.5, 0.5)
    assert read.widths == {"year": 8.0}
    assert read.values["maker"].values == ("scott", "ünter")
    assert np.array_equal(read.values["maker"].residuals, TABLES.values["maker"].residuals)
    assert np.array_equal(read.values["maker"].counts, TABLES.values["maker"].counts)
    for name in ("biases", "factors", "neighbours", "closeness"):
        assert np.array_equal(getattr(read, name), getattr(TABLES, name))
    assert read.to_npz() == stored


def test_where_nothing_was_learned_nothing_is_stored() -> None:
    """The empty tables of a model that was trained on judgments alone."""
    assert Tables().to_npz() == b""
    assert Tables.from_npz(b"").document_ids == ()


def test_without_ratings_there_is_no_usual_one() -> None:
    """NaN is no JSON, and comes back all the same."""
    assert np.isnan(Tables.from_npz(replace(TABLES, usual=float("nan")).to_npz()).usual)


def test_what_is_unknown_is_as_good_as_usual() -> None:
    """Rows of -1."""
    rows = TABLES.rows(["a", "nobody", "b"])
    assert rows.tolist() == [1, -1, 0]
    assert TABLES.biases_of(rows).tolist() == [-1.0, 0.0, 0.25]
    assert Tables().biases_of(Tables().rows(["a"])).tolist() == [0.0]


@pytest.mark.parametrize("content", [b"x", b"PK\x03\x04", TABLES.to_npz()[:-40], b"\x93NUMPY\x01"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    """Rubbish, and a file that was cut."""
    with pytest.raises(ModelError, match="cannot read"):
        Tables.from_npz(content)


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ({"biases": np.zeros(3, np.float32)}, "biases"),
        ({"biases": np.zeros(2, np.float64)}, "biases"),
        ({"factors": np.full((2, 1), np.nan, np.float32)}, "factors"),
        ({"factors": np.zeros((2,), np.float32)}, "tables"),
        ({"neighbours": np.full((2, 1), 2, np.int32)}, "neighbour"),
        ({"neighbours": np.full((2, 1), -2, np.int32)}, "neighbour"),
        ({"closeness": np.zeros((2, 5), np.float32)}, "closeness"),
        ({"document_ids": ("a", "a")}, "twice"),
        ({"spread": 0.0}, "spread"),
        ({"widths": {"year": -1.0}}, "spread"),
        ({"values": {"maker": ValueTable(("x",))}}, "maker"),
    ],
)
def test_parts_that_do_not_fit_are_refused(part: dict[str, Any], fault: str) -> None:
    """Each would fail in a signal, or in the middle of a search."""
    with pytest.raises(ModelError, match=fault):
        Tables.from_npz(replace(TABLES, **part).to_npz())
