"""Ids behind another one, whatever signs they hold."""

from collections.abc import Iterator

import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.analysis import ENGLISH
from tandem.engines.tantivy_mapping import build_schema
from tandem.engines.tantivy_order import ORDER, OrderReader, ordered_id
from tandem.engines.tantivy_store import TantivyStore
from tests.builders import document, schema_of, upserts

IDS = sorted(
    ["a", "A", "a b", "a/b#c?d", 'q"uo"te', "back\\slash", "x:y", "{x TO y}", "[a TO *]", "*", "TO",
     "-1", "10", "9", "é", "日本", "\uffee", "\U0001f600", "a'", "a*", "tab\there", "x" * 2_000]
)  # fmt: skip
READER = OrderReader(build_schema(schema_of()))


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tantivy.Searcher]:
    """Documents of those ids, in two segments."""
    store = TantivyStore(tmp_path_factory.mktemp("ids"))
    index = store.create("ids", "1", schema_of(), ENGLISH)
    changes = upserts(document(name) for name in reversed(IDS))
    index.apply(changes[:7])
    index.apply(changes[7:])
    yield index.searcher
    index.close()


@given(st.sampled_from(IDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4))
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_ids_behind_another(searcher: tantivy.Searcher, document_id: str) -> None:
    """Exactly the larger ones, as Python compares texts; the id itself need not be held."""
    behind = READER.behind(document_id)
    hits = searcher.search(behind, limit=99, order_by_field=ORDER, order=tantivy.Order.Asc).hits
    found = [ordered_id(str(held)) for held, _ in hits]
    assert found == [name for name in IDS if name > document_id]
