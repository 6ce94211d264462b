"""The queries that an evaluation asks: those of a judgment list, all or a drawn part of them."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from relevance_eval.findings import Finding
from relevance_eval.formats.registry import read_askable
from tandem.errors import InputError, QueryError
from tandem.judgments import Qrels


@dataclass(frozen=True, slots=True)
class QuerySet:
    """What is asked and how it is judged. ``seed`` and ``sample`` say how it was drawn from the
    whole list, where only so many queries are taken.
    """

    name: str
    queries: Mapping[str, str]
    qrels: Qrels
    findings: tuple[Finding, ...] = ()
    seed: int = 0
    sample: int | None = None

    def about(self) -> dict[str, Any]:
        """What tells it from others: its texts, as judgments may grow after a run."""
        told = orjson.dumps(dict(self.queries), option=orjson.OPT_SORT_KEYS)
        return {
            "query_set": {
                "name": self.name,
                "queries": len(self.queries),
                "fingerprint": sha256(told).hexdigest()[:16],
            },
            "seed": self.seed,
            "sample": self.sample,
        }

    def drawn(self, sample: int | None, seed: int) -> "QuerySet":
        """That many queries, drawn at random; in their order, and all where there are no more."""
        if sample is None or sample >= len(self.queries):
            return self
        chosen = set(random.Random(seed).sample(sorted(self.queries), sample))  # noqa: S311
        return QuerySet(
            self.name,
            {name: text for name, text in self.queries.items() if name in chosen},
            {name: grades for name, grades in self.qrels.items() if name in chosen},
            self.findings,
            seed,
            sample,
        )


def read_query_set(path: Path, format_name: str | None, check: Callable[[str], None]) -> QuerySet:
    """A judgment list whose queries can be asked. ``check`` refuses a text that cannot.

    Raises:
        SourceError: the file is malformed or empty, or a query has no text.
        InputError: a query cannot be asked; the message names it.
    """
    judged = read_askable(path, format_name)
    for query_id, text in judged.queries.items():
        try:
            check(text)
        except QueryError as error:
            raise InputError(
                f"{path}: query {query_id!r} cannot be asked: {error}",
                hint="correct its text, or take it out of the list",
            ) from None
    return QuerySet(judged.name, judged.queries, judged.qrels, judged.findings)
