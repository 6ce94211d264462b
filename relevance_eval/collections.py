"""Queries and judgments of a collection in BEIR's layout."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tandem.errors import SourceError
from tandem.judgments import Qrels


@dataclass(frozen=True, slots=True)
class QuerySet:
    """Query texts by id, and the grades of one split. Every judged query has a text."""

    name: str
    queries: Mapping[str, str]
    qrels: Qrels


def read_beir(folder: Path, split: str = "test") -> QuerySet:
    """``queries.jsonl`` and ``qrels/SPLIT.tsv`` of a BEIR folder; judged queries only.

    Raises:
        SourceError: a file is missing or malformed, or a judged query has no text.
    """
    qrels: dict[str, dict[str, int | None]] = {}
    for place, columns in _rows(folder / "qrels" / f"{split}.tsv"):
        try:
            query_id, document_id, grade = columns
            qrels.setdefault(query_id, {})[document_id] = int(grade)
        except ValueError:
            raise SourceError(
                f"{place}: expected query-id, corpus-id and a whole number, separated by tabs"
            ) from None
    texts = {str(query["_id"]): str(query["text"]) for query in _queries(folder / "queries.jsonl")}
    without_text = sorted(qrels.keys() - texts.keys())
    if without_text:
        raise SourceError(
            f"{folder}: {len(without_text)} judged queries have no text, {without_text[0]!r} first"
        )
    return QuerySet(folder.name, {query_id: texts[query_id] for query_id in qrels}, qrels)


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    for number, line in enumerate(_lines(path), start=1):
        columns = line.rstrip("\n").split("\t")
        is_header = number == 1 and columns[-1:] == ["score"]
        if not is_header and line.strip():
            yield f"{path}:{number}", columns


def _queries(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(path), start=1):
        try:
            query = orjson.loads(line)
            query["_id"], query["text"]
        except (ValueError, KeyError, TypeError):
            raise SourceError(
                f'{path}:{number}: expected a JSON object with "_id" and "text"'
            ) from None
        yield query


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8") as file:
            yield from file
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}, expected a BEIR folder") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8 at byte {error.start}") from None
