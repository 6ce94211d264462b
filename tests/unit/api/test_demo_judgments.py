"""The bundled judgment list is complete, well formed and about documents that exist."""

import sys

import pytest

from api.demo.judgments import JudgedQuery, load_judgments, read_judged_queries
from api.demo.python_documentation import PythonDocumentation

JUDGED = read_judged_queries()


def test_there_are_at_least_sixty_different_queries() -> None:
    """No text and no id occurs twice, whatever its case and spaces."""
    texts = {" ".join(judged.text.casefold().split()) for judged in JUDGED}
    assert len(JUDGED) >= 60
    assert len(texts) == len(JUDGED) == len({judged.query_id for judged in JUDGED})


@pytest.mark.parametrize("judged", JUDGED, ids=lambda judged: judged.query_id)
def test_a_query_has_an_exact_answer_and_lawful_grades(judged: JudgedQuery) -> None:
    """Each query says what is meant and has a grade 3 among grades of 1 to 3."""
    assert judged.text
    assert judged.intent
    assert judged.split in {"tune", "test"}
    assert set(judged.grades.values()) <= {1, 2, 3}
    assert 3 in judged.grades.values()


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the list was judged on Python 3.11")
def test_every_judged_document_exists() -> None:
    """On the version the list was written for nothing is missing and no query is lost."""
    known = {str(record["id"]) for record in PythonDocumentation()}
    judgments = load_judgments(known)
    assert judgments.missing == []
    assert len(judgments.queries) == len(JUDGED)


def test_unknown_documents_are_reported() -> None:
    """An id that this Python lacks is named once, and only its own grade goes."""
    everything = {name for judged in JUDGED for name in judged.grades}
    first = JUDGED[0]
    lost = min(first.grades, key=lambda name: first.grades[name])
    judgments = load_judgments(everything - {lost})
    assert judgments.missing == [lost]
    assert judgments.qrels[first.query_id] == {
        name: grade for name, grade in first.grades.items() if name != lost
    }


def test_a_query_without_an_exact_answer_left_is_left_out() -> None:
    """Where every grade 3 is unknown the query goes, and its documents are in the report."""
    everything = {name for judged in JUDGED for name in judged.grades}
    first = JUDGED[0]
    exact = {name for name, grade in first.grades.items() if grade == 3}
    judgments = load_judgments(everything - exact)
    assert first.query_id not in judgments.queries
    assert first.query_id not in judgments.qrels
    assert set(judgments.missing) == exact


def test_the_splits_share_no_query_and_make_up_the_whole() -> None:
    """Tuning on one split never sees a query of the other."""
    everything = {name for judged in JUDGED for name in judged.grades}
    tune = load_judgments(everything, split="tune").queries
    test = load_judgments(everything, split="test").queries
    assert not tune.keys() & test.keys()
    assert tune | test == load_judgments(everything).queries
