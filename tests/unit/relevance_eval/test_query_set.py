"""The queries that an evaluation asks."""

from pathlib import Path

import pytest

from query.understanding import check_searchable
from relevance_eval.query_set import QuerySet, read_query_set
from tandem.errors import InputError, SourceError

QUERIES = {f"q{number}": f"text {number}" for number in range(50)}
QRELS = {name: {"d": 1} for name in QUERIES}


def beir(folder: Path, *texts: str) -> Path:
    """A BEIR folder of these queries, each with one judgment."""
    (folder / "qrels").mkdir()
    lines = [f'{{"_id": "q{number}", "text": "{text}"}}\n' for number, text in enumerate(texts)]
    (folder / "queries.jsonl").write_text("".join(lines))
    judged = [f"q{number}\td\t1\n" for number in range(len(texts))]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(judged))
    return folder


def test_a_sample_is_drawn_by_its_seed() -> None:
    """In the order of the list, with its own judgments; the header says how."""
    whole = QuerySet("list", QUERIES, QRELS)
    drawn = whole.drawn(10, 7)
    assert drawn == whole.drawn(10, 7)
    assert list(drawn.queries) != list(whole.drawn(10, 8).queries)
    assert len(drawn.queries) == 10
    assert list(drawn.queries) == [name for name in QUERIES if name in drawn.queries]
    assert list(drawn.qrels) == list(drawn.queries)
    assert (drawn.about()["seed"], drawn.about()["sample"]) == (7, 10)
    assert whole.drawn(None, 7) is whole
    assert whole.drawn(50, 7) is whole


def test_it_is_known_by_its_texts() -> None:
    """Not by their order, and not by judgments, which may grow after a run."""
    known = QuerySet("list", QUERIES, QRELS).about()["query_set"]
    assert known["queries"] == 50
    turned = dict(reversed(QUERIES.items()))
    grown = {name: {"d": 1, "e": 0} for name in turned}
    assert QuerySet("list", turned, grown).about()["query_set"] == known
    other = QuerySet("list", QUERIES | {"q0": "another"}, QRELS).about()["query_set"]
    assert other["fingerprint"] != known["fingerprint"]


def test_a_list_is_read(tmp_path: Path) -> None:
    """Texts and grades."""
    read = read_query_set(beir(tmp_path, "one", "two"), None, check_searchable)
    assert read.queries == {"q0": "one", "q1": "two"}
    assert read.qrels["q1"] == {"d": 1}


@pytest.mark.parametrize(
    ("text", "said"), [(" ", "the query is empty"), ("x" * 4001, "4,001 characters")]
)
def test_a_query_that_cannot_be_asked_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(InputError, match=f"query 'q1' cannot be asked: .*{said}"):
        read_query_set(beir(tmp_path, "one", text), None, check_searchable)


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    """There is nothing to measure."""
    with pytest.raises(SourceError, match="no judgments in it"):
        read_query_set(beir(tmp_path), None, check_searchable)
