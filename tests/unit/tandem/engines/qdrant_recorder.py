"""A Qdrant client that remembers what it was asked, and can be told to answer otherwise."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from qdrant_client import QdrantClient

from tandem.engines.qdrant_store import QdrantStore
from tests.contracts.qdrant_local import LocalQdrant


class Call(NamedTuple):
    """One call on the client."""

    name: str
    arguments: tuple[Any, ...]
    named: dict[str, Any]


class Recorder:
    """Local mode behind a notebook. ``instead[name]`` is called with the real method and the
    arguments, in its place.
    """

    def __init__(self, server: LocalQdrant | None = None) -> None:
        self.server = server or LocalQdrant()
        self.calls: list[Call] = []
        self.instead: dict[str, Callable[..., Any]] = {}

    @property
    def client(self) -> QdrantClient:
        """As the engine is given it."""
        return cast("QdrantClient", _Recording(self))

    def store(self, namespace: str = "unit") -> QdrantStore:
        """A store on this client."""
        return QdrantStore(self.client, namespace=namespace)

    def named(self, *names: str) -> list[Call]:
        """The calls of these names, in order."""
        return [call for call in self.calls if call.name in names]

    def collections(self) -> set[str]:
        """The collections on the server."""
        return {item.name for item in self.server.engine.get_collections().collections}

    def aliases(self) -> dict[str, str]:
        """Alias -> collection on the server."""
        told = self.server.engine.get_aliases().aliases
        return {item.alias_name: item.collection_name for item in told}


class _Recording:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._client = recorder.server.client()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if not callable(real):
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            self._recorder.calls.append(Call(name, arguments, named))
            instead = self._recorder.instead.get(name)
            return instead(real, *arguments, **named) if instead else real(*arguments, **named)

        return call
