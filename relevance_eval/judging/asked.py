"""Queries that are to be judged, with what is meant by each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from relevance_eval.findings import Finding
from relevance_eval.formats.registry import read_askable
from relevance_eval.judging.pool import AskedQuery
from tandem.errors import FieldError, SourceError
from tandem.events import check_name
from tandem.files import LineFault, Lines
from tandem.judgments import Qrels

IDS = ("query_id", "_id")
JUDGED = {"judgments", "document_id", "grade"}
ASKED = '{"query_id": "q1", "text": "money back", "intent": "how a customer gets a refund"}'


class ToJudge(NamedTuple):
    """Queries by id, and what is judged of them already."""

    queries: Mapping[str, AskedQuery]
    qrels: Qrels
    findings: tuple[Finding, ...] = ()


def read_to_judge(path: Path, format_name: str | None = None) -> ToJudge:
    """A list of queries, or of judgments that have their queries' texts.

    A list of queries is JSON lines: an id (``query_id``, or BEIR's ``_id``), a ``text``, and an
    ``intent`` where somebody has written it down. BEIR's ``queries.jsonl`` is one.

    Raises:
        SourceError: it is missing or malformed, with the line; or judged queries have no text.
    """
    if format_name is None and path.is_file() and _is_list(path):
        return ToJudge(_read_list(path), {})
    judged = read_askable(path, format_name)
    queries = {query_id: AskedQuery(judged.queries[query_id]) for query_id in judged.qrels}
    return ToJudge(queries, judged.qrels, judged.findings)


def _is_list(path: Path) -> bool:
    """Whether the first line that is not blank is an object, and holds no judgment."""
    with Lines(path) as lines:
        try:
            first = orjson.loads(next((line for line in lines if line.strip()), b""))
        except (ValueError, LineFault):
            return False
    return isinstance(first, dict) and not JUDGED & {*first}


def _read_list(path: Path) -> dict[str, AskedQuery]:
    queries: dict[str, AskedQuery] = {}
    with Lines(path) as lines:
        try:
            for line in lines:
                if line.strip():
                    query_id, asked = _query(f"{path}:{lines.number}", line)
                    if query_id in queries:
                        raise SourceError(
                            f"{path}:{lines.number}: query {query_id!r} stands there twice",
                            hint="take one of the two lines out",
                        )
                    queries[query_id] = asked
        except LineFault as fault:
            raise SourceError(f"{path}:{lines.number}: {fault.reason}") from None
    return queries


def _query(place: str, line: bytes) -> tuple[str, AskedQuery]:
    try:
        data: Any = orjson.loads(line)
    except ValueError:
        data = None
    if isinstance(data, dict):
        query_id = next((data[name] for name in IDS if name in data), None)
        text, intent = data.get("text"), data.get("intent") or ""
        if isinstance(query_id, str | int) and isinstance(text, str) and isinstance(intent, str):
            _check_id(place, str(query_id))
            return str(query_id), AskedQuery(text, intent)
    raise SourceError(f"{place}: expected a query, such as {ASKED}")


def _check_id(place: str, query_id: str) -> None:
    try:
        check_name("query_id", query_id)
    except FieldError as error:
        raise SourceError(f"{place}: query_id: {error.reason}", hint=error.hint) from None
