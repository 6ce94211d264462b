"""What training learns beside the trees, out of what people did before the labels.

Tables that were fitted on deeds later than a query hold its labels: a model would learn to read
them there. So the first of the labelled queries make the past and nothing else.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from rerank.facts import Facts, FactsSource
from rerank.tables import Tables
from rerank.training.tables import fit_tables
from tandem.behaviour import BehaviourLog, Deed

PAST_SHARE = 0.4
"""Of the labelled queries, the first ones."""

LEAST = 200
"""With fewer left, all are trained on, and nothing is learned beside the trees."""

ROWS_A_PIECE = 10_000
DOCUMENTS_AT_ONCE = 200
FACTS_SECONDS = 60.0

END = 2**63 - 1


def past_of(moments: Sequence[int]) -> int:
    """How far the log is the past, of queries as of these moments; 0 where too few are left."""
    if not moments:
        return 0
    cut = int(np.quantile(moments, PAST_SHARE, method="higher"))
    return cut if sum(moment >= cut for moment in moments) >= LEAST else 0


def positions_at(log: BehaviourLog, moments: Sequence[float]) -> list[int]:
    """For each moment, in seconds since 1970, how far the log is before anything in it that
    happened then or later.
    """
    sequences, seconds = [0], [-np.inf]
    after = 0
    while True:
        rows, reached = log.rows(after, ROWS_A_PIECE)
        sequences += [row.sequence for row in rows]
        seconds += [row.seconds for row in rows]
        if reached == after:
            break
        after = reached
    latest = np.maximum.accumulate(np.array(seconds))
    places = np.searchsorted(latest, np.array(moments), side="left") - 1
    return [sequences[place] for place in np.maximum(places, 0)]


def fitted(log: BehaviourLog, facts: FactsSource, through: int = END) -> Tables:
    """The tables of what was done up to a position in the log, by default all of it.

    Raises:
        EngineUnavailable: the documents do not come.
    """
    deeds = [*deeds_of(log, through)]
    return fit_tables(deeds, known_of(deeds, facts))


def known_of(deeds: Sequence[Deed], facts: FactsSource) -> dict[str, Facts]:
    """What is known of the documents that deeds name.

    Raises:
        EngineUnavailable: they do not come.
    """
    ids = iter(sorted({deed.document_id for deed in deeds if deed.document_id is not None}))
    known: dict[str, Facts] = {}
    while some := [*islice(ids, DOCUMENTS_AT_ONCE)]:
        known |= facts.of(some, FACTS_SECONDS)
    return known


def deeds_of(log: BehaviourLog, through: int = END) -> Iterator[Deed]:
    """What was done up to a position in the log, by default all of it."""
    after = 0
    while after < through:
        rows, reached = log.rows(after, ROWS_A_PIECE)
        if reached == after:
            return
        for row in rows:
            if isinstance(row, Deed) and row.sequence <= through:
                yield row
        after = reached
