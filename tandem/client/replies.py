"""What a server replies, as the words of the ground floor."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, NamedTuple

from tandem.client.errors import error_of_line
from tandem.documents import Document
from tandem.errors import TandemError
from tandem.queries import Query
from tandem.rankings import (
    Contribution,
    Correction,
    Degradation,
    Evidence,
    Highlight,
    Hit,
    Ranking,
    SearchResult,
)


class Suggestion(NamedTuple):
    """One way to end what was typed; ``kind`` is ``title`` or ``query``."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """The best first. ``degraded`` names what was not there in time."""

    items: tuple[Suggestion, ...]
    degraded: tuple[Degradation, ...]
    milliseconds: Mapping[str, float]


class Rejected(NamedTuple):
    """An event that the server did not take; ``place`` counts from 0 in what was sent."""

    place: int
    field: str | None
    message: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of events."""

    accepted: int = 0
    duplicates: int = 0
    unknown_query_ids: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()

    def and_then(self, data: Mapping[str, Any], start: int) -> "Sent":
        """With the reply to the events from ``start`` on."""
        rejected = (
            Rejected(start + item["line"] - 1, item["field"], item["message"], item["hint"])
            for item in data["rejected"]
        )
        unknown = dict.fromkeys((*self.unknown_query_ids, *data["unknown_query_ids"]))
        return Sent(
            self.accepted + data["accepted"],
            self.duplicates + data["duplicates"],
            tuple(unknown),
            (*self.rejected, *rejected),
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the log has it, and the sequence of its last change."""

    document: Document
    sequence: int


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write: ``created``, ``updated``, ``unchanged`` or ``deleted``. ``sequence``
    is that of the document's last change. ``indexed`` says of each leg whether searches find it by
    now, ``refused`` of a leg why its engine never will; ``None`` where nobody waited for that.
    """

    document_id: str
    result: str
    sequence: int
    indexed: Mapping[str, bool] | None = None
    refused: Mapping[str, str] | None = None


class WrittenLine(NamedTuple):
    """What became of one of many writes; ``place`` counts from 0 in what was sent. Either there is
    a ``result`` with its ``sequence``, as in ``Written``, or an ``error``.
    """

    place: int
    document_id: str | None
    result: str | None = None
    sequence: int | None = None
    error: TandemError | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done so that nothing is a person's any more: how many events, impressions and rows
    of features were rewritten, and in words what is not reached. Where not ``is_done``, the server
    goes on with it.
    """

    user_id: str
    is_done: bool
    events: int
    impressions: int
    features: int
    beyond_reach: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """How a server is that can answer searches. ``legs`` maps a leg to its engine, version and
    state.
    """

    collection: str
    release: int
    taken_up: bool
    catalogue: str
    rules: str
    legs: Mapping[str, Mapping[str, str]]


def readiness(data: Mapping[str, Any]) -> Readiness:
    """How a server is, of as much as it tells."""
    return Readiness(**{one.name: data[one.name] for one in fields(Readiness)})


def erased(data: Mapping[str, Any]) -> Erased:
    """What a reply says of a person's erasure."""
    counts = {name: data[name] for name in ("user_id", "events", "impressions", "features")}
    return Erased(
        **counts, is_done=data["state"] == "done", beyond_reach=tuple(data["beyond_reach"])
    )


def stored(data: Mapping[str, Any]) -> Stored:
    """The document that a reply holds."""
    return Stored(_document(data), data["sequence"])


def written(data: Mapping[str, Any]) -> Written:
    """What a reply says of a write."""
    own = {name: data[name] for name in ("document_id", "result", "sequence")}
    return Written(**own, indexed=data.get("indexed"), refused=data.get("refused"))


def written_line(data: Mapping[str, Any], start: int) -> WrittenLine | None:
    """What a line of a reply says of one of the writes from ``start`` on; ``None`` of its last one,
    which counts them.
    """
    if "summary" in data:
        return None
    place = start + data["line"] - 1
    if "error" in data:
        return WrittenLine(place, data["document_id"], error=error_of_line(data))
    return WrittenLine(place, data["document_id"], data["result"], data["sequence"])


def suggested(data: Mapping[str, Any]) -> Suggested:
    """The suggestions that a reply holds."""
    items = tuple(Suggestion(item["text"], item["kind"]) for item in data["suggestions"])
    return Suggested(items, _degraded(data), data["milliseconds"])


def _degraded(data: Mapping[str, Any]) -> tuple[Degradation, ...]:
    return tuple(Degradation(item["leg"], item["reason"]) for item in data["degraded"])


def search_result(data: Mapping[str, Any], query: Query) -> SearchResult:
    """The page that a reply holds, as an answer to the query, which gets the server's id."""
    hits = data["hits"]
    correction = data["did_you_mean"]
    return SearchResult(
        query=replace(query, query_id=data["query_id"]),
        page=Ranking(data["configuration"], tuple(map(_hit, hits))),
        documents={hit["document_id"]: _document(hit) for hit in hits if _is_read(hit)},
        configuration=data["configuration"],
        release=data["release"],
        degraded=_degraded(data),
        milliseconds=data["milliseconds"],
        total=data["total"],
        facets=_facets(data["facets"]),
        reachable=data["reachable"],
        cursor=data["cursor"],
        is_frozen=data["frozen"],
        highlights={hit["document_id"]: _highlight(hit) for hit in hits if _is_marked(hit)},
        unread=frozenset(
            hit["document_id"] for hit in hits if not hit.get("gone") and not _is_read(hit)
        ),
        correction=None if correction is None else Correction(**correction),
        notes={
            hit["document_id"]: tuple(hit["explain"]["rules"])
            for hit in hits
            if hit.get("explain", {}).get("rules")
        },
        applied=tuple(data.get("applied", ())),
        left_out=tuple(data.get("left_out", ())),
    )


def _hit(data: Mapping[str, Any]) -> Hit:
    why = data.get("explain", {"legs": (), "features": ()})
    return Hit(
        data["document_id"],
        data["rank"],
        data["score"],
        tuple(Evidence(**part) for part in why["legs"]),
        tuple(
            Contribution(part["name"], part["value"], part["contribution"])
            for part in why["features"]
        ),
    )


def _is_read(hit: Mapping[str, Any]) -> bool:
    """Whether its document was at hand: one that was not is null wherever it is told of."""
    told = [hit[name] for name in ("title", "body", "attributes") if name in hit]
    return not hit.get("gone") and (not told or any(item is not None for item in told))


def _document(hit: Mapping[str, Any]) -> Document:
    updated_at = hit.get("updated_at")
    return Document(
        hit["document_id"],
        hit.get("title") or "",
        hit.get("body") or "",
        {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in (hit.get("attributes") or {}).items()
        },
        datetime.fromisoformat(updated_at) if updated_at else None,
    )


def _is_marked(hit: Mapping[str, Any]) -> bool:
    told = hit.get("highlights") or {}
    return told.get("title") is not None or told.get("body") is not None


def _highlight(hit: Mapping[str, Any]) -> Highlight:
    told = hit["highlights"]
    return Highlight(told["title"], told["body"], told["is_passage"])


def _facets(data: Mapping[str, Any] | None) -> Mapping[str, Mapping[str, int]] | None:
    if data is None:
        return None
    return {
        field: {item["value"]: item["count"] for item in counted} for field, counted in data.items()
    }
