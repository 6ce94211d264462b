"""Somebody is forgotten: in the event log, in what cursors page through, and in what both have left
of it on the disk.

Any process may do it, whoever follows. What is asked for is noted first: where whoever began has
died, who forgets what is too old (``retention``) goes on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from query.frozen_content import people_in
from tandem.catalog.catalog import Catalog
from tandem.catalog.erasures import Erasure
from tandem.catalog.urls import is_server
from tandem.errors import CatalogError
from tandem.fields import datetime_text
from tandem.telemetry import logger

PAUSE_SECONDS = 0.005
"""Between two steps: others want to write, and searches want the processor."""

SETTLED_SECONDS = 0.5
"""What other processes have shown until somebody is to be forgotten is in the log so long after:
they write it within 0.1 s.
"""

LOG_TRIES = 5
"""How often the write-ahead log is tried to be emptied, where others read what it holds."""

BEYOND_REACH = (
    "backups that were made before: whoever restores one erases again",
    "files that were imported: whoever imports them again brings the person back",
    "models that were trained before: they hold numbers of documents, and name nobody",
    "logs, and what other systems know of query ids",
)
"""What an erasure cannot change."""

ON_A_SERVER = "what PostgreSQL keeps of old rows until it vacuums, and in its write-ahead log"


def erase(catalog: Catalog, collection: str, person: str) -> Erasure:
    """Forget somebody, by the id that they have as a user or as a client.

    Raises:
        FieldError: it is no id.
        CatalogError: the event log failed; what was noted before is done later.
    """
    noted = catalog.events.erasures.ask(collection, person)
    finish(catalog, noted, lambda: time.sleep(PAUSE_SECONDS))
    return catalog.events.erasures.read(noted.number)


def left_undone(catalog: Catalog, collection: str, before: datetime) -> list[Erasure]:
    """What was asked for before then, and nobody has done."""
    if not catalog.has_events():
        return []
    known = catalog.events.erasures.of(collection)
    return [noted for noted in known if noted.done_at is None and noted.asked_at < before]


def finish(catalog: Catalog, noted: Erasure, pause: Callable[[], bool | None]) -> None:
    """Do what is noted, or what is left of it, once it has settled; ``pause`` comes between two
    steps, and says whether to leave the rest to others.

    Raises:
        CatalogError: the event log failed; it can be done later.
    """
    for _ in chain(_settling(noted), steps(catalog, noted)):
        if pause():
            return


def _settling(noted: Erasure) -> Iterator[None]:
    """What is shown after that begins a new life; what was shown before does not."""
    settled = noted.asked_at + timedelta(seconds=SETTLED_SECONDS)
    while noted.done_at is None and datetime.now(UTC) < settled:
        yield


def told(catalog: Catalog, person: str, found: Erasure) -> dict[str, Any]:
    """What became of it, as data: the same on the command line and over HTTP."""
    beyond = (*BEYOND_REACH, ON_A_SERVER) if is_server(catalog.engine.url) else BEYOND_REACH
    return {
        "user_id": person,
        "state": "under_way" if found.done_at is None else "done",
        "asked_at": datetime_text(found.asked_at),
        "done_at": None if found.done_at is None else datetime_text(found.done_at),
        "events": found.events,
        "impressions": found.impressions,
        "features": found.features,
        "beyond_reach": list(beyond),
    }


def steps(catalog: Catalog, noted: Erasure) -> Iterator[None]:
    """All that is to be done, step by step."""
    erasures = catalog.events.erasures
    yield from erasures.collect(noted.number)
    ids = erasures.ids(noted.number)
    yield from chain(_forget_cursors(catalog, noted, ids), erasures.rewrite(noted.number))
    for _ in range(LOG_TRIES):
        if catalog.events.empty_write_ahead():
            return
        yield  # who waits to write comes first
    logger("api").warning(
        "erasure %d is done; what its rows were before stands in the event log's write-ahead file "
        "until that is written over: the next erasure has it emptied, and the last process to end",
        noted.number,
    )


def _forget_cursors(catalog: Catalog, noted: Erasure, ids: frozenset[str]) -> Iterator[None]:
    """Pages that cannot be read hold nobody up: they expire."""
    if not ids or not catalog.has_frozen():
        return
    after: str | None = ""
    with suppress(CatalogError):
        while after is not None:
            after = catalog.frozen.forget(
                noted.collection, lambda content: not ids.isdisjoint(people_in(content)), after
            )
            yield
