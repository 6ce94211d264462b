"""The comparison of what was served with what is replayed: it must find what differs."""

import numpy as np

from rerank.signals.registry import features
from rerank.training.skew import Skew, comparable, compared_with_served, skew
from tandem.features import FeatureMatrix
from tests.builders import schema_of

NAN = float("nan")


def matrix(names: str, **rows: list[float]) -> FeatureMatrix:
    """Features of documents."""
    return FeatureMatrix(tuple(names), tuple(rows), np.array([*rows.values()], np.float32))


def compared(
    again: FeatureMatrix, before: FeatureMatrix | None, names: tuple[str, ...] = ("x", "y")
) -> Skew:
    """Of one query."""
    return skew(names, [("q", again)], lambda _: before)


def test_the_same() -> None:
    """Unknown on both sides is the same; the order of documents and features does not matter."""
    report = compared(matrix("xy", a=[1, NAN], b=[2, 3]), matrix("yx", b=[3, 2], a=[NAN, 1]))
    assert (report.queries, report.rows, report.differing) == (1, 2, 0)
    assert report.lines() == ["2 documents of 1 queries: 2 features as they were served"]


def test_a_last_bit_differs() -> None:
    """That is a difference, as is 0 with another sign."""
    near = float(np.nextafter(np.float32(1), np.float32(2)))
    report = compared(matrix("xy", a=[1, 0.0], b=[1, 1]), matrix("xy", a=[1, -0.0], b=[near, 1]))
    assert report.differing == 2
    x, y = report.differences
    assert (x.differing, x.rows, x.query_id, x.document_id) == (1, 2, "q", "b")
    assert 0 < x.largest < 2e-7
    assert (y.differing, y.largest, y.document_id) == (1, 0, "a")


def test_unknown_on_one_side() -> None:
    """It differs by no number; the report says where."""
    report = compared(matrix("x", a=[NAN], b=[5]), matrix("x", a=[1], b=[1]))
    assert report.differing == 2
    assert np.isnan(report.differences[0].largest)
    assert report.lines() == [
        "2 documents of 1 queries: 2 values are not as they were served",
        "  x: 2 of 2, by up to nan, first a of query q",
    ]
    assert report.as_dict()["differing"] == 2


def test_what_one_side_lacks_is_not_compared() -> None:
    """A query that was not logged, a document, a feature."""
    assert compared(matrix("x", a=[1]), None).queries == 0
    assert compared(matrix("x", a=[1]), matrix("x", b=[1])).queries == 0
    report = compared(matrix("xz", a=[1, 1], b=[1, 1]), matrix("yz", a=[2, 2]))
    assert (report.queries, report.rows, report.differing) == (1, 1, 0)


def test_what_can_be_compared() -> None:
    """What reads nothing but events: the same whatever model answered."""
    names = comparable(features(schema_of(genres="keyword")))
    assert "click_through" in names
    assert "session_affinity.genres" not in names


def test_what_cannot_be_compared_is_told() -> None:
    """Tables are the model's that answered: what reads them is left out, and counted."""
    known = features(schema_of(genres="keyword"))
    name = comparable(known)[0]
    seen = FeatureMatrix((name,), ("a",), np.ones((1, 1), np.float32))
    report = compared_with_served(known, [("q", seen)], lambda _: seen)
    tabled = [item for item in known if item.signal.is_replayed and "tables" in item.signal.reads]
    assert report.left_out == len(tabled) > 0
    assert report.as_dict()["left_out"] == len(tabled)
    assert report.lines()[1] == (
        f"  {len(tabled)} more read tables, which are another model's, and are not compared"
    )
