"""Somebody is forgotten: in the event log, in what cursors page through, and in what both have left
of it on the disk.

Any process may do it, whoever follows. What is asked for is noted first: where whoever began has
died, who forgets what is too old (``retention``) goes on.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

from query.frozen_content import people_in
from tandem.catalog.catalog import Catalog
from tandem.catalog.erasures import Erasure
from tandem.errors import CatalogError
from tandem.telemetry import logger

PAUSE_SECONDS = 0.005
"""Between two steps: others want to write, and searches want the processor."""

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
    return finish(catalog, noted)


def finish(catalog: Catalog, noted: Erasure) -> Erasure:
    """Do what is noted, or what is left of it.

    Raises:
        CatalogError: the event log failed; it can be done later.
    """
    for _ in steps(catalog, noted):
        time.sleep(PAUSE_SECONDS)
    return catalog.events.erasures.read(noted.number)


def steps(catalog: Catalog, noted: Erasure) -> Iterator[None]:
    """``finish``, step by step; whoever stops in between leaves the rest to others."""
    erasures = catalog.events.erasures
    yield from erasures.collect(noted.number)
    ids = erasures.ids(noted.number)
    yield from chain(_forget_cursors(catalog, noted, ids), erasures.rewrite(noted.number))
    if not catalog.events.empty_write_ahead():
        logger("api").warning(
            "erasure %d is done; what its rows were before stands in the event log's write-ahead "
            "file until nobody reads that any more",
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
