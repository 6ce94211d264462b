"""Counts whose order the engine leaves open."""

from typing import Any, cast

import pytest
import tantivy

from tandem.engines.tantivy_tallies import count_values
from tandem.fields import Field, FieldType


class Reversed:
    """A searcher that gives the most frequent values, equal ones in the reverse of their order."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.buckets = sorted(counts.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)
        self.sizes: list[int] = []

    def aggregate(self, query: Any, asked: dict[str, Any]) -> dict[str, Any]:
        """As many buckets as asked for."""
        size = asked["values"]["terms"]["size"]
        self.sizes.append(size)
        told = [{"key": key, "doc_count": count} for key, count in self.buckets[:size]]
        return {"values": {"buckets": told}}


@pytest.mark.parametrize(
    ("limit", "expected", "sizes"),
    [
        (1, {"z": 9}, [2]),
        (2, {"z": 9, "a": 4}, [3, 6, 12]),
        (3, {"z": 9, "a": 4, "b": 4}, [4, 8]),
        (7, {"z": 9, **dict.fromkeys("abcdef", 4)}, [8]),
        (8, {"z": 9, **dict.fromkeys("abcdef", 4), "y": 1}, [9]),
    ],
)
def test_equal_counts_at_the_limit(limit: int, expected: dict[str, int], sizes: list[int]) -> None:
    """All that share the last count are read before the first of them are chosen."""
    searcher = Reversed({"z": 9, **dict.fromkeys("abcdef", 4), "y": 1})
    found = count_values(
        cast("tantivy.Searcher", searcher),
        tantivy.Query.all_query(),
        Field("tag", FieldType.KEYWORD),
        limit,
    )
    assert list(found.items()) == list(expected.items())
    assert searcher.sizes == sizes
