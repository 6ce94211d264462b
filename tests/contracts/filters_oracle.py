"""What a filter means, in plain Python, and documents and filters to try it on.

The oracle reads filters as data, without Tandem's parser or typed values, so that a mistake there
cannot hide itself.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tandem.documents import Document
from tests.builders import document, schema_of

LARGEST = 2**53 - 1

SCHEMA = schema_of(
    tags="keyword", year="integer", price="float", open="boolean", seen_at="datetime"
)

KEYWORDS = ("red", "Red", "blue", "", " ", "a b", "Ünï", "日本", "x" * 1_024, "true", "1")
INTEGERS = (0, 1, -1, 7, 1_990, 2_000, -2_000, LARGEST, LARGEST - 1, -LARGEST, 1 - LARGEST)
FLOATS = (0.0, -0.0, 0.1, 0.30000000000000004, 0.3, -1.5, 1e308, -1e308, 5e-324, 1e-300, 3, 2.0**60)
MOMENTS = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, microsecond=1, tzinfo=UTC),
    datetime(2026, 11, 21, 9, 30, 0, 123_456, tzinfo=UTC),
    datetime(2026, 11, 21, 9, 30, 0, 123_457, tzinfo=UTC),
    datetime(2300, 7, 1, 12, 0, 0, 1, tzinfo=UTC),
    datetime(2300, 7, 1, 12, 0, 0, 2, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)
VALUES: dict[str, tuple[Any, ...]] = {
    "tags": KEYWORDS,
    "year": INTEGERS,
    "price": FLOATS,
    "open": (True, False),
    "seen_at": MOMENTS,
}
ORDERED = ("year", "price", "seen_at")


def sample_documents(count: int, seed: int) -> list[Document]:
    """Documents whose fields are sometimes missing, and whose keywords are sometimes several.

    Every one holds the word "common", so that a lexical search finds what the filter leaves.
    """
    chance = random.Random(seed)
    return [document(f"d{number:04}", "common", **_attributes(chance)) for number in range(count)]


def _attributes(chance: random.Random) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name, values in VALUES.items():
        if chance.random() < 0.25:
            continue
        if name == "tags" and chance.random() < 0.6:
            attributes[name] = tuple(chance.sample(KEYWORDS, chance.randrange(4)))
        else:
            attributes[name] = chance.choice(values)
    return attributes


def filter_data(depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Filters as data: values, lists, bounds, and ``not`` nested up to ``depth``."""
    conditions: dict[str, st.SearchStrategy[Any]] = {}
    for name, values in VALUES.items():
        value = _sent(name, values)
        kinds = [value, st.lists(value, min_size=1, max_size=3)]
        if name in ORDERED:
            bounds = dict.fromkeys(("gt", "gte", "lt", "lte"), value)
            kinds.append(st.fixed_dictionaries({}, optional=bounds).filter(bool))
        conditions[name] = st.one_of(kinds)
    if depth:
        conditions["not"] = filter_data(depth - 1).filter(bool)
    return st.fixed_dictionaries({}, optional=conditions)


def _sent(name: str, values: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if name != "seen_at":
        return st.sampled_from(values)
    near = [moment for moment in values if 1 < moment.year < 9_999]
    shifted = [moment + timedelta(microseconds=1) for moment in near]
    return st.sampled_from([moment.isoformat() for moment in (*values, *shifted)])


def matching_ids(documents: list[Document], data: Mapping[str, Any]) -> set[str]:
    """The ids that the filter leaves."""
    return {item.document_id for item in documents if _holds(data, item.attributes)}


def _holds(data: Mapping[str, Any], attributes: Mapping[str, Any]) -> bool:
    return all(
        not _holds(condition, attributes)
        if name == "not"
        else _fits(condition, _comparable(name, attributes.get(name)), name)
        for name, condition in data.items()
    )


def _fits(condition: Any, held: list[Any], name: str) -> bool:
    if isinstance(condition, Mapping):
        return any(_within(value, condition, name) for value in held)
    wanted = _comparable(name, condition)
    return any(value in wanted for value in held)


def _within(value: Any, bounds: Mapping[str, Any], name: str) -> bool:
    compared = {
        "gt": lambda bound: value > bound,
        "gte": lambda bound: value >= bound,
        "lt": lambda bound: value < bound,
        "lte": lambda bound: value <= bound,
    }
    return all(compared[kind](_comparable(name, bound)[0]) for kind, bound in bounds.items())


def _comparable(name: str, value: Any) -> list[Any]:
    """The values as a list; times as times, so that they compare by moment and not by text."""
    if value is None:
        return []
    items = list(value) if isinstance(value, tuple | list) else [value]
    return [datetime.fromisoformat(item) for item in items] if name == "seen_at" else items
