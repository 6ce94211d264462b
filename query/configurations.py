"""Which stages a search runs through. Each named configuration shows one stage's own list."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tandem.errors import QueryError
from tandem.fusion import LegFusion

LEXICAL: Final = "lexical"
VECTOR: Final = "vector"
DEFAULT = "hybrid"

_STAGES = {
    "lexical": ((LEXICAL,), False),
    "semantic": ((VECTOR,), False),
    "rrf": ((LEXICAL, VECTOR), False),
    "hybrid": ((LEXICAL, VECTOR), True),
}
CONFIGURATIONS = tuple(_STAGES)
"""The names of the four lists that a search can show."""


@dataclass(frozen=True, slots=True)
class SearchConfiguration:
    """``legs`` are asked for ``depth`` documents each; their fusion keeps ``depth`` candidates.

    ``budget_ms`` is the deadline of both legs and of completion, in milliseconds.
    """

    name: str
    legs: tuple[str, ...] = (LEXICAL, VECTOR)
    fusion: Mapping[str, LegFusion] = field(
        default_factory=lambda: {LEXICAL: LegFusion(), VECTOR: LegFusion()}
    )
    depth: int = 100
    rerank: bool = True
    budget_ms: float = 1_000.0


def configurations(
    fusion: Mapping[str, LegFusion], *, depth: int, budget_ms: float
) -> dict[str, SearchConfiguration]:
    """The four lists that a search can show, by name."""
    return {
        name: SearchConfiguration(name, legs, fusion, depth, rerank, budget_ms)
        for name, (legs, rerank) in _STAGES.items()
    }


def is_reranked(name: str) -> bool:
    """Whether a reranker orders what the configuration finds; not of one that is unknown."""
    return _STAGES.get(name, ((), False))[1]


def named(known: Mapping[str, SearchConfiguration], name: str) -> SearchConfiguration:
    """The configuration of that name.

    Raises:
        QueryError: there is none; the message lists those there are.
    """
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    raise QueryError(
        f"there is no configuration {name!r}, expected one of {', '.join(known)}",
        field="configuration",
        hint=f"did you mean {close[0]!r}?" if close else "",
    )
