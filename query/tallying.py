"""How many documents a search has found, and their facets: one set, the same on every page.

It is what the words match under the filters, together with the candidates that only meaning found:
also those that the lexical index lacks, as it lags behind the other one or has refused them.
"""

from functools import partial
from typing import Final

from query.arrangement import Arrangement
from query.clock import Clock
from query.configurations import LEXICAL
from query.legs import Questions, WordLeg
from query.parts import Parts
from query.retrieval import Deadline
from query.understanding import Understood
from tandem.lexical import Matching, Tally
from tandem.rankings import REBUILDING, Degradation, Hit

FACETS: Final = "facets"
"""What a reply lacks where nothing could be counted, or not everything."""

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
    """Ask the lexical index how many documents that are. What it lacks of ``matching.also`` is in
    the total, but in no facet, which is told.
    """
    if LEXICAL in parts.incomplete:
        return None, (Degradation(FACETS, REBUILDING),)
    deadline = clock.tally()
    call = partial(_count, parts.legs.lexical, understood, matching, deadline)
    answers = parts.pools.ask({LEXICAL: call}, deadline, is_counted=False)
    if answers.degraded:
        return None, tuple(Degradation(FACETS, part.reason) for part in answers.degraded)
    found, lacking = answers.by_leg[LEXICAL]
    is_short = lacking > 0 and bool(understood.facets)
    uncounted = (Degradation(FACETS, "unavailable"),) if is_short else ()
    return found._replace(total=found.total + lacking), uncounted


def _count(
    leg: WordLeg, understood: Understood, matching: Matching, deadline: Deadline
) -> tuple[Tally, int]:
    """What the index counts, and how many it lacks of ``also``, none of which is in ``without``."""
    filters, facets = understood.filters, understood.facets
    found = leg.tally(matching, filters, facets, deadline.remaining_seconds())
    if not matching.also:
        return found, 0
    held = found
    if matching.text is not None:
        alone = Matching(None, also=matching.also)
        held = leg.tally(alone, filters, (), deadline.remaining_seconds())
    return found, len(matching.also) - held.total


def _is_matched(hit: Hit) -> bool:
    """Whether the lexical leg returned it."""
    return any(part.leg == LEXICAL and part.rank is not None for part in hit.evidence)
