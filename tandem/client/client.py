"""The client itself: one method for each thing that a server does."""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import httpx
import orjson

from tandem.client.replies import Readiness, Sent, Suggested, search_result
from tandem.client.transport import Transport
from tandem.events import Event
from tandem.fields import datetime_text
from tandem.queries import Query
from tandem.rankings import SearchResult

EVENTS_PER_CALL = 1_000
ROUND_SECONDS = 5.0
"""How much longer than a query's own time its reply is waited for."""


class Client:
    """Talks to ``tandem serve`` at ``url``. Thread-safe, and a ``Searcher``.

    ``timeout_seconds`` is how long a reply is waited for; a query with a larger ``budget_ms`` is
    given its own time. ``http`` stands in for the transport of httpx, as for tests. Whatever is
    asked may raise ``ServerUnavailable`` (no answer), ``ServerFailed`` (an error of the server) and
    ``Refused`` (it does not take what it was sent).

    Raises:
        SettingsError: the URL is none of a server.
    """

    def __init__(
        self, url: str, *, timeout_seconds: float = 30.0, http: httpx.BaseTransport | None = None
    ) -> None:
        self._transport = Transport(url, timeout_seconds, http)

    def search(
        self,
        query: Query | str,
        *,
        configuration: str | None = None,
        fields: Sequence[str] | None = None,
        explain: bool = False,
        record: bool = True,
    ) -> SearchResult:
        """The page that a query asks for: a search, browsing, what is similar, or the next page of
        one of them, as the query says. ``fields`` chooses what is told of documents, ``explain``
        asks for evidence and contributions; without ``record`` it is no impression.

        Raises:
            QueryError: the query is not acceptable; BadCursor: its cursor is not.
            FilterError: its filter is not.
            CursorExpired, DocumentNotFound, CollectionNotFound: what is asked for is not there.
            SearchUnavailable: nothing could answer.
        """
        asked = Query(query) if isinstance(query, str) else query
        given: dict[str, Any] = {"configuration": configuration, "fields": fields}
        flags = {"explain": explain or None, "record": None if record else False}
        body = _given({**_asked(asked), **given, **flags})
        if asked.surface == "similar":
            path = f"/v1/documents/{quote(asked.seed_document_id or '', safe='')}/similar"
            return search_result(self._transport.get(path, _parameters(body)), asked)
        seconds = max(self._transport.timeout_seconds, _seconds(asked.budget_ms))
        return search_result(self._transport.post("/v1/search", body, seconds), asked)

    def similar(
        self,
        document_id: str,
        *,
        limit: int = 10,
        filters: Mapping[str, Any] | None = None,
        explain: bool = False,
    ) -> SearchResult:
        """What resembles a document; for more, ``search`` takes a query of that surface.

        Raises:
            DocumentNotFound: there is no such document; and as ``search``.
        """
        query = Query(
            "",
            surface="similar",
            seed_document_id=document_id,
            limit=limit,
            filters=dict(filters or {}),
        )
        return self.search(query, explain=explain)

    def suggest(
        self, prefix: str, *, limit: int = 10, filters: Mapping[str, Any] | None = None
    ) -> tuple[Suggested, ...]:
        """Ways to end what was typed, best first.

        Raises:
            QueryError, FilterError: what is asked is not acceptable.
        """
        asked = _given({"q": prefix, "limit": limit, "filter": dict(filters or {}) or None})
        data = self._transport.get("/v1/suggest", _parameters(asked))
        return tuple(Suggested(item["text"], item["kind"]) for item in data["suggestions"])

    def send(self, events: Sequence[Event]) -> Sent:
        """Tell what people did; what was accepted is durable. Sending again counts nothing twice,
        so where it fails amid many, send all of them again.
        """
        sent = Sent()
        for start in range(0, len(events), EVENTS_PER_CALL):
            batch = [_told(event) for event in events[start : start + EVENTS_PER_CALL]]
            sent = sent.and_then(self._transport.post("/v1/events", batch), start)
        return sent

    def is_alive(self) -> bool:
        """Whether the server's process answers."""
        return bool(self._transport.get("/v1/health", {})["alive"])

    def ready(self) -> Readiness:
        """How the server is.

        Raises:
            ServerFailed: it can answer no search; ``told`` is ``not_ready``.
        """
        return Readiness(**self._transport.get("/v1/ready", {}))

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _asked(query: Query) -> dict[str, Any]:
    """A query under the names of the wire."""
    sort = query.sort
    told = {
        "q": query.text or None,
        "filter": dict(query.filters) or None,
        "facets": list(query.facets) or None,
        "sort": None if sort is None else f"{'-' if sort.is_descending else ''}{sort.field}",
    }
    names = ("limit", "cursor", "budget_ms", "user_id", "client_id", "session_id")
    return {**told, **{name: getattr(query, name) for name in names}}


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _parameters(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: _parameter(value) for name, value in body.items()}


def _parameter(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ",".join(value) if isinstance(value, list | tuple) else orjson.dumps(value).decode()


def _seconds(budget_ms: float | None) -> float:
    return 0.0 if budget_ms is None else budget_ms / 1_000 + ROUND_SECONDS


def _told(event: Event) -> dict[str, Any]:
    """An event as UBI tells it."""
    more = dict(event.details)
    attributes = dict(more.pop("event_attributes", {}))
    parts = {
        "object": {**attributes.pop("object", {}), **_given({"object_id": event.document_id})},
        "position": {**attributes.pop("position", {}), **_given({"ordinal": event.position})},
    }
    attributes |= {name: part for name, part in parts.items() if part}
    names = ("event_id", "user_id", "client_id", "session_id", "query_id")
    return {
        **more,
        **_given({name: getattr(event, name) for name in names}),
        "action_name": event.action,
        "timestamp": datetime_text(event.timestamp),
        "event_attributes": {**attributes, **_given({"value": event.value})},
    }
