"""Judgments and runs, the two inputs of every evaluation."""

from collections.abc import Mapping

from tandem.rankings import Ranking

Qrels = Mapping[str, Mapping[str, int | None]]
"""query_id -> document_id -> grade. ``None`` = unjudged, 0 = judged bad. TREC: relevance."""

Run = Mapping[str, Ranking]
"""query_id -> ranking. A query without hits has an empty ranking; it is not left out."""
