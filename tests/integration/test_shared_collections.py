"""Quality on a real collection, where it lies beside the project. Training queries only."""

from pathlib import Path

import pytest

from indexer.sources.registry import open_source
from indexer.validation import Validator
from relevance_eval.formats.beir import table
from relevance_eval.formats.registry import read_askable
from relevance_eval.measures import measure
from tandem.analysis import ENGLISH
from tandem.documents import Document
from tandem.engines.tantivy_store import TantivyStore
from tandem.schema import infer_schema
from tests.builders import upserts

SCIFACT = Path(__file__).parents[3] / "shared" / "data" / "scifact"


@pytest.mark.shared
@pytest.mark.skipif(not SCIFACT.is_dir(), reason=f"the SciFact collection is not at {SCIFACT}")
def test_words_find_what_they_found_when_the_analysis_was_chosen(tmp_path: Path) -> None:
    """Lexical nDCG@10 over SciFact's training queries stays at 0.70."""
    schema = infer_schema([])
    validator = Validator(schema)
    outcomes = [validator.document(record) for record in open_source(str(SCIFACT))]
    documents = [outcome for outcome in outcomes if isinstance(outcome, Document)]
    index = TantivyStore(tmp_path).create("scifact", "1", schema, ENGLISH)
    index.apply(upserts(documents))
    collection = read_askable(table(SCIFACT, "train"))

    run = {
        query_id: index.search(text, limit=10, timeout_seconds=10)
        for query_id, text in collection.queries.items()
    }
    index.close()

    assert len(documents) == len(outcomes) == 5_183
    assert measure(collection.qrels, run, ["nDCG@10"])["nDCG@10"] > 0.70
