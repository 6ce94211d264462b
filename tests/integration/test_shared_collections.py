"""Quality and measures on real collections, where they lie beside the project; what is chosen is
chosen on training queries only.
"""

from math import log2
from pathlib import Path

import pytest

from indexer.sources.registry import open_source
from indexer.validation import Validator
from relevance_eval.compact import CompactRun
from relevance_eval.formats.beir import table
from relevance_eval.formats.registry import read_askable
from relevance_eval.measures import measure, measure_queries
from tandem.analysis import ENGLISH
from tandem.documents import Document
from tandem.engines.tantivy_store import TantivyStore
from tandem.schema import infer_schema
from tests.builders import upserts

SCIFACT = Path(__file__).parents[3] / "shared" / "data" / "scifact"
CRANFIELD = SCIFACT.parent / "cranfield"


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


@pytest.mark.shared
@pytest.mark.skipif(not CRANFIELD.is_dir(), reason=f"Cranfield is not at {CRANFIELD}")
def test_measures_of_a_real_run_are_those_of_trec_eval(tmp_path: Path) -> None:
    """Query by query to 1e-9, over lists of hundreds; exponential gain by arithmetic."""
    import pytrec_eval

    schema = infer_schema([])
    validator = Validator(schema)
    outcomes = [validator.document(record) for record in open_source(str(CRANFIELD))]
    index = TantivyStore(tmp_path).create("cranfield", "1", schema, ENGLISH)
    index.apply(upserts([outcome for outcome in outcomes if isinstance(outcome, Document)]))
    collection = read_askable(CRANFIELD)
    run = CompactRun()
    for query_id, text in collection.queries.items():
        run[query_id] = index.search(text, limit=400, timeout_seconds=10)
    index.close()

    names = {
        "nDCG@10": "ndcg_cut_10", "nDCG": "ndcg", "AP": "map", "AP@100": "map_cut_100",
        "RR": "recip_rank", "P@10": "P_10", "R@100": "recall_100", "Success@5": "success_5",
        "Bpref": "bpref", "Rprec": "Rprec", "IPrec@0.1": "iprec_at_recall_0.10",
    }  # fmt: skip
    powers = "nDCG(dcg='exp-log2')@10"
    found = measure_queries(collection.qrels, run, [*names, "RR@10", powers])
    graded = {
        query: {name: grade for name, grade in grades.items() if grade is not None}
        for query, grades in collection.qrels.items()
    }
    judge = pytrec_eval.RelevanceEvaluator(graded, set(names.values()))
    expected = judge.evaluate(
        {query: {hit.document_id: -hit.rank for hit in run[query].hits} for query in run}
    )
    assert len(expected) == len(collection.qrels) > 150
    for query_id, values in expected.items():
        for name, theirs in names.items():
            assert found[name][query_id] == pytest.approx(values[theirs], abs=1e-9)
        first = values["recip_rank"]
        assert found["RR@10"][query_id] == pytest.approx(first if first >= 0.1 else 0, abs=1e-9)
        gain_of = {name: 2 ** max(grade, 0) - 1 for name, grade in graded[query_id].items()}
        gains = [gain_of.get(name, 0) for name in run[query_id].document_ids]
        best = sorted(gain_of.values(), reverse=True)
        by_hand, ideal = (
            sum(gain / log2(place + 2) for place, gain in enumerate(those[:10]))
            for those in (gains, best)
        )
        assert found[powers][query_id] == pytest.approx(by_hand / ideal if ideal else 0, abs=1e-9)
