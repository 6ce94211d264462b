"""Where raters sit: pools by name, and how far each rater is."""

from pathlib import Path

import pytest

from relevance_eval.judging.desk import Desk, NotPooled, PoolNotFound, PoolUnreadable
from relevance_eval.judging.pool import Pool, PooledQuery
from relevance_eval.judging.ratings import Place
from relevance_eval.judging.verdicts import verdicts
from tandem.errors import InputError
from tests.pools import POOL

HERE = Place("q1", "a")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with one pool."""
    made = Desk(tmp_path / "judging")
    made.keep("first", POOL)
    return made


def test_pools_are_listed(desk: Desk, tmp_path: Path) -> None:
    """One that is broken too, with what is wrong; a folder of another kind is none."""
    assert Desk(tmp_path / "nowhere").pools() == []
    for name in ("broken", "Not A Name"):
        (tmp_path / "judging" / name).mkdir()
        (tmp_path / "judging" / name / "pool.jsonl").write_text("nothing\n")
    (tmp_path / "judging" / "empty").mkdir()
    broken, first = desk.pools()
    assert first == ("first", 2, 4, None)
    assert broken.fault is not None
    assert "pool.jsonl:1:" in broken.fault
    with pytest.raises(PoolUnreadable, match=r"pool\.jsonl:1:"):
        desk.queries("broken", "ann")


@pytest.mark.parametrize("name", ["none", "", "..", "../judging/first", "first/", "FIRST", "a\0b"])
def test_what_is_no_pool_is_not_found(desk: Desk, name: str) -> None:
    """A name is looked up; it leads nowhere else."""
    with pytest.raises(PoolNotFound) as error:
        desk.pool(name)
    assert error.value.hint == "there are: first"


def test_a_rater_sees_how_far_they_are(desk: Desk) -> None:
    """What was left unjudged is done too; others' ratings are not theirs."""
    desk.rate("first", "ann", HERE, 2)
    desk.rate("first", "ann", Place("q1", "b"), None)
    desk.rate("first", "ben", Place("q2", "a"), 0)
    assert desk.queries("first", "ann") == [
        ("q1", "snow", "how it falls", 3, 2),
        ("q2", "rain", "", 1, 0),
    ]
    told = {entry.document_id: entry for entry in desk.documents("first", "ann", "q1")}
    assert told == {"a": ("a", True, 2), "b": ("b", True, None), "c": ("c", False, None)}
    assert desk.undo("first", "ann") == ("ann", ("q1", "b"), None)
    assert [entry.rated for entry in desk.queries("first", "ann")] == [1, 0]


def test_only_what_is_pooled_is_rated(desk: Desk) -> None:
    """And nothing is kept of the rest."""
    for place in (Place("q1", "x"), Place("q9", "a"), Place("q2", "b")):
        with pytest.raises(NotPooled, match="the pool has no"):
            desk.rate("first", "ann", place, 1)
    with pytest.raises(NotPooled):
        desk.documents("first", "ann", "q9")
    with pytest.raises(PoolNotFound):
        desk.rate("second", "ann", HERE, 1)
    with pytest.raises(PoolNotFound):
        desk.undo("second", "ann")
    assert desk.ratings("first") == {}


def test_a_pool_is_added_to_on_purpose_alone(desk: Desk, tmp_path: Path) -> None:
    """Another process sees it at once; ratings stay good."""
    desk.rate("first", "ann", HERE, 2)
    more = Pool(9, 20, ("meaning",), {"q1": PooledQuery("q1", "snow", "", ("z",))})
    with pytest.raises(InputError, match="already") as error:
        desk.keep("first", more)
    assert "--add" in error.value.hint
    with pytest.raises(InputError, match="no name of a pool"):
        desk.keep("../first", more)
    other = Desk(tmp_path / "judging")
    assert other.keep("first", more, adds=True).queries["q1"].document_ids == ("a", "b", "c", "z")
    assert desk.queries("first", "ann")[0] == ("q1", "snow", "how it falls", 4, 1)


def test_broken_ratings_are_told_as_that(desk: Desk, tmp_path: Path) -> None:
    """Not as a fault of whoever judges."""
    (tmp_path / "judging" / "first" / "ratings.jsonl").write_text("nothing\n")
    for ask in (
        lambda: desk.rate("first", "ann", HERE, 1),
        lambda: desk.undo("first", "ann"),
        lambda: desk.queries("first", "ann"),
        lambda: desk.ratings("first"),
    ):
        with pytest.raises(PoolUnreadable, match=r"ratings\.jsonl:1:"):
            ask()


def test_judgments_are_the_lower_median(desk: Desk) -> None:
    """Unjudged by all who looked is ``None``; what nobody saw is not there."""
    grades = {"ann": (3, None, None), "ben": (1, None, 2), "eve": (2, None, None)}
    for rater, given in grades.items():
        for document_id, grade in zip("abc", given, strict=True):
            desk.rate("first", rater, Place("q1", document_id), grade)
    found = verdicts(POOL, desk.ratings("first"))
    assert found.qrels == {"q1": {"a": 2, "b": None, "c": 2}}
    assert (found.graded, found.disputed) == (2, 1)
    two = {name: said for name, said in desk.ratings("first").items() if name != "eve"}
    assert verdicts(POOL, two).qrels["q1"]["a"] == 1
    assert verdicts(POOL, {}).qrels == {}
