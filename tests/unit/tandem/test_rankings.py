"""Rankings: the order, and what can be read from it."""

from hypothesis import given
from hypothesis import strategies as st

from tandem.rankings import Evidence, Hit, Ranking


def test_best_first_and_ties_by_id() -> None:
    """Larger scores first, equal ones by id, ranks from 1."""
    ranking = Ranking.from_scores("r", [("b", 1.0), ("c", 2.0), ("a", 1.0), ("d", -1.0)])
    assert ranking.hits == (Hit("c", 1, 2.0), Hit("a", 2, 1.0), Hit("b", 3, 1.0), Hit("d", 4, -1.0))
    assert ranking.document_ids == ("c", "a", "b", "d")
    assert ranking.scores() == {"a": 1.0, "b": 1.0, "c": 2.0, "d": -1.0}
    assert len(ranking) == 4


@given(st.dictionaries(st.text(max_size=4), st.sampled_from([0.0, 0.5, 1.0]), max_size=12),
       st.randoms(), st.integers(0, 15))  # fmt: skip
def test_order_of_arrival_does_not_matter(
    scores: dict[str, float], chance: object, limit: int
) -> None:
    """Whatever the order in which an engine answers, the ranking is the same, also when cut."""
    pairs = list(scores.items())
    expected = Ranking.from_scores("r", pairs, limit=limit)
    chance.shuffle(pairs)  # type: ignore[attr-defined]
    assert Ranking.from_scores("r", pairs, limit=limit) == expected
    assert expected == Ranking.from_scores("r", pairs).top(limit)


def test_evidence_goes_to_its_hit() -> None:
    """Each kept hit gets the evidence of its id; nobody is asked about the others."""
    proof = {"a": (Evidence("lexical", 1, 2.0, 0.5),), "b": ()}
    ranking = Ranking.from_scores(
        "r", [("c", 0.1), ("b", 0.5), ("a", 1.0)], limit=2, evidence=proof.__getitem__
    )
    assert [hit.evidence for hit in ranking.hits] == [proof["a"], ()]
    assert Ranking.from_scores("r", [("a", 1.0)]).hits[0].evidence == ()


def test_top() -> None:
    """The best hits with their ranks; more than there are is all of them."""
    ranking = Ranking.from_scores("r", [("a", 2.0), ("b", 1.0)])
    assert ranking.top(1) == Ranking("r", (Hit("a", 1, 2.0),))
    assert ranking.top(9) == ranking
    assert ranking.top(0) == Ranking("r")
