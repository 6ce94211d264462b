"""Counts whose order the engine leaves open."""

from typing import Any, cast

import pytest
import tantivy

from tandem.engines.tantivy_queries import MOST_TIES
from tandem.engines.tantivy_tallies import count_values
from tandem.errors import EngineError
from tandem.fields import Field, FieldType


class Reversed:
    """A searcher that gives the most frequent values, equal ones in the reverse of their order."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.buckets = sorted(counts.items(), key=lambda pair: (pair[1], pair[0]), reverse=True)
        self.sizes: list[int] = []

    def aggregate(self, query: Any, asked: dict[str, Any]) -> dict[str, Any]:
        """As many buckets as asked for; more than tantivy would give are refused."""
        size = asked["values"]["terms"]["size"]
        if size > 65_000:
            raise ValueError("bucket limit was exceeded")
        self.sizes.append(size)
        told = [{"key": key, "doc_count": count} for key, count in self.buckets[:size]]
        return {"values": {"buckets": told}}


def counted(searcher: Reversed, limit: int) -> dict[str, int]:
    """The values of a field, by it."""
    return count_values(
        cast("tantivy.Searcher", searcher),
        tantivy.Query.all_query(),
        Field("tag", FieldType.KEYWORD),
        limit,
    )


@pytest.mark.parametrize(
    ("limit", "expected", "sizes"),
    [
        (1, {"z": 9}, [2]),
        (2, {"z": 9, "a": 4}, [3, 2 + MOST_TIES]),
        (3, {"z": 9, "a": 4, "b": 4}, [4, 3 + MOST_TIES]),
        (7, {"z": 9, **dict.fromkeys("abcdef", 4)}, [8]),
        (8, {"z": 9, **dict.fromkeys("abcdef", 4), "y": 1}, [9]),
    ],
)
def test_equal_counts_at_the_limit(limit: int, expected: dict[str, int], sizes: list[int]) -> None:
    """All that share the last count are read before the first of them are chosen."""
    searcher = Reversed({"z": 9, **dict.fromkeys("abcdef", 4), "y": 1})
    assert list(counted(searcher, limit).items()) == list(expected.items())
    assert searcher.sizes == sizes


def test_more_values_than_anybody_reads() -> None:
    """Two questions answer it, however many values there are once each: a title, or an address."""
    searcher = Reversed({"often": 2} | {f"value {number:06}": 1 for number in range(100_000)})
    found = counted(searcher, 10)
    assert (len(found), found["often"]) == (10, 2)
    assert len(searcher.sizes) == 2


def test_what_tantivy_refuses_to_count() -> None:
    """The field is named, and what can be done."""
    with pytest.raises(EngineError, match="does not count the values of tag: bucket limit") as told:
        counted(Reversed({}), 70_000)
    assert "filter" in told.value.hint
