"""Bulk indexing beside opensearch-py's: ``python -m benchmarks.bulk [--json] [--documents N]``.

Tandem's side is ``OpenSearchIndex.apply`` on changes that are read already, in batches as the
follower gives them. The other is ``opensearchpy.helpers.parallel_bulk`` of the same sources, made
beforehand, into an index with the same mapping, with the helper's own settings. They take turns,
each first in every other round. Both end with a refresh. The server is the one in
``TANDEM_TEST_OPENSEARCH_URL``, or else the tests' own node.
"""

import itertools
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any
from uuid import uuid4

import opensearchpy
import orjson
from opensearchpy.helpers import parallel_bulk

from benchmarks.common import leave_with, parser, show
from indexer.writers import LexicalWriter
from tandem.analysis import ENGLISH
from tandem.documents import AttributeValue, Change, Document
from tandem.engines.opensearch_mapping import upsert_lines
from tandem.engines.opensearch_store import OpenSearchStore
from tandem.fields import Field, FieldType
from tandem.lexical import LexicalIndex
from tandem.schema import Schema
from tests.services.opensearch.node import OpenSearchNode, wanted_version
from tests.services.opensearch.session import URL

SCHEMA = Schema.of([Field("genre", FieldType.KEYWORD), Field("year", FieldType.INTEGER)])
BATCH = LexicalWriter.batch_size
WORDS = 20_000
GOAL = 0.9


def made_changes(count: int) -> list[Change]:
    """Documents of about 120 words of a skewed vocabulary, as upserts."""
    chance = random.Random(7)  # noqa: S311 - no secret
    vocabulary = [
        "".join(chance.choices("etaoinshrdlucmfwypvbgk", k=chance.randint(3, 10)))
        for _ in range(WORDS)
    ]
    worth = list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))
    changes = []
    for sequence in range(1, count + 1):
        words = chance.choices(vocabulary, cum_weights=worth, k=chance.randint(60, 180))
        attributes: dict[str, AttributeValue] = {"genre": words[0], "year": 1_900 + sequence % 120}
        document = Document(
            f"document-{sequence}", " ".join(words[:6]), " ".join(words), attributes
        )
        changes.append(Change(sequence, document.document_id, document))
    return changes


def tandem_seconds(index: LexicalIndex, changes: Sequence[Change]) -> float:
    """How long Tandem takes."""
    started = time.perf_counter()
    for start in range(0, len(changes), BATCH):
        assert not index.apply(changes[start : start + BATCH])
    index.refresh()
    return time.perf_counter() - started


def helper_seconds(client: Any, index: str, actions: Sequence[dict[str, Any]]) -> float:
    """How long opensearch-py's helper takes."""
    started = time.perf_counter()
    for succeeded, told in parallel_bulk(client, actions, index=index):
        assert succeeded, told
    client.indices.refresh(index=index)
    return time.perf_counter() - started


def actions_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The same documents as the helper wants them, with the same versions."""
    actions = []
    for change in changes:
        assert change.document is not None
        _, source = upsert_lines(SCHEMA, change, change.document).splitlines()
        actions.append(
            {
                "_id": change.document_id,
                "_source": orjson.loads(source),
                "version": change.sequence,
                "version_type": "external_gte",
            }
        )
    return actions


@contextmanager
def server() -> Iterator[str]:
    """The URL of a running server."""
    given = os.environ.get(URL)
    if given:
        yield given.removeprefix("opensearch+").rstrip("/")
        return
    with OpenSearchNode(wanted_version()) as node:
        yield node.url


def rounds(url: str, changes: Sequence[Change], count: int) -> list[tuple[float, float]]:
    """(Tandem's seconds, the helper's) of each round, after one that warms the server up."""
    actions = actions_of(changes)
    client = opensearchpy.OpenSearch(url, timeout=60)
    namespace = f"bulk-{uuid4().hex[:8]}"
    store = OpenSearchStore(f"opensearch+{url}", namespace=namespace)
    taken = []
    try:
        for number in range(count + 1):
            seconds = {}
            for side in ("tandem", "helper")[:: 1 if number % 2 else -1]:
                index = store.create(side, uuid4().hex, SCHEMA, ENGLISH)
                if side == "tandem":
                    seconds[side] = tandem_seconds(index, changes)
                else:
                    alias = f"tandem-{namespace}-{side}"
                    seconds[side] = helper_seconds(client, alias, actions)
                assert index.count() == len(changes)
                index.close()
                store.drop(side)
            taken.append((seconds["tandem"], seconds["helper"]))
    finally:
        for name in store.names():
            store.drop(name)
        store.close()
        client.close()
    return taken[1:]


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--documents", type=int, default=5_000)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    changes = made_changes(chosen.documents)
    with server() as url:
        taken = rounds(url, changes, chosen.rounds)
    ratios = [helper / own for own, helper in taken]
    figures = {
        "ratio_to_parallel_bulk": round(median(ratios), 3),
        "goal": GOAL,
        "ratios": [round(ratio, 3) for ratio in ratios],
        "tandem_documents_per_second": round(len(changes) / median(own for own, _ in taken)),
        "helper_documents_per_second": round(len(changes) / median(helper for _, helper in taken)),
        "documents": len(changes),
        "batch": BATCH,
    }
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
