"""A small pool to judge."""

from relevance_eval.judging.pool import Pool, PooledQuery

POOL = Pool(
    3,
    10,
    ("words",),
    {
        "q1": PooledQuery("q1", "snow", "how it falls", ("a", "b", "c")),
        "q2": PooledQuery("q2", "rain", "", ("a",)),
    },
)
