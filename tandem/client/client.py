"""The client itself: one method for each thing that a server does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self, Unpack

import httpx

from tandem.client.asking import (
    Wanted,
    body,
    document_path,
    event_calls,
    parameters,
    prefix_words,
    query_words,
    user_path,
)
from tandem.client.replies import (
    Erased,
    Readiness,
    Sent,
    Stored,
    Suggested,
    Written,
    WrittenLine,
    erased,
    readiness,
    search_result,
    stored,
    suggested,
    written,
)
from tandem.client.transport import Request, Transport
from tandem.client.writing import Delete, Patch, Put, Write, write_request, written_many
from tandem.documents import Document
from tandem.events import Event
from tandem.queries import MAXIMUM_BUDGET_MS, Query
from tandem.rankings import Hit, SearchResult

RETRIES = 2

ROUND_SECONDS = 5.0
"""How much longer than the server's own time for something its reply is waited for."""

WAIT_MS = 10_000
"""How long a server waits for a write to be found, if it is not told how long."""


class Client:
    """Talks to ``tandem serve`` at ``url``, with a ``key`` where the server wants one. Thread-safe,
    and a ``Searcher``.

    ``timeout_seconds`` is how long a reply is waited for; what is given more time by its own words
    (``budget_ms``, ``wait_ms``) has that. In this time, whatever is safe to ask twice is asked
    again up to ``retries`` times, after growing pauses, where no reply comes or the server asks for
    patience. ``http`` stands in for the transport of httpx, as for tests.

    Whatever is asked may raise ``ServerUnavailable`` (no answer), ``ServerFailed`` (an error of the
    server, or no reply of one) and ``Refused`` (it does not take what it was sent, or that cannot
    be sent; of a key, ``told`` is ``unauthorized`` or ``forbidden``).

    Raises:
        SettingsError: the URL is none of a server, or the key none at all.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_seconds: float = 30.0,
        retries: int = RETRIES,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(
            url, key=key, timeout_seconds=timeout_seconds, retries=retries, http=http
        )

    def search(self, query: Query | str, **wanted: Unpack[Wanted]) -> SearchResult:
        """The page that a query asks for: a search, browsing, what is similar, or the next page of
        one of them, as the query says.

        Raises:
            QueryError: the query is not acceptable; BadCursor: its cursor is not.
            FilterError: its filter is not.
            CursorExpired, DocumentNotFound, CollectionNotFound: what is asked for is not there.
            SearchUnavailable: nothing could answer.
        """
        asked = Query(query) if isinstance(query, str) else query
        words = query_words(asked, wanted)
        seconds = self._seconds(min(asked.budget_ms or 0.0, MAXIMUM_BUDGET_MS))
        if asked.surface == "similar":
            path = f"{document_path(asked.seed_document_id or '')}/similar"
            request = Request("GET", path, parameters(words), seconds=seconds)
        else:
            request = Request("POST", "/v1/search", body=body(words), seconds=seconds)
        return self._transport.ask(request, partial(search_result, query=asked))

    def pages(self, query: Query | str, **wanted: Unpack[Wanted]) -> Iterator[SearchResult]:
        """Every page of a query, from the one that it asks for to the last that paging reaches,
        each as it is wanted. Where ``is_frozen``, they are those of one order.

        Raises:
            CursorExpired: the order was not kept that long, or is gone; from its first page on it
                may be another one.
        """
        page = self.search(query, **wanted)
        yield page
        wanted["min_sequence"] = None  # the first page's order is frozen
        while page.cursor is not None:
            page = self.search(replace(page.query, cursor=page.cursor), **wanted)
            yield page

    def hits(
        self, query: Query | str, **wanted: Unpack[Wanted]
    ) -> Iterator[tuple[Hit, Document | None]]:
        """Every hit of every page with its document; ``None`` where that is gone, or could not be
        read in time. See ``pages``.
        """
        for page in self.pages(query, **wanted):
            for hit in page.page.hits:
                yield hit, page.documents.get(hit.document_id)

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
        return self._transport.ask(Request("GET", "/v1/suggest", parameters(words)), suggested)

    def document(self, document_id: str) -> Stored:
        """A document as it was accepted last, whether searches find it by now or not.

        Raises:
            DocumentNotFound: there is none.
        """
        return self._transport.ask(Request("GET", document_path(document_id)), stored)

    def put(
        self,
        document: Document,
        *,
        if_sequence: int | None = None,
        wait: bool = False,
        wait_ms: int | None = None,
    ) -> Written:
        """Put a document in the place of whatever stands under its id; once this returns, that is
        durable. ``if_sequence``: only if what stands there has that sequence, 0 for nothing.
        ``wait``, or any ``wait_ms``: return when searches show it, or after that time (10,000), as
        ``indexed`` says.

        Without ``if_sequence`` it is sent again where no reply comes: what somebody else wrote
        meanwhile is overwritten, and ``result`` may be ``unchanged``. With it it is not, and the
        error says that nobody knows.

        Raises:
            SequenceConflict: something else stands there; nothing was changed.
            CollectionNotFound: there is no collection, and none can be made of this.
        """
        return self._written(Put(document, if_sequence), wait=wait, wait_ms=wait_ms)

    def patch(
        self,
        document_id: str,
        changes: Mapping[str, Any],
        *,
        if_sequence: int | None = None,
        wait: bool = False,
        wait_ms: int | None = None,
    ) -> Written:
        """Change a part of a document, as ``Patch`` says; else as ``put``.

        Raises:
            DocumentNotFound: there is none; and as ``put``.
        """
        return self._written(Patch(document_id, changes, if_sequence), wait=wait, wait_ms=wait_ms)

    def delete(
        self,
        document_id: str,
        *,
        if_sequence: int | None = None,
        wait: bool = False,
        wait_ms: int | None = None,
    ) -> Written:
        """Take a document away; else as ``put``.

        Raises:
            DocumentNotFound: there is none, if only since a try whose reply was lost; and as
                ``put``.
        """
        return self._written(Delete(document_id, if_sequence), wait=wait, wait_ms=wait_ms)

    def write_many(self, writes: Iterable[Write]) -> Iterator[WrittenLine]:
        """Write any number of changes, in their order, and tell what became of each. Some hundreds
        at a time are taken from ``writes``, sent, and told of; what is told of is durable.

        One that the server refuses has its ``error``, and the others are done. Where an error is
        raised, whatever was not told of may be done or not: send it again, unless it has an
        ``if_sequence``.

        Raises:
            Refused: a write cannot be sent; its place is named.
        """
        return written_many(self._transport, writes)

    def send(self, events: Sequence[Event]) -> Sent:
        """Tell what people did, in as many calls as it takes; what was accepted is durable. Sending
        again counts nothing twice, so where it fails amid many, send all of them again.
        """
        sent = Sent()
        for place, told in event_calls(events):
            request = Request("POST", "/v1/events", body=told)
            sent = self._transport.ask(request, partial(sent.and_then, start=place))
        return sent

    def erase_user(self, user_id: str) -> Erased:
        """Erase a person, also one who is known as a ``client_id``: what they did counts on, as
        nobody's. Asking again tells how far it is. It needs a key for admin.
        """
        return self._transport.ask(Request("DELETE", user_path(user_id)), erased)

    def is_alive(self) -> bool:
        """Whether the server's process answers."""
        request = Request("GET", "/health/live")
        return self._transport.ask(request, lambda data: bool(data["alive"]))

    def ready(self) -> Readiness:
        """How the server is.

        Raises:
            ServerFailed: it can answer no search; ``told`` is ``not_ready``.
        """
        return self._transport.ask(Request("GET", "/health/ready"), readiness)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _written(self, write: Write, *, wait: bool, wait_ms: int | None) -> Written:
        if wait and wait_ms is None:
            wait_ms = WAIT_MS
        request = write_request(write, wait_ms)
        return self._transport.ask(replace(request, seconds=self._seconds(wait_ms)), written)

    def _seconds(self, milliseconds: float | None) -> float:
        """How long the reply to what a server may take so long for is waited for."""
        own = milliseconds / 1_000 + ROUND_SECONDS if milliseconds else 0.0
        return max(self._transport.timeout_seconds, own)
