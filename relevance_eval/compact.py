"""A run of millions of hits in little memory.

A ``Hit`` with its id takes about 250 bytes; of 10,000 queries with 1,000 hits each that is 2.5 GB.
Here a hit takes its id's letters and 11 bytes more, and becomes a ``Hit`` when it is asked for.
"""

from array import array
from collections.abc import Iterator, MutableMapping, Sequence
from typing import NamedTuple

import orjson

from tandem.judgments import Run
from tandem.rankings import Hit, Ranking


class _Packed(NamedTuple):
    name: str
    document_ids: bytes
    scores: bytes


class CompactRun(MutableMapping[str, Ranking]):
    """query_id -> ranking, made anew at each look. Evidence and contributions are not kept."""

    def __init__(self) -> None:
        self._packed: dict[str, _Packed] = {}

    def add(
        self, query_id: str, document_ids: Sequence[str], scores: Sequence[float], name: str = "run"
    ) -> None:
        """A query's list, best first, without making hits of it.

        Raises:
            ValueError: there are not as many scores as ids.
        """
        if len(document_ids) != len(scores):
            raise ValueError(f"{len(document_ids)} documents with {len(scores)} scores")
        packed = _Packed(name, orjson.dumps(list(document_ids)), array("d", scores).tobytes())
        self._packed[query_id] = packed

    def document_ids(self, query_id: str) -> list[str]:
        """A query's documents, best first, without making hits of them."""
        found: list[str] = orjson.loads(self._packed[query_id].document_ids)
        return found

    def __getitem__(self, query_id: str) -> Ranking:
        packed = self._packed[query_id]
        scores = array("d")
        scores.frombytes(packed.scores)
        document_ids = self.document_ids(query_id)
        return Ranking(
            packed.name, tuple(map(Hit, document_ids, range(1, len(scores) + 1), scores))
        )

    def __setitem__(self, query_id: str, ranking: Ranking) -> None:
        scores = [hit.score for hit in ranking.hits]
        self.add(query_id, ranking.document_ids, scores, ranking.name)

    def __delitem__(self, query_id: str) -> None:
        del self._packed[query_id]

    def __contains__(self, query_id: object) -> bool:
        """Without it, a mapping would make a ranking to see whether it is there."""
        return query_id in self._packed

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


def documents_of(run: Run, query_id: str) -> Sequence[str]:
    """The documents that a run has for a query, best first; none where it lacks the query."""
    if query_id not in run:
        return ()
    if isinstance(run, CompactRun):
        return run.document_ids(query_id)
    return run[query_id].document_ids
