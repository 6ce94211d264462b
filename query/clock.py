"""The time of one query: when it must be over, and what took how long."""

from dataclasses import dataclass, field

from query.retrieval import Deadline
from tandem.telemetry import Stopwatch

SHARE_FOR_LEGS = 0.8
"""How much of a query's time the legs may use up: the rest is for the order and the page."""

SHARE_FOR_RERANKING = 0.3
"""How much of what is left then the last word on the order may use up, for what it reads."""

SHARE_FOR_ARRANGEMENT = 0.3
"""How much of what is left then the documents that rules name may use up."""

SHARE_FOR_TALLY = 0.5
"""How much of what is left then counting may use up."""

SHARE_FOR_DOCUMENTS = 0.6
"""How much of what is left then the page's documents may use up: the rest is for highlights."""


@dataclass(frozen=True, slots=True)
class Clock:
    """``whole`` is the query's deadline, ``legs`` that of what the legs are asked for the order."""

    whole: Deadline
    legs: Deadline
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @classmethod
    def start(cls, budget_ms: float) -> "Clock":
        """From now on."""
        whole = Deadline.after_ms(budget_ms)
        return cls(whole, whole.earlier(SHARE_FOR_LEGS))

    def reranking(self) -> Deadline:
        """When the last word on the order, which begins now, must be said: also where a leg has
        used up its time.
        """
        return self.whole.earlier(SHARE_FOR_RERANKING)

    def arrangement(self) -> Deadline:
        """When reading what rules need, which begins now, must be over: also a query whose legs
        have used up their time has its pins.
        """
        return self.whole.earlier(SHARE_FOR_ARRANGEMENT)

    def tally(self) -> Deadline:
        """When counting, which begins now, must be over: a leg that has used up its time takes
        nothing from the other one's count.
        """
        return self.whole.earlier(SHARE_FOR_TALLY)

    def documents(self) -> Deadline:
        """When fetching the page's documents, which begins now, must be over."""
        return self.whole.earlier(SHARE_FOR_DOCUMENTS)
