"""A database whose content may be lost: a damaged file of it is begun anew."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from tandem.catalog.aside import move_aside
from tandem.catalog.database import open_database
from tandem.catalog.faults import DatabaseDamaged
from tandem.catalog.sqlite import Durability
from tandem.catalog.urls import is_server

Result = TypeVar("Result")


class Replaceable:
    """Such a database, opened. A server's is only ever told to be damaged."""

    def __init__(
        self, url: sa.URL, tables: sa.MetaData, *, title: str, durability: Durability, loss: str
    ) -> None:
        """``title`` is what errors call it, ``loss`` says what it costs to begin anew.

        Raises:
            CatalogError: it cannot be opened.
        """
        self._url = url
        self._tables, self._title, self._durability = tables, title, durability
        self._loss = loss
        self._renewing = threading.Lock()
        try:
            self._engine = self._open()
        except DatabaseDamaged as damage:
            self._engine = self._begin_anew(damage)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _healed(self, work: Callable[[sa.Engine], Result]) -> Result:
        """What ``work`` gives; with an empty database, if this one turns out to be damaged."""
        engine = self._engine
        try:
            return work(engine)
        except DatabaseDamaged as damage:
            with self._renewing:
                if self._engine is engine:  # another thread may have been first
                    engine.dispose()
                    self._engine = self._begin_anew(damage)
            return work(self._engine)

    def _open(self) -> sa.Engine:
        return open_database(
            self._url, self._tables, title=self._title, durability=self._durability
        )

    def _begin_anew(self, damage: DatabaseDamaged) -> sa.Engine:
        if is_server(self._url):
            raise damage
        aside = move_aside(Path(str(self._url.database)))
        logging.getLogger("tandem.catalog").warning(
            "%s; it is now %s, and %s", damage, aside, self._loss
        )
        return self._open()
