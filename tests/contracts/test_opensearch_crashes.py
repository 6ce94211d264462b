"""An OpenSearch node that is killed, and one that hangs."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.analysis import ENGLISH
from tandem.engines.opensearch_store import OpenSearchStore
from tandem.errors import EngineUnavailable
from tandem.schema import Schema
from tests.builders import document, upserts
from tests.contracts.lexical_base import found, held, search, write
from tests.contracts.opensearch_stores import emptied, store_for
from tests.services.opensearch.session import opensearch_node

SCHEMA = Schema()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OpenSearchStore]:
    """A store without an index."""
    opened = store_for(tmp_path)
    yield opened
    emptied(opened)


def test_a_killed_node_has_what_was_acknowledged(store: OpenSearchStore) -> None:
    """``kill -9`` after ``apply``, before any flush; until it is back it is unavailable."""
    node = opensearch_node()
    index = store.create("words", "1", SCHEMA, ENGLISH)
    index.apply(upserts(document(f"d{number:03}", "zebra") for number in range(500)))
    node.kill()
    for act in (lambda: search(index, "zebra"), lambda: index.apply(upserts([document("x")], 900))):
        with pytest.raises(EngineUnavailable):
            act()
    assert store.health().state == "unreachable"
    node.start()
    index.refresh()
    assert held(index) == {f"d{number:03}": number + 1 for number in range(500)}
    index.close()


def test_a_node_that_hangs_costs_the_deadline(store: OpenSearchStore) -> None:
    """A stopped process takes connections and never answers."""
    node = opensearch_node()
    index = store.create("words", "1", SCHEMA, ENGLISH)
    write(index, upserts([document("a", "zebra")]))
    assert node.process is not None
    node.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(EngineUnavailable, match=r"within 0\.3 s"):
            index.search("zebra", limit=1, timeout_seconds=0.3)
    finally:
        node.process.send_signal(signal.SIGCONT)
    assert found(index, "zebra") == {"a"}
    index.close()
