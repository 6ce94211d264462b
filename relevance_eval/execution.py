"""Asks a searcher every query of a set."""

from collections.abc import Mapping

from tandem.judgments import Run
from tandem.protocols import Searcher
from tandem.queries import Query

DEPTH = 100
"""So many documents a query, unless told otherwise."""


def run_queries(searcher: Searcher, queries: Mapping[str, str], *, depth: int = DEPTH) -> Run:
    """The ``depth`` best documents of every query, in order of the queries.

    Raises:
        SearchUnavailable: no leg could answer a query; a run with holes would not compare.
    """
    return {
        query_id: searcher.search(
            Query(text=text, limit=depth, budget_ms=60_000, wants_highlights=False)
        ).page
        for query_id, text in queries.items()
    }
