"""A ``FactsSource`` for what needs none."""

from collections.abc import Collection, Mapping

from rerank.facts import EVERYTHING, Facts, Need, QueryWord
from tandem.protocols import FloatVector


class NoFacts:
    """Nobody may ask it for anything."""

    def of(
        self,
        document_ids: Collection[str],
        timeout_seconds: float,
        needs: Collection[Need] = EVERYTHING,
    ) -> Mapping[str, Facts]:
        """See ``FactsSource``."""
        raise AssertionError("events need no documents")

    def words(self, text: str, timeout_seconds: float) -> tuple[QueryWord, ...]:
        """See ``FactsSource``."""
        raise AssertionError("events need no words")

    def vector(self, text: str) -> FloatVector | None:
        """See ``FactsSource``."""
        raise AssertionError("events need no vector")
