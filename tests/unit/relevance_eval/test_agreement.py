"""Judgments, runs and a collection that do not speak of the same things."""

from relevance_eval.agreement import mismatches
from tandem.judgments import Qrels
from tandem.rankings import Ranking


def answers(**found: str) -> dict[str, Ranking]:
    """A run by query, documents separated by blanks."""
    return {
        query_id: Ranking.from_scores("x", ((name, 1.0) for name in names.split()))
        for query_id, names in found.items()
    }


def test_what_goes_together_is_not_told() -> None:
    """Neither are unjudged documents beside judged ones."""
    run = answers(q1="a b c")
    assert mismatches({"q1": {"a": 1, "b": None}}, {"x": run}, {"q1": "one"}, {"a", "b"}) == ()


def test_each_kind_is_told_once_with_its_number() -> None:
    """Of the judgments and of each run apart."""
    qrels: Qrels = {"q1": {"a": 1}, "q2": {"b": 0, "c": None}, "q3": {"d": 1}}
    runs = {"one": answers(q1="a", q2="c x", q9="a"), "two": answers(q1="a", q2="b", q3="")}
    found = mismatches(qrels, runs, {"q1": "first"}, {"a", "b"})
    assert [(item.where, item.kind, item.count, item.examples) for item in found] == [
        ("judgments", "query_without_text", 2, ("'q2'", "'q3'")),
        ("judgments", "unknown_document", 2, ("'q2' 'c'", "'q3' 'd'")),
        ("run one", "nothing_judged", 1, ("'q2'",)),
        ("run one", "query_without_answer", 1, ("'q3'",)),
        ("run one", "answer_without_judgments", 1, ("'q9'",)),
        ("run two", "nothing_judged", 1, ("'q3'",)),
    ]
    assert found[0].message == "judgments: judged queries without a text: 2 ('q2', 'q3')"
