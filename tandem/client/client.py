"""The client itself: one method for each thing that a server does."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import httpx

from tandem.client.asking import (
    body,
    calls,
    parameters,
    prefix_words,
    query_words,
    similar_path,
)
from tandem.client.replies import (
    Readiness,
    Sent,
    Suggested,
    readiness,
    search_result,
    suggested,
)
from tandem.client.transport import Transport
from tandem.events import Event
from tandem.queries import MAXIMUM_BUDGET_MS, Query
from tandem.rankings import SearchResult

ROUND_SECONDS = 5.0
"""How much longer than a query's own time its reply is waited for."""


class Client:
    """Talks to ``tandem serve`` at ``url``. Thread-safe, and a ``Searcher``.

    ``timeout_seconds`` is how long a reply is waited for; a query with a larger ``budget_ms`` is
    given its own time. ``http`` stands in for the transport of httpx, as for tests. Whatever is
    asked may raise ``ServerUnavailable`` (no answer), ``ServerFailed`` (an error of the server, or
    no reply of one) and ``Refused`` (it does not take what it was sent, or that cannot be sent).

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
        chosen = {"configuration": configuration, "fields": fields}
        flags = {"explain": explain or None, "record": None if record else False}
        words = query_words(asked, {**chosen, **flags})
        seconds = max(self._transport.timeout_seconds, _seconds(asked.budget_ms))
        read = partial(search_result, query=asked)
        if asked.surface == "similar":
            path = similar_path(asked.seed_document_id or "")
            return self._transport.get(path, parameters(words), read, seconds)
        return self._transport.post("/v1/search", body(words), read, seconds)

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
            filters=filters or {},
        )
        return self.search(query, explain=explain)

    def suggest(
        self, prefix: str, *, limit: int = 10, filters: Mapping[str, Any] | None = None
    ) -> Suggested:
        """Ways to end what was typed, best first, and what is missing from them.

        Raises:
            QueryError, FilterError: what is asked is not acceptable.
        """
        words = prefix_words(prefix, limit, filters)
        return self._transport.get("/v1/suggest", parameters(words), suggested)

    def send(self, events: Sequence[Event]) -> Sent:
        """Tell what people did, in as many calls as it takes; what was accepted is durable. Sending
        again counts nothing twice, so where it fails amid many, send all of them again.
        """
        sent = Sent()
        for place, content in calls(events):
            read = partial(sent.and_then, start=place)
            sent = self._transport.post("/v1/events", content, read)
        return sent

    def is_alive(self) -> bool:
        """Whether the server's process answers."""
        return self._transport.get("/health/live", {}, lambda data: bool(data["alive"]))

    def ready(self) -> Readiness:
        """How the server is.

        Raises:
            ServerFailed: it can answer no search; ``told`` is ``not_ready``.
        """
        return self._transport.get("/health/ready", {}, readiness)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _seconds(budget_ms: float | None) -> float:
    """How long the reply to such a query is waited for, at least."""
    return 0.0 if budget_ms is None else min(budget_ms, MAXIMUM_BUDGET_MS) / 1_000 + ROUND_SECONDS
