"""Arrangement: hidden, boosted, pinned."""

from collections.abc import Collection, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.arrangement import Arrangement, arrange, multiplied
from query.rules import Boost, Rule, Rules
from tandem.documents import Document
from tandem.filters import Filter
from tandem.rankings import Evidence, Ranking
from tests.builders import document, filters, schema_of

SCHEMA = schema_of(brand="keyword")
IDS = ("a", "b", "c", "d", "e", "new", "other")
DOCUMENTS = {name: document(name, brand="acme" if name in "cde" else "best") for name in IDS}
RANKING = Ranking.from_scores(
    "hybrid",
    [("a", 5.0), ("b", 4.0), ("c", 3.0), ("d", 2.0), ("e", 1.0)],
    evidence=lambda _: (Evidence("lexical", 1, 1.0, 1.0),),
)


class Fetched:
    """Documents, and which were asked for."""

    def __init__(self, held: Mapping[str, Document] = DOCUMENTS) -> None:
        self.held = held
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """Noted."""
        self.asked.append(tuple(document_ids))
        return {name: self.held[name] for name in document_ids if name in self.held}


def arranged(
    *rules: Rule, given_filters: tuple[Filter, ...] = (), fetch: Fetched | None = None
) -> Arrangement:
    """What the rules make of the ranking."""
    in_force = Rules(rules).for_text("q", SCHEMA)
    return arrange(RANKING, in_force, given_filters, fetch or Fetched())


def test_no_rules_leave_the_ranking_alone() -> None:
    """It is the same object, and no document is fetched."""
    fetch = Fetched()
    made = arranged(fetch=fetch)
    assert made == Arrangement(RANKING, {}, (), frozenset())
    assert made.ranking is RANKING
    assert fetch.asked == []


def test_the_hidden_are_out() -> None:
    """The others move up, with their scores and evidence."""
    made = arranged(Rule("r", "q", hide=frozenset({"a", "unknown"})))
    assert made.ranking.document_ids == ("b", "c", "d", "e")
    assert [hit.rank for hit in made.ranking.hits] == [1, 2, 3, 4]
    assert made.ranking.hits[0].evidence == RANKING.hits[1].evidence
    assert made.hidden == {"a", "unknown"}
    assert (made.notes, made.applied) == ({}, ("r",))


def test_boosts_multiply_and_order_anew() -> None:
    """Two that mean one document multiply; equal scores stand by id."""
    both = (Boost(1.5, frozenset({"d", "a"})), Boost(2.0, filters={"brand": "acme"}))
    made = arranged(Rule("sale", "q", boosts=both))
    assert [(hit.document_id, hit.score) for hit in made.ranking.hits] == [
        ("a", 7.5), ("c", 6.0), ("d", 6.0), ("b", 4.0), ("e", 2.0),
    ]  # fmt: skip
    assert [hit.rank for hit in made.ranking.hits] == [1, 2, 3, 4, 5]
    assert made.notes["d"] == ("sale: boosted by 1.5", "sale: boosted by 2")
    assert "b" not in made.notes


@pytest.mark.parametrize("score", [-0.8, 0.0, 0.8])
def test_a_boost_never_pushes_down(score: float) -> None:
    """Cosines may be negative; less than 1 lowers, more than 1 lifts."""
    assert multiplied(score, 0.5) <= score <= multiplied(score, 2.0)


def test_documents_are_read_only_for_filters() -> None:
    """Ids need none; what could not be read is not boosted by a filter."""
    fetch = Fetched({})
    arranged(Rule("r", "q", boosts=(Boost(2.0, frozenset({"b"})),)), fetch=fetch)
    assert fetch.asked == []
    by_filter = Rule("r", "q", boosts=(Boost(9.0, filters={"brand": "acme"}),))
    assert arranged(by_filter, fetch=fetch).ranking.hits == RANKING.hits


def test_pins_are_first_in_their_order() -> None:
    """Candidates keep what legs said; another document comes in without a word of theirs."""
    made = arranged(Rule("sale", "q", pin=("new", "c")))
    assert made.ranking.document_ids == ("new", "c", "a", "b", "d", "e")
    first, second = made.ranking.hits[:2]
    assert (first.rank, first.score, first.evidence) == (1, 0.0, ())
    assert (second.rank, second.score, second.evidence) == (2, 3.0, RANKING.hits[2].evidence)
    assert made.notes == {"new": ("sale: pinned",), "c": ("sale: pinned",)}


def test_a_pin_must_be_there_and_pass_the_filter() -> None:
    """What does not exist, cannot be read, or is filtered out, is not shown."""
    acme = filters(SCHEMA, {"brand": "acme"})
    rule = Rule("r", "q", pin=("missing", "new", "c"))
    assert arranged(rule).ranking.document_ids[:2] == ("new", "c")
    assert arranged(rule, given_filters=acme).ranking.document_ids[0] == "c"
    assert arranged(rule, fetch=Fetched({})).ranking.document_ids[0] == "c"


def test_hiding_wins_and_the_first_rule_pins_first() -> None:
    """Rules together: each document has one place."""
    made = arranged(
        Rule("one", "q", pin=("b", "new")),
        Rule("two", "q", pin=("other", "b"), hide=frozenset({"new"})),
    )
    assert made.ranking.document_ids == ("b", "other", "a", "c", "d", "e")
    assert made.notes == {"b": ("one: pinned",), "other": ("two: pinned",)}
    assert made.applied == ("one", "two")


def test_who_did_nothing_is_not_named() -> None:
    """Its documents could not be read, or none of them is here; hiding also changes counts."""
    pinner = Rule("pinner", "q", pin=("new",))
    booster = Rule("booster", "q", boosts=(Boost(2.0, filters={"brand": "acme"}),))
    hider = Rule("hider", "q", hide=frozenset({"zz"}))
    assert arranged(pinner, booster, hider).applied == ("pinner", "booster", "hider")
    assert arranged(pinner, booster, hider, fetch=Fetched({})).applied == ("hider",)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(IDS), unique=True),
    st.frozensets(st.sampled_from(IDS)),
    st.frozensets(st.sampled_from(IDS)),
)
def test_every_document_keeps_one_place(
    pin: list[str], hide: frozenset[str], boost: frozenset[str]
) -> None:
    """Nothing is lost but what is hidden, nothing doubled, and ranks count on."""
    made = arranged(Rule("r", "q", pin=tuple(pin), hide=hide, boosts=(Boost(3.0, boost),)))
    ids = made.ranking.document_ids
    assert sorted(ids) == sorted({*RANKING.document_ids, *pin} - hide)
    assert [hit.rank for hit in made.ranking.hits] == list(range(1, len(ids) + 1))
    first = tuple(name for name in pin if name not in hide)
    assert ids[: len(first)] == first
