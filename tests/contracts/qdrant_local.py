"""Qdrant without a server, for tests: the client's local mode, in memory."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

import pytest
from qdrant_client import QdrantClient

QUIET = pytest.mark.filterwarnings(
    "ignore:Payload indexes have no effect:UserWarning",
    "ignore:Local mode performs exact:UserWarning",
)
"""For a test, a class or a module: local mode warns of what it leaves out."""


class LocalQdrant:
    """One imitated server. Its clients' calls take turns, since local mode knows no threads; what
    others do between two calls is seen as on a server.
    """

    def __init__(self) -> None:
        self.engine = QdrantClient(":memory:")
        self._turn = threading.RLock()

    def client(self) -> QdrantClient:
        """A client; closing it leaves the server as it is."""
        return cast("QdrantClient", _Client(self.engine, self._turn))


class _Client:
    def __init__(self, engine: QdrantClient, turn: threading.RLock) -> None:
        self._engine = engine
        self._turn = turn

    def close(self) -> None:
        """A server outlives its clients."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        return self._in_turn(found) if callable(found) else found

    def _in_turn(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def alone(*arguments: Any, **named: Any) -> Any:
            with self._turn:
                return call(*arguments, **named)

        return alone
