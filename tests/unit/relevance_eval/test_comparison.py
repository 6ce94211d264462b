"""Runs held against each other, from plain cases to degenerate ones."""

from dataclasses import replace
from random import Random

import pytest

from relevance_eval.compared import Difference, Listed, Moved
from relevance_eval.comparison import MOVED, compare
from relevance_eval.measures import DEFAULT_MEASURES, measure_queries
from tandem.errors import InputError
from tandem.judgments import Qrels, Run
from tandem.rankings import Hit, Ranking

MEASURES = ("RR", "P@1")


def ranked(*document_ids: str) -> Ranking:
    """Those documents in that order."""
    return Ranking(
        "r", tuple(Hit(name, rank, 1.0 / rank) for rank, name in enumerate(document_ids, start=1))
    )


def judged(queries: int) -> Qrels:
    """Queries q0, q1 …, of each of which ``good`` is relevant, ``bad`` judged and ``x`` not."""
    return {f"q{number}": {"good": 1, "bad": 0, "x": None} for number in range(queries)}


def run_of(places: list[int]) -> Run:
    """By query, ``good`` at that place behind ``bad``, ``x`` and others; 0 = it is not found."""
    others = ["bad", "x", "y", "z"]
    return {
        f"q{number}": ranked(*(others if not place else [*others[: place - 1], "good"]))
        for number, place in enumerate(places)
    }


def only(qrels: Qrels, first: Run, second: Run) -> Difference:
    """The primary difference of two runs."""
    return compare(qrels, {"A": first, "B": second}, MEASURES).of("RR")[0]


def test_a_clear_difference() -> None:
    """Twelve queries, on ten of which B finds at once what A finds second."""
    found = only(judged(12), run_of([2] * 10 + [1, 1]), run_of([1] * 12))
    assert [found.first_mean, found.second_mean] == pytest.approx([7 / 12, 1.0])
    assert found.estimate.mean == pytest.approx(5 / 12)
    assert 0 < found.estimate.low < 5 / 12 < found.estimate.high
    assert (found.wins, found.losses, found.ties) == (10, 0, 2)
    assert (found.p, found.p_holm, found.is_exact) == (2 / 2**10, 2 / 2**10, True)
    assert found.is_believed
    assert found.sentence == (
        "B is better than A by 0.4167 (95 %: 0.2917 to 0.5403) on RR, p = 0.002, 12 queries."
    )


def test_the_order_of_the_runs_only_turns_the_sign() -> None:
    """Who stands first is a matter of writing."""
    first, second = run_of([1, 2, 3, 1, 1, 4, 2, 0]), run_of([2, 1, 1, 1, 3, 1, 1, 1])
    forth, back = only(judged(8), first, second), only(judged(8), second, first)
    assert back.p == forth.p
    assert back.estimate.mean == -forth.estimate.mean
    assert (back.wins, back.losses, back.ties) == (forth.losses, forth.wins, forth.ties)
    assert back.needed == forth.needed
    assert "B is ahead by" in forth.sentence
    assert "A is ahead by" in back.sentence


def test_queries_that_cannot_tell_say_how_many_could() -> None:
    """With what it would take, and what these could find."""
    random = Random(1)
    places = [random.randrange(5) for _ in range(40)], [random.randrange(5) for _ in range(40)]
    found = only(judged(40), run_of(places[0]), run_of(places[1]))
    assert not found.is_believed
    assert found.needed is not None
    assert found.needed > 40
    assert found.sentence.startswith("40 queries cannot tell A and B apart on RR: ")
    assert "would, were that the true difference." in found.sentence
    assert f"These find a true difference of {found.detectable:.4f} in four" in found.sentence


def test_the_first_measure_decides_and_families_are_corrected_apart() -> None:
    """Three runs: three tests in the first family, three of each further measure in the other."""
    runs = {
        "A": run_of([2] * 10 + [1, 1]),
        "B": run_of([1] * 12),
        "C": run_of([1, 2] * 6),
    }
    found = compare(judged(12), runs, ("RR", "P@1", "Success@5"))
    assert found.primary == "RR"
    assert [(one.first, one.second) for one in found.of("RR")] == [
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    ]
    assert [one.family for one in found.differences] == ["primary"] * 3 + ["other"] * 6
    least = min(found.of("RR"), key=lambda one: one.p)
    assert least.p_holm == pytest.approx(3 * least.p)
    other = min(found.of("P@1"), key=lambda one: one.p)
    assert other.p_holm == pytest.approx(6 * other.p)
    assert "after Holm's correction for 3 tests" in least.sentence


def test_what_moved_most_comes_first_with_both_lists() -> None:
    """Their grades beside the hits, ``None`` where nobody judged."""
    found = compare(judged(3), {"A": run_of([1, 3, 1]), "B": run_of([2, 1, 1])}, MEASURES)
    moved = found.of("RR")[0].moved
    assert moved == (Moved("q1", moved[0].first, 1.0), Moved("q0", 1.0, 0.5))
    assert moved[0].difference == pytest.approx(2 / 3)
    assert moved[1].difference == -0.5
    assert found.lists.keys() == {"q0", "q1"}
    assert found.lists["q1"] == {
        "A": (Listed("bad", 0), Listed("x", None), Listed("good", 1)),
        "B": (Listed("good", 1),),
    }


def test_lists_and_moves_are_bounded() -> None:
    """Of hundreds of queries the first few."""
    found = compare(judged(30), {"A": run_of([2] * 30), "B": run_of([1] * 30)}, ("RR",))
    assert len(found.of("RR")[0].moved) == len(found.lists) == MOVED


def test_equal_runs() -> None:
    """No difference, no spread, nothing to believe."""
    found = only(judged(5), run_of([1, 2, 3, 4, 0]), run_of([1, 2, 3, 4, 0]))
    assert found.estimate == (0.0, 0.0, 0.0)
    assert (found.p, found.p_holm, found.spread) == (1.0, 1.0, 0.0)
    assert (found.detectable, found.needed) == (None, None)
    assert (found.wins, found.losses, found.ties, found.moved) == (0, 0, 5, ())
    assert found.sentence == "A and B have the same RR on each of 5 queries."


def test_one_query() -> None:
    """Whatever it says, it is not believed."""
    found = only(judged(1), run_of([0]), run_of([1]))
    assert (found.p, found.is_believed, found.estimate) == (1.0, False, (1.0, 1.0, 1.0))
    assert found.sentence.startswith("One query says nothing of others: B is ahead by 1.0000")


def test_few_that_differ_can_prove_nothing() -> None:
    """Three queries, all for B: luck does that one time in four."""
    found = only(judged(50), run_of([2] * 3 + [1] * 47), run_of([1] * 50))
    assert found.p == pytest.approx(0.25)
    assert "Only 3 of them differ: whichever way those go, luck alone does the same in 25%" in (
        found.sentence
    )


def test_what_few_queries_can_prove_depends_on_how_many_tests_there_are() -> None:
    """Six that all say the same are believed alone, not as one of three; and it is not said that
    three queries would do, though the differences hardly spread.
    """
    alone = only(judged(6), run_of([3, 2, 3, 3, 3, 3]), run_of([1] * 6))
    assert alone.is_believed
    runs = {"A": run_of([3, 2, 3, 3, 3, 3]), "B": run_of([1] * 6), "C": run_of([0] * 6)}
    among = compare(judged(6), runs, ("RR",)).of("RR")[0]
    assert (among.p, among.is_believed, among.detectable) == (2 / 2**6, False, None)
    assert among.sentence.endswith(
        "Only 6 of them differ: whichever way those go, luck alone does the same in 3.12% of all "
        "cases, too often for one of 3 tests."
    )


def test_bounds_are_differences_that_can_be() -> None:
    """Two queries say next to nothing, but no difference is beyond 1."""
    found = only(judged(2), run_of([0, 2]), run_of([1, 1]))
    assert (found.estimate.low, found.estimate.high) == (-1.0, 1.0)


def test_a_constant_difference() -> None:
    """Each query gains the same: no spread, so no number of queries, and surely better."""
    found = only(judged(20), run_of([2] * 20), run_of([1] * 20))
    assert found.estimate == (0.5, 0.5, 0.5)
    assert (found.spread, found.detectable, found.needed) == (0.0, None, None)
    assert found.is_believed


def test_means_that_are_equal_though_queries_differ() -> None:
    """No order of better and worse is made up."""
    found = only(judged(8), run_of([1, 2] * 4), run_of([2, 1] * 4))
    assert found.estimate.mean == 0
    assert "their means are equal" in found.sentence


def test_missing_and_empty_queries_count_zero_and_are_told() -> None:
    """And queries that nobody judged are left out, and told."""
    first = {"q0": ranked("good"), "q1": ranked(), "other": ranked("good")}
    found = compare(
        {**judged(3), "none": {}, "unjudged": {"good": None}},
        {"A": first, "B": run_of([1, 1, 1])},
        MEASURES,
    )
    assert found.queries == 3
    assert found.runs[0].means["RR"].mean == pytest.approx(1 / 3)
    assert found.runs[0].missing == ("q2",)
    assert found.runs[0].empty == ("q1",)
    assert found.runs[0].unjudged == ("other",)
    told = "\n".join(found.notes)
    assert "2 queries without any judgment are left out" in told
    assert "A lacks 1 (q2) of 3 judged queries: they count as found nothing" in told
    assert "A found nothing for 1 (q1) of 3 queries" in told
    assert "A has 1 (other) queries without judgments: left out" in told
    assert "3 queries are few" in told


def test_lists_that_nobody_judged_are_told() -> None:
    """Who was not judged looks worse than he is."""
    second = {query: ranked("good", "u", "v", "w") for query in judged(30)}
    runs = {"A": run_of([2] * 30), "B": second}
    found = compare(judged(30), runs, ("RR", "Judged@10"))
    [note] = found.notes
    assert "25% of what B shows first is judged, of A 100% (Judged@10)" in note
    assert "A is above B" in found.of("Judged@10")[0].sentence


def test_one_run_is_measured_alone() -> None:
    """With intervals, and nothing to compare."""
    qrels, run = judged(30), run_of([1, 2, 3, 4, 0] * 6)
    found = compare(qrels, {"A": run})
    assert found.differences == ()
    assert tuple(found.formulas) == DEFAULT_MEASURES
    assert found.values["A"] == measure_queries(qrels, run, DEFAULT_MEASURES)
    mean = found.runs[0].means["RR@10"]
    assert mean.low < mean.mean < mean.high


def test_an_empty_run_found_nothing() -> None:
    """A file without a line is a run that found nothing, not a mistake in ids."""
    found = only(judged(10), {}, run_of([1] * 10))
    assert (found.first_mean, found.is_believed) == (0.0, True)


def test_the_seed_decides() -> None:
    """The same figures again; others, a little, by another seed."""
    random = Random(2)
    runs = {name: run_of([random.randrange(5) for _ in range(40)]) for name in ("A", "B")}
    once = compare(judged(40), runs, MEASURES, seed=3)
    assert compare(judged(40), runs, MEASURES, seed=3) == once
    other = compare(judged(40), runs, MEASURES, seed=4)
    assert other.of("RR")[0].p == pytest.approx(once.of("RR")[0].p, abs=0.02)
    assert replace(other, seed=3) != once


@pytest.mark.parametrize(
    ("qrels", "runs", "measures", "reason"),
    [
        (judged(2), {}, MEASURES, "expected at least one run and one measure"),
        (judged(2), {"A": run_of([1])}, (), "expected at least one run and one measure"),
        ({}, {"A": run_of([1])}, MEASURES, "no query has a judgment"),
        ({"q0": {"x": None}}, {"A": run_of([1])}, MEASURES, "no query has a judgment"),
        ({"1": {"x": 1}}, {"A": run_of([1])}, MEASURES, "none of its 1 queries is judged, 'q0'"),
        (judged(2), {"A": run_of([1])}, ("Foo",), "measure 'Foo': no such measure"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    qrels: Qrels, runs: dict[str, Run], measures: tuple[str, ...], reason: str
) -> None:
    """With what was expected."""
    with pytest.raises(InputError, match=reason):
        compare(qrels, runs, measures)
