"""What a pipeline is made of, handed to each of its stages."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from query.configurations import LEXICAL, VECTOR, SearchConfiguration
from query.documents import DocumentSource
from query.frozen import FrozenPages
from query.legs import Legs
from query.retrieval import LegPools
from query.rules import NO_RULES, Rules
from tandem.protocols import Explainer, Reranker
from tandem.rankings import REBUILDING, Degradation, Part
from tandem.schema import Schema

RERANK: Final = "rerank"
"""What a reply lacks where documents or people that decide the order could not be read."""

BUILT: tuple[Part, ...] = (LEXICAL, VECTOR, RERANK)
"""What may be being built again."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One release and one configuration. Without ``frozen`` a search has one page. ``rules`` are
    those in force; ``corrects``: typing errors are corrected where words find little.
    ``incomplete`` is what is being built again, legs or the order: it knows but a part.
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

    def rebuilding(self, parts: Collection[str]) -> tuple[Degradation, ...]:
        """What an answer says of those parts that are just being built again."""
        told = self.incomplete.intersection(parts)
        return tuple(Degradation(leg, REBUILDING) for leg in BUILT if leg in told)
