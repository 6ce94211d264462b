"""A person's order around another one, by hand, and that nobody else's changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.personal_order import FEATURE, PROFILE, PersonalOrder
from rerank.profiles import Profile
from tandem.documents import Document
from tandem.queries import Query
from tandem.rankings import Contribution, Degradation, Evidence, Ranking, Reranked
from tests.builders import document

LIKES_SPACE = Profile({"genre": {"space": 15}}, {"genre": 15})  # 15 / (15 + 5) = 0.75
DOCUMENTS = {
    "a": document("a", genre="comedy"),
    "b": document("b", genre="space"),
    "c": document("c"),
}
INNER = Contribution("lexical", 1.0, 0.4)


@dataclass
class Known:
    """``Profiles`` with one for everybody, or none for one reason."""

    profile: Profile | Degradation
    asked: list[str | None] = field(default_factory=list)
    within: float = 0.0

    def of(self, query: Query, timeout_seconds: float) -> Profile | Degradation:
        """See ``Profiles``."""
        self.asked.append(query.user_id)
        self.within = timeout_seconds
        return self.profile


class AsTheyCame:
    """A ``Reranker`` that changes nothing, and may lack something."""

    lacks: tuple[Degradation, ...] = ()

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        return Reranked(candidates, self.lacks)


class Untouched(dict[str, Document]):
    """Documents that nobody may look at."""

    def get(self, key: str, default: object = None) -> Document:
        """Fail."""
        raise AssertionError(f"{key} was looked at")


def ranking(**scores: float) -> Ranking:
    """With something said about each hit."""
    return Ranking.from_scores(
        "hybrid",
        scores.items(),
        evidence=lambda document_id: (Evidence("lexical", 1, scores[document_id], 0.5),),
        contributions=lambda _: (INNER,),
    )


def reranked(
    candidates: Ranking, profile: Profile, share: float, user_id: str | None = "u"
) -> Ranking:
    """By a person's order."""
    order = PersonalOrder(AsTheyCame(), Known(profile), share)
    return order.rerank(
        Query("x", user_id=user_id), candidates, DOCUMENTS, timeout_seconds=1.0
    ).ranking


def test_by_hand() -> None:
    """b: 0.6 + 0.5 x 0.75 = 0.975 passes a: 0.9 + 0; of c nothing is known."""
    found = reranked(ranking(a=0.9, b=0.6, c=0.3), LIKES_SPACE, 0.5)
    assert found.document_ids == ("b", "a", "c")
    assert [hit.score for hit in found.hits] == [0.6 + 0.375, 0.9, 0.3]
    assert [hit.rank for hit in found.hits] == [1, 2, 3]
    assert {hit.document_id: hit.contributions for hit in found.hits} == {
        "a": (INNER, Contribution(FEATURE, 0.0, 0.0)),
        "b": (INNER, Contribution(FEATURE, 0.75, 0.375)),
        "c": (INNER, Contribution(FEATURE, None, 0.0)),
    }
    assert found.name == "hybrid"
    assert [hit.evidence[0].score for hit in found.hits] == [0.6, 0.9, 0.3]


def test_a_smaller_share_moves_less() -> None:
    """b: 0.6 + 0.1 x 0.75 stays behind a."""
    assert reranked(ranking(a=0.9, b=0.6), LIKES_SPACE, 0.1).document_ids == ("a", "b")


LATE = Degradation(PROFILE, "timeout")


@pytest.mark.parametrize(("profile", "missing"), [(Profile(), ()), (LATE, (LATE,))])
def test_of_whom_nothing_is_known_keeps_the_order(
    profile: Profile | Degradation, missing: tuple[Degradation, ...]
) -> None:
    """Nothing is known yet, or it could not be read, which is told: nothing is added, and nothing
    is looked at.
    """
    candidates = ranking(a=0.9, b=0.6)
    order = PersonalOrder(AsTheyCame(), Known(profile), 1.0)
    made = order.rerank(Query("x", user_id="u"), candidates, Untouched(), timeout_seconds=1.0)
    assert made.ranking is candidates
    assert made.degraded == missing


@pytest.mark.parametrize("profile", [Profile(), LIKES_SPACE, LATE])
def test_what_the_other_one_lacked_is_told_too(profile: Profile | Degradation) -> None:
    """It comes first."""
    inner, lacks = AsTheyCame(), Degradation("rerank", "error")
    inner.lacks = (lacks,)
    order = PersonalOrder(inner, Known(profile), 1.0)
    query = Query("x", user_id="u")
    made = order.rerank(query, ranking(a=0.9), DOCUMENTS, timeout_seconds=1.0)
    assert made.degraded == (lacks, LATE) if profile is LATE else (lacks,)


def test_reading_the_profile_leaves_time_for_documents() -> None:
    """Half of what there is."""
    known = Known(Profile())
    order = PersonalOrder(AsTheyCame(), known, 1.0)
    order.rerank(Query("x", user_id="u"), ranking(a=0.9), DOCUMENTS, timeout_seconds=2.0)
    assert 0 < known.within <= 1.0
    order.rerank(Query("x", user_id="u"), ranking(a=0.9), DOCUMENTS, timeout_seconds=0.0)
    assert known.within == 0.0


def test_a_document_that_could_not_be_read_stays() -> None:
    """The others move around it."""
    found = reranked(ranking(a=0.9, b=0.6, unread=0.7), LIKES_SPACE, 0.5)
    assert found.document_ids == ("b", "a", "unread")
    assert found.hits[2].score == 0.7
    assert found.hits[2].contributions == (INNER, Contribution(FEATURE, None, 0.0))


def test_no_candidates() -> None:
    """Then nobody's profile is read."""
    known = Known(LIKES_SPACE)
    order = PersonalOrder(AsTheyCame(), known, 1.0)
    query = Query("x", user_id="u")
    assert order.rerank(query, Ranking("hybrid"), {}, timeout_seconds=1.0) == Reranked(
        Ranking("hybrid")
    )
    assert known.asked == []


SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=1)


@given(SCORES, st.floats(0, 1))
def test_a_query_without_a_person_is_never_changed(scores: dict[str, float], share: float) -> None:
    """Whatever anybody likes, and whatever it would count; nobody's profile is read."""
    candidates, known = ranking(**scores), Known(LIKES_SPACE)
    order = PersonalOrder(AsTheyCame(), known, share)
    made = order.rerank(Query("x"), candidates, Untouched(), timeout_seconds=1.0)
    assert made.ranking is candidates
    assert known.asked == []


@given(SCORES, st.floats(0, 1))
def test_a_persons_order_is_the_same_documents(scores: dict[str, float], share: float) -> None:
    """Each score rises by what its last contribution says, which is at most the share."""
    candidates = ranking(**scores)
    found = reranked(candidates, LIKES_SPACE, share)
    assert sorted(found.document_ids) == sorted(candidates.document_ids)
    for hit in found.hits:
        added = hit.contributions[-1].contribution
        assert 0 <= added <= share
        assert hit.score == scores[hit.document_id] + added
