"""How many documents a search has found, and their facets: one set, the same on every page.

It is what the words match under the filters, together with the candidates that only meaning found.
"""

from functools import partial

from query.arrangement import Arrangement
from query.clock import Clock
from query.configurations import LEXICAL
from query.legs import Questions
from query.parts import Parts
from query.understanding import Understood
from tandem.lexical import Matching, Tally
from tandem.rankings import REBUILDING, Degradation, Hit

FACETS = "facets"
"""What a reply lacks where nothing could be counted."""

Counted = tuple[Tally | None, tuple[Degradation, ...]]


def tally(
    parts: Parts, understood: Understood, ordered: Arrangement, questions: Questions, clock: Clock
) -> Counted:
    """Count what the query has found; ``questions`` are those that were answered. ``None`` where
    the lexical leg is missing or incomplete, or does not say in time. What rules hide is not
    counted.
    """
    matching = Matching(None)
    if LEXICAL in parts.configuration.legs:
        if questions.lexical is None or LEXICAL in parts.incomplete:
            return None, ()  # the reply names the leg already
        matching = questions.lexical.matching()
    others = tuple(hit.document_id for hit in ordered.ranking.hits if not _is_matched(hit))
    if matching.text is None and not understood.facets:
        return Tally(len(others), {}), ()
    without = ordered.hidden.union(matching.without)
    counting = matching._replace(also=others, without=tuple(without))
    return counted(parts, understood, counting, clock)


def counted(parts: Parts, understood: Understood, matching: Matching, clock: Clock) -> Counted:
    """Ask the lexical index how many documents that are."""
    if LEXICAL in parts.incomplete:
        return None, (Degradation(FACETS, REBUILDING),)
    deadline, facets = clock.tally(), understood.facets
    seconds = deadline.remaining_seconds()
    call = partial(parts.legs.lexical.tally, matching, understood.filters, facets, seconds)
    answers = parts.pools.ask({LEXICAL: call}, deadline, is_counted=False)
    return answers.by_leg.get(LEXICAL), tuple(
        Degradation(FACETS, part.reason) for part in answers.degraded
    )


def _is_matched(hit: Hit) -> bool:
    """Whether the lexical leg returned it."""
    return any(part.leg == LEXICAL and part.rank is not None for part in hit.evidence)
