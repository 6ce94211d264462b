"""A pool as a file: JSON lines, a head and then a query each. Written whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from relevance_eval.judging.pool import Pool, PooledQuery
from tandem.errors import SourceError

FORMAT = "tandem-pool-1"
EXPECTED_HEAD = f'expected {{"format": "{FORMAT}", "seed": …, "depth": …, "runs": […]}}'
EXPECTED_QUERY = 'expected "query_id", "text", "intent" and "document_ids", a list of texts'


def write_pool(pool: Pool, path: Path) -> None:
    """Put the pool there, in the place of an earlier one; durable on return.

    Raises:
        SourceError: it cannot be written; what was there before still is.
    """
    head = {"format": FORMAT, "seed": pool.seed, "depth": pool.depth, "runs": pool.runs}
    lines: list[Mapping[str, Any]] = [head]
    lines += [
        {
            "query_id": query.query_id,
            "text": query.text,
            "intent": query.intent,
            "document_ids": query.document_ids,
        }
        for query in pool.queries.values()
    ]
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.writelines(orjson.dumps(line) + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SourceError(
            f"{path}: the pool cannot be written: {error.strerror}",
            hint="name another data folder with --data-dir, or make room there",
        ) from None


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, as ``fsync`` has the content of a file."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def read_pool(path: Path) -> Pool:
    """The pool that ``write_pool`` put there.

    Raises:
        SourceError: there is none, or a line, which is named, is not what it must be.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SourceError(
            f"{path}: the pool cannot be read: {error.strerror}", hint="make one: tandem eval pool"
        ) from None
    head = _object(path, 1, lines[0] if lines else b"", EXPECTED_HEAD)
    if head.get("format") != FORMAT:
        raise _fault(path, 1, EXPECTED_HEAD)
    queries: dict[str, PooledQuery] = {}
    for number, line in enumerate(lines[1:], start=2):
        query = _query(path, number, line)
        if query.query_id in queries:
            raise _fault(path, number, f"query {query.query_id!r} stands there twice")
        queries[query.query_id] = query
    try:
        runs = tuple(str(name) for name in head["runs"])
        return Pool(int(head["seed"]), int(head["depth"]), runs, queries)
    except (KeyError, TypeError, ValueError):
        raise _fault(path, 1, EXPECTED_HEAD) from None


def _query(path: Path, number: int, line: bytes) -> PooledQuery:
    data = _object(path, number, line, EXPECTED_QUERY)
    texts = [data.get(name) for name in ("query_id", "text", "intent")]
    documents = data.get("document_ids")
    if not isinstance(documents, list) or not all(
        isinstance(item, str) for item in (*texts, *documents)
    ):
        raise _fault(path, number, EXPECTED_QUERY)
    query_id, text, intent = map(str, texts)
    return PooledQuery(query_id, text, intent, tuple(documents))


def _object(path: Path, number: int, line: bytes, expected: str) -> dict[str, Any]:
    try:
        data = orjson.loads(line)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise _fault(path, number, expected)
    return data


def _fault(path: Path, number: int, reason: str) -> SourceError:
    return SourceError(f"{path}:{number}: {reason}", hint="make the pool anew: tandem eval pool")
