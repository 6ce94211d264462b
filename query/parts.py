"""What a pipeline is made of, handed to each of its stages."""

from collections.abc import Collection
from dataclasses import dataclass

from query.configurations import LEXICAL, VECTOR, SearchConfiguration
from query.documents import DocumentSource
from query.frozen import FrozenPages
from query.legs import Legs
from query.retrieval import LegPools
from query.rules import NO_RULES, Rules
from tandem.protocols import Explainer, Reranker
from tandem.rankings import REBUILDING, Degradation, Part
from tandem.schema import Schema

LEGS: tuple[Part, ...] = (LEXICAL, VECTOR)


@dataclass(frozen=True, slots=True)
class Parts:
    """One release and one configuration. Without ``frozen`` a search has one page. ``rules`` are
    those in force; ``corrects``: typing errors are corrected where words find little.
    ``incomplete`` are the legs that are being built again: what they find is but a part.
    ``explainer`` says what the release's model saw, where it has one.
    """

    release: int
    schema: Schema
    configuration: SearchConfiguration
    legs: Legs
    pools: LegPools
    reranker: Reranker
    documents: DocumentSource
    frozen: FrozenPages | None = None
    rules: Rules = NO_RULES
    corrects: bool = True
    incomplete: frozenset[str] = frozenset()
    explainer: Explainer | None = None

    def rebuilding(self, legs: Collection[str]) -> tuple[Degradation, ...]:
        """What an answer says of those legs that are just being built again."""
        told = self.incomplete.intersection(legs)
        return tuple(Degradation(leg, REBUILDING) for leg in LEGS if leg in told)
