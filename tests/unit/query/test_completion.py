"""Completion asks for what is missing, and holds nothing against a leg."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from query.completion import complete
from query.legs import Question
from query.retrieval import Deadline, LegPools, search_pools
from tandem.errors import EngineUnavailable
from tandem.filters import Filter
from tandem.fusion import LegFusion, reciprocal_rank_fusion
from tandem.rankings import Degradation, Part, Ranking, Reason

LEGS = {"lexical": LegFusion(), "vector": LegFusion()}


@dataclass
class Scores:
    """A ``Question`` that has a score of 0.5 for everything."""

    on_score: Callable[[], None] = lambda: None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def retrieve(self, filters: Sequence[Filter], limit: int, timeout_seconds: float) -> Ranking:
        """Not asked."""
        raise NotImplementedError

    def score(self, document_ids: Collection[str], timeout_seconds: float) -> Mapping[str, float]:
        """See ``Question``."""
        self.asked.append(tuple(document_ids))
        self.on_score()
        return dict.fromkeys(document_ids, 0.5)


@pytest.fixture
def pools() -> Iterator[LegPools]:
    """As a collection has them."""
    opened = search_pools(2)
    yield opened
    opened.close()


def candidates() -> Ranking:
    """Words found a, meaning found b."""
    found = (("lexical", "a"), ("vector", "b"))
    rankings = [Ranking.from_scores(leg, [(name, 1.0)]) for leg, name in found]
    return reciprocal_rank_fusion(rankings, LEGS, limit=10)


def is_down() -> None:
    """An engine that cannot be reached."""
    raise EngineUnavailable("down")


def test_each_leg_is_asked_for_what_the_other_found(pools: LegPools) -> None:
    """And every candidate has every leg's score then."""
    words, meaning = Scores(), Scores()
    completed, late = complete(
        candidates(), {"lexical": words, "vector": meaning}, pools, Deadline.after_ms(10_000)
    )
    assert (words.asked, meaning.asked, late) == ([("b",)], [("a",)], ())
    assert all(part.score is not None for hit in completed.hits for part in hit.evidence)


@pytest.mark.parametrize("budget_ms", [0, 10_000])
def test_it_shuts_no_leg(pools: LegPools, budget_ms: float) -> None:
    """However often it begins without time, or fails: the leg is asked by the next query."""
    questions: dict[Part, Question] = {"lexical": Scores(is_down), "vector": Scores(is_down)}
    reason: Reason = "unavailable" if budget_ms else "timeout"
    for _ in range(10):
        _, late = complete(candidates(), questions, pools, Deadline.after_ms(budget_ms))
        assert late == (Degradation("completion", reason),)
    answers = pools.ask({"lexical": lambda: 1, "vector": lambda: 2}, Deadline.after_ms(10_000))
    assert answers.degraded == ()
