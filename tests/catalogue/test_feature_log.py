"""What the model saw: kept bit by bit, each document of a query once, forgotten in steps."""

from datetime import timedelta

import numpy as np
import pytest

from tandem.catalog import feature_log as module
from tandem.catalog import purging
from tandem.catalog.event_log import EventLog
from tandem.catalog.feature_log import FeatureLog
from tandem.features import FeatureMatrix
from tandem.fields import to_microseconds
from tests.catalogue.logged import AT, event

NAMES = ("lexical", "日本")
EDGES = [[np.nan, -0.0], [np.inf, 1e-45], [3.4e38, 0.1]]


def matrix(*document_ids: str, names: tuple[str, ...] = NAMES, start: float = 0) -> FeatureMatrix:
    """Features that differ from cell to cell."""
    shape = (len(document_ids), len(names))
    values = np.arange(start, start + shape[0] * shape[1], dtype=np.float32).reshape(shape)
    return FeatureMatrix(names, document_ids, values)


def same(found: FeatureMatrix, expected: FeatureMatrix) -> bool:
    """Every name, document and bit."""
    words = (found.names, found.document_ids) == (expected.names, expected.document_ids)
    return words and found.values.tobytes() == expected.values.tobytes()


@pytest.fixture
def features(log: EventLog) -> FeatureLog:
    """An empty one."""
    return log.features


def test_every_bit_comes_back(features: FeatureLog) -> None:
    """Of each query, whatever the value and the characters; of what is unknown nothing."""
    edges = FeatureMatrix(NAMES, ("d\x10", "e\0", "日"), np.array(EDGES, dtype=np.float32))
    turned = FeatureMatrix(NAMES, ("a", "b"), np.array([[1, 2], [3, 4]], dtype=np.float32).T)
    assert features.keep("main", [("q\x10", edges), ("r", turned)]) == 2
    found = features.of("main", ["q\x10", "unknown", "r", "q\x10"])
    assert found.keys() == {"q\x10", "r"}
    assert same(found["q\x10"], edges)
    assert same(found["r"], turned)
    assert features.known("main", ["q\x10", "unknown", "r", "r"]) == {"q\x10", "r"}
    assert features.known("other", ["r"]) == features.known("main", []) == set()
    assert features.of("other", ["r"]) == features.of("main", []) == {}
    found["r"].values[0, 0] = 9.0


def test_the_pages_of_a_query_are_one(features: FeatureLog) -> None:
    """In their order. A feature that came between them is NaN before."""
    features.keep("main", [("q", matrix("a", "b"))])
    features.keep("main", [("q", matrix("c", names=("new", "lexical"), start=7))])
    found = features.of("main", ["q"])["q"]
    assert found.document_ids == ("a", "b", "c")
    assert found.names == ("lexical", "日本", "new")
    expected = [[0, 1, np.nan], [2, 3, np.nan], [8, np.nan, 7]]
    np.testing.assert_array_equal(found.values, np.array(expected, dtype=np.float32))


def test_a_document_is_kept_once(features: FeatureLog) -> None:
    """As it was seen first, in one batch or another; in another collection it is another one."""
    first = matrix("a", "b")
    pages = [("q", first), ("q", matrix("b", "c", start=50)), ("q", first), ("q", matrix())]
    assert features.keep("main", pages) == 2
    assert features.keep("main", [("q", matrix("c", "a", start=90))]) == 0
    assert features.keep("main", []) == 0
    found = features.of("main", ["q"])["q"]
    assert found.document_ids == ("a", "b", "c")
    assert found.values.tolist() == [[0, 1], [2, 3], [52, 53]]
    assert features.keep("other", [("q", matrix("a"))]) == 1


def test_they_take_no_sequence(log: EventLog) -> None:
    """The log's order is of what was done and shown."""
    log.append("main", "s", [event("a")])
    log.features.keep("main", [("q", matrix("a"))])
    log.append("main", "s", [event("b")])
    assert log.head() == 2


def test_how_much_there_is(features: FeatureLog) -> None:
    """Names are held once, so that a page of ten documents is little more than its values."""
    assert features.size("main") == (0, 0)
    names = tuple(f"a_feature_with_quite_a_long_name_{number}" for number in range(40))
    documents = [f"d{number}" for number in range(10)]
    pages = [(f"q{number}", matrix(*documents, names=names)) for number in range(600)]
    assert features.keep("main", pages) == 600
    pages_held, held = features.size("main")
    assert pages_held == 600
    assert 1_600 < held / pages_held < 1_700
    assert len(features.of("main", [query_id for query_id, _ in pages])) == 600


def test_what_is_older_goes_in_steps(features: FeatureLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """By when it was kept; of that collection alone."""
    monkeypatch.setattr(purging, "ROWS_PER_STEP", 2)
    monkeypatch.setattr(module, "now", lambda: to_microseconds(AT))
    features.keep("main", [(name, matrix("a")) for name in "abc"])
    features.keep("other", [("a", matrix("a"))])
    monkeypatch.setattr(module, "now", lambda: to_microseconds(AT + timedelta(days=1)))
    features.keep("main", [("d", matrix("a"))])
    before = AT + timedelta(hours=1)
    assert features.purge("main", AT) == 0
    assert [features.purge("main", before) for _ in range(3)] == [2, 1, 0]
    assert features.of("main", "abcd").keys() == {"d"}
    assert features.size("other").pages == 1
