"""Taking documents out of an OpenSearch index so that any version can be written next.

OpenSearch refuses every version below the one that it knows, and it knows a deleted document's for
as long as ``index.gc_deletes`` says. What others wrote or deleted past Tandem counted that version
up, so the log's own sequence would be refused. Here documents are deleted whatever their version,
and the deletes are forgotten: the setting is 0 for a moment, and a refresh clears them away.

Meanwhile a follower may have a newer version refused, or deleted; whoever forgets reads the log
after that and writes its newest state (``indexer.redo``).
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from tandem.engines.opensearch_bulk import Asking
from tandem.engines.opensearch_client import root_cause
from tandem.engines.opensearch_mapping import GC_DELETES, engine_id
from tandem.engines.opensearch_reader import parts
from tandem.errors import EngineError, EngineUnavailable

SECONDS = 60.0
IDS_AT_ONCE = 500
ATTEMPTS = 8
PAUSE_SECONDS = 0.3
"""A node's clock for this moves every 0.2 seconds."""


def forget(
    server: Asking,
    alias: str,
    document_ids: Collection[str],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Delete the documents, and what is known of their versions.

    Raises:
        EngineError: it did not go well; some may be deleted.
    """
    ids = [engine_id(document_id) for document_id in document_ids]
    if not ids:
        return
    for some in parts(ids, IDS_AT_ONCE):
        _deleted(server, alias, some, {})
    _keep_deletes(server, alias, "0s")
    try:
        _cleared(server, alias, ids, sleep)
    finally:
        _keep_deletes(server, alias, GC_DELETES)


def _cleared(
    server: Asking, alias: str, ids: Sequence[str], sleep: Callable[[float], None]
) -> None:
    """Wait until the deletes are forgotten. What a follower has written meanwhile looks as if it
    were not, so this ends without an error; who repairs judges the documents again.
    """
    known = list(ids)
    for _ in range(ATTEMPTS):
        sleep(PAUSE_SECONDS)
        server.ask(f"POST /{alias}/_refresh", seconds=SECONDS)
        # The lowest version there is: refused where any is known, and itself in nobody's way.
        lowest = {"version": 0, "version_type": "external_gte"}
        known = [
            refused
            for some in parts(known, IDS_AT_ONCE)
            for refused in _deleted(server, alias, some, lowest)
        ]
        if not known:
            return


def _keep_deletes(server: Asking, alias: str, how_long: str) -> None:
    server.ask(f"PUT /{alias}/_settings", {"index.gc_deletes": how_long}, seconds=SECONDS)


def _deleted(
    server: Asking, alias: str, ids: Sequence[str], version: Mapping[str, Any]
) -> list[str]:
    """Delete documents; those of which a higher version is known.

    Raises:
        EngineUnavailable: the server has too much to do.
        EngineError: it cannot delete here.
    """
    lines = [orjson.dumps({"delete": {"_id": id_, **version}}) for id_ in ids]
    answer = server.ask(
        f"POST /{alias}/_bulk",
        b"\n".join([*lines, b""]),
        params={"require_alias": "true", "filter_path": "items.*.status,items.*.error"},
        seconds=SECONDS,
    )
    refused = []
    for id_, item in zip(ids, answer["items"], strict=True):
        outcome = item["delete"]
        if outcome.get("error") is None:
            continue
        if outcome["status"] != 409:
            kind = EngineUnavailable if outcome["status"] in (429, 503) else EngineError
            raise kind(
                f"OpenSearch at {server.shown} did not delete {id_!r} in {alias}: "
                f"{outcome['status']} {root_cause(outcome)}",
                hint="see whether the server is well, and repair again",
            )
        refused.append(id_)
    return refused
