"""What a pipeline is made of, handed to each of its stages."""

from dataclasses import dataclass

from query.configurations import SearchConfiguration
from query.documents import DocumentSource
from query.frozen import FrozenPages
from query.legs import Legs
from query.retrieval import LegPools
from query.rules import NO_RULES, Rules
from tandem.protocols import Reranker
from tandem.schema import Schema


@dataclass(frozen=True, slots=True)
class Parts:
    """One release and one configuration. Without ``frozen`` a search has one page. ``rules`` are
    those in force; ``corrects``: typing errors are corrected where words find little.
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
