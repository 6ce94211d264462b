"""What is to be judged: the best documents of several runs, put together, their origin left out.

K. Sparck Jones, C. van Rijsbergen, "Report on the need for and provision of an 'ideal' information
retrieval test collection", 1975: whoever judges only what one engine finds will find that engine
the best.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import NamedTuple

from tandem.errors import InputError
from tandem.judgments import Qrels, Run

MAXIMUM_QUERIES = 10_000
MAXIMUM_DOCUMENTS = 1_000
"""How many documents a query of a pool may have: nobody looks at more."""


class PoolError(InputError):
    """A pool cannot be made of what was given."""

    code = "bad_pool"


class AskedQuery(NamedTuple):
    """A query and what whoever typed it wants to know; "" where nobody has written that down."""

    text: str
    intent: str = ""


@dataclass(frozen=True, slots=True)
class PooledQuery:
    """A query and what is to be judged for it. The documents stand by id: that order says nothing
    of who found them.
    """

    query_id: str
    text: str
    intent: str
    document_ids: tuple[str, ...]
    documents: frozenset[str] = field(init=False, repr=False, compare=False)
    """The same, to be asked whether one is among them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "documents", frozenset(self.document_ids))


@dataclass(frozen=True, slots=True)
class Pool:
    """The queries by id, in the order in which they are judged. ``seed`` is that of every rater's
    shuffling; ``runs`` are the names of what was pooled, ``depth`` documents a query of each.
    """

    seed: int
    depth: int
    runs: tuple[str, ...]
    queries: Mapping[str, PooledQuery]

    @property
    def document_count(self) -> int:
        """How many documents there are to judge, each once a query."""
        return sum(len(query.document_ids) for query in self.queries.values())


class Share(NamedTuple):
    """What one run has given to a pool: documents over all queries, and those that no other run has
    given. ``lacking`` are queries for which it has found nothing, ``unasked`` those it answers that
    are not to be judged.
    """

    run: str
    documents: int
    alone: int
    lacking: int
    unasked: int


def pool_runs(
    queries: Mapping[str, AskedQuery],
    runs: Mapping[str, Run],
    *,
    depth: int,
    seed: int = 0,
    judged: Qrels | None = None,
) -> Pool:
    """The ``depth`` best documents of every run, for every query. What ``judged`` has a grade for
    is left out, and so is a query for which nothing is left.

    Raises:
        PoolError: nothing is left at all, or more than a pool may hold.
    """
    known = judged or {}
    pooled = {}
    for query_id, asked in queries.items():
        grades = known.get(query_id, {})
        found = {
            document_id
            for run in runs.values()
            for document_id in _best(run, query_id, depth)
            if grades.get(document_id) is None
        }
        if found:
            pooled[query_id] = PooledQuery(query_id, *asked, tuple(sorted(found)))
    return checked(Pool(seed, depth, tuple(runs), pooled))


def shares(
    queries: Mapping[str, AskedQuery], runs: Mapping[str, Run], *, depth: int
) -> list[Share]:
    """What each run gives; a run that adds nothing alone need not have been pooled."""
    totals, alone, lacking = Counter[str](), Counter[str](), Counter[str]()
    for query_id in queries:
        given = {name: set(_best(run, query_id, depth)) for name, run in runs.items()}
        count = Counter(document_id for found in given.values() for document_id in found)
        for name, found in given.items():
            totals[name] += len(found)
            lacking[name] += not found
            alone[name] += sum(count[document_id] == 1 for document_id in found)
    return [
        Share(name, totals[name], alone[name], lacking[name], len(run.keys() - queries.keys()))
        for name, run in runs.items()
    ]


def joined(old: Pool, new: Pool) -> Pool:
    """The old pool with what the new one adds, so that ratings of the old one stay good: its seed,
    its order, its words where both have a query.

    Raises:
        PoolError: there is more than a pool may hold.
    """
    queries = dict(old.queries)
    for query_id, added in new.queries.items():
        before = queries.get(query_id, added)
        documents = tuple(sorted({*before.document_ids, *added.document_ids}))
        queries[query_id] = replace(
            before, intent=before.intent or added.intent, document_ids=documents
        )
    runs = tuple(dict.fromkeys((*old.runs, *new.runs)))
    return checked(Pool(old.seed, max(old.depth, new.depth), runs, queries))


def shuffled(pool: Pool, query_id: str, rater: str) -> Sequence[str]:
    """The documents of a query as one rater sees them: in an order of their own, the same each
    time, which a document that is added later does not change for the others.
    """

    def lot(document_id: str) -> bytes:
        parts = (str(pool.seed), rater, query_id, document_id)
        digest = blake2b(digest_size=16)
        for part in parts:
            encoded = part.encode()
            digest.update(len(encoded).to_bytes(4, "big") + encoded)
        return digest.digest()

    return sorted(pool.queries[query_id].document_ids, key=lot)


def checked(pool: Pool) -> Pool:
    """The pool, if it may be one.

    Raises:
        PoolError: it is empty, or holds more than a pool may.
    """
    if not pool.queries:
        raise PoolError(
            "there is nothing to judge: no run has found anything new for any query",
            hint="compare the ids of the queries with those of the runs, or pool deeper",
        )
    if len(pool.queries) > MAXIMUM_QUERIES:
        raise PoolError(
            f"{len(pool.queries):,} queries, a pool has at most {MAXIMUM_QUERIES:,}",
            hint="judge a sample of them",
        )
    most = max(pool.queries.values(), key=lambda query: len(query.document_ids))
    if len(most.document_ids) > MAXIMUM_DOCUMENTS:
        raise PoolError(
            f"query {most.query_id!r} has {len(most.document_ids):,} documents, at most "
            f"{MAXIMUM_DOCUMENTS:,} are judged",
            hint="pool fewer runs, or less deep",
        )
    return pool


def _best(run: Run, query_id: str, depth: int) -> Sequence[str]:
    ranking = run.get(query_id)
    return () if ranking is None else ranking.document_ids[:depth]
