"""A measure's name: what it means, and what is refused."""

import pytest

from relevance_eval.formulas import FAMILIES, formula, parse
from relevance_eval.measures import DEFAULT_MEASURES, measure
from tandem.errors import InputError
from tandem.rankings import Hit, Ranking

EVERY = [name for family in FAMILIES.values() for name in family.example.split(", ")]


def test_the_two_gains_are_told_apart() -> None:
    """One name for both is why figures of two tools do not compare."""
    assert "i = 1..10 of grade / log2(i + 1)" in formula("nDCG@10")
    assert "i = 1..10 of (2^grade - 1) / log2(i + 1)" in formula("nDCG(dcg='exp-log2')@10")
    assert "i from 1 on of grade" in formula("nDCG")


def test_cutoff_and_grade_are_in_the_formula() -> None:
    """AP without a cutoff, and from the first grade on, says so."""
    assert "each relevant document, divided" in formula("AP")
    assert "relevant from grade 1 on" in formula("AP")
    assert "each relevant document in the first 100, divided" in formula("AP(rel=2)@100")
    assert "relevant from grade 2 on" in formula("AP(rel=2)@100")


@pytest.mark.parametrize("name", sorted({*EVERY, *DEFAULT_MEASURES}))
def test_every_measure_has_a_formula_and_a_value(name: str) -> None:
    """What the hint of an error offers works."""
    assert "{" not in formula(name)
    run = {"q": Ranking("r", (Hit("a", 1, 1.0),))}
    assert measure({"q": {"a": 2}}, run, [name])[name] == pytest.approx(
        0.1 if name == "P@10" else 1.0
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ndcg@10", "no such measure"),
        ("ERR@10", "no such measure"),
        ("", "no such measure"),
        ("nDCG@10,AP", "no such measure"),
        ("nDCG@x", "no such measure"),
        ("nDCG(", "no such measure"),
        ("P@-1", "no such measure"),
        ("nDCG@0", "cutoff is a whole number from 1"),
        ("P@2.5", "cutoff is a whole number from 1"),
        ("AP(rel=0)", "rel is a whole number from 1"),
        ("AP(rel=True)", "rel is a whole number from 1"),
        ("P", "expected a number after @, such as P@10"),
        ("IPrec", "expected a number after @, such as IPrec@0.5"),
        ("IPrec@2.0", "recall is written 0.0 to 1.0"),
        ("IPrec@0", "recall is written 0.0 to 1.0"),
        ("IPrec@0.125", "in hundredths"),
        ("nDCG(dcg='log10')@10", "dcg is 'log2' or 'exp-log2'"),
        ("nDCG(judged_only=True)@10", "nDCG has no parameter 'judged_only'"),
        ("Judged(rel=1)@10", "Judged has no parameter 'rel'"),
    ],
)
def test_what_is_no_measure_is_refused(name: str, reason: str) -> None:
    """Before trec_eval sees it, which ends the process for a cutoff of 0."""
    with pytest.raises(InputError) as caught:
        parse(name)
    assert reason in str(caught.value)
    assert repr(name) in str(caught.value)
    assert "nDCG@10" in caught.value.hint
