"""Generations of vector indexes on a Qdrant server: collections and their aliases.

An index is the collection ``tandem-NAMESPACE-NAME-IDENTITY``, made whole under that name, and only
then given the alias ``tandem-NAMESPACE-NAME``.
"""

import re
from collections.abc import Sequence
from typing import Any

from qdrant_client import QdrantClient, models

from tandem.engines.qdrant_connection import Deadline, Server
from tandem.engines.qdrant_index import QdrantIndex
from tandem.engines.qdrant_mapping import payload_indexes
from tandem.engines.qdrant_points import VECTOR
from tandem.errors import EngineError, EngineUnavailable, SettingsError
from tandem.schema import Schema
from tandem.stores import EngineHealth

ENGINE = "qdrant"
LOOK_SECONDS = 5.0
"""For what somebody who looks waits for: a hanging server must not hold up all of it."""
NAMESPACE = r"[A-Za-z0-9_]{1,63}"


class QdrantStore:
    """The indexes of one ``namespace`` (1 to 63 letters, digits or _) of a server.

    No hyphen in it: two namespaces could otherwise mean the same collection.

    Raises:
        SettingsError: the namespace is another kind of text.

    """

    def __init__(self, client: QdrantClient, *, namespace: str) -> None:
        if not re.fullmatch(NAMESPACE, namespace):
            raise SettingsError(
                f"namespace {namespace!r}: expected 1 to 63 letters, digits or _",
                hint="write _ in place of -",
            )
        self._client = client
        self._server = Server(client)
        self._prefix = f"tandem-{namespace}-"

    def identity(self, name: str) -> str | None:
        """See ``VectorStore``."""
        collection = self._collection(name, Deadline(LOOK_SECONDS))
        return None if collection is None else collection.rpartition("-")[2]

    def create(self, name: str, identity: str, schema: Schema, dimension: int) -> QdrantIndex:
        """See ``VectorStore``. ``identity`` holds no hyphen.

        The index is there under its alias, or not at all: the collection is made and given its
        payload indexes first, then the alias moves, then what it named before goes, together with
        what an interrupted ``create`` left.
        """
        if not re.fullmatch(r"[A-Za-z0-9_]+", identity):
            raise EngineError(f"identity {identity!r}: expected letters, digits or _")
        alias, collection = self._alias(name), f"{self._alias(name)}-{identity}"
        before = self._collections_of(name)
        if collection in before:
            self._delete(collection)
            before.remove(collection)
        self._make(collection, schema, dimension)
        self._point(alias, collection)
        for old in before:
            self._delete(old)
        return QdrantIndex(self._server, collection, schema, dimension)

    def open(self, name: str, schema: Schema, dimension: int) -> QdrantIndex:
        """See ``VectorStore``."""
        collection = self._require(name)
        with self._server.asked("open"):
            vectors = self._client.get_collection(collection).config.params.vectors
        held = vectors.get(VECTOR) if isinstance(vectors, dict) else None
        if held is None or held.size != dimension or held.distance != models.Distance.COSINE:
            found = f"{held.size} numbers by {held.distance}" if held else "no such vector"
            raise EngineError(
                f"{self._server.place}: the vector {VECTOR!r} of {collection} has {found}, "
                f"expected {dimension} numbers by {models.Distance.COSINE}",
                hint=f"delete the collection {collection}; the next start builds it again",
            )
        return QdrantIndex(self._server, collection, schema, dimension)

    def drop(self, name: str) -> None:
        """See ``VectorStore``. The server takes a collection's aliases away with it."""
        live = self._collection(name)
        # The one with the alias last: interrupted, the name still leads to what is left.
        for collection in sorted(self._collections_of(name), key=lambda found: found == live):
            self._delete(collection)

    def names(self) -> Sequence[str]:
        """See ``VectorStore``; collections without an alias are left from an interrupted create."""
        deadline = Deadline(LOOK_SECONDS)
        physical = [
            name.removeprefix(self._prefix).rpartition("-")[0]
            for name in self._collections(deadline)
            if name.startswith(self._prefix)
        ]
        return sorted({*filter(None, physical), *self._names(deadline)})

    def publish(self, alias: str, name: str) -> None:
        """See ``VectorStore``: moved in one step from what it named before. An alias that leads
        elsewhere than to this namespace's own is not moved.

        Raises:
            EngineError: there is no such index, or the alias is taken, or is the name of one.

        """
        collection = self._require(name)
        held = self._aliases().get(alias, collection)
        if not held.startswith(self._prefix):
            raise EngineError(
                f"{self._server.place}: the alias {alias} leads to the collection {held}, which "
                "this Tandem did not make",
                hint="choose another alias, or take it off that collection",
            )
        if alias.startswith(self._prefix) and alias.removeprefix(self._prefix) in self._names():
            raise EngineError(
                f"{self._server.place}: the alias {alias} is an index's own",
                hint="choose another alias",
            )
        self._point(alias, collection)

    def bytes_on_disk(self, name: str) -> int | None:  # noqa: ARG002 - see the docstring
        """Unknown: a server counts vectors and payloads, not what their files take."""
        return None

    def health(self) -> EngineHealth:
        """See ``VectorStore``: ``degraded`` where an index of this namespace is in error, or the
        server refuses to answer; ``unreachable`` where it does not answer.
        """
        deadline, version = Deadline(LOOK_SECONDS), ""
        try:
            with self._server.asked("version", deadline):
                version = self._client.info().version
            faults = [self._fault(name, deadline) for name in self._names(deadline)]
        except EngineUnavailable as error:
            return EngineHealth(ENGINE, version, "unreachable", str(error))
        except EngineError as error:
            return EngineHealth(ENGINE, version, "degraded", str(error))
        told = "; ".join(filter(None, faults))
        return EngineHealth(ENGINE, version, "degraded" if told else "ok", told)

    def close(self) -> None:
        """See ``VectorStore``."""
        self._client.close()

    def _alias(self, name: str) -> str:
        return self._prefix + name

    def _names(self, deadline: Deadline | None = None) -> list[str]:
        return sorted(
            alias.removeprefix(self._prefix)
            for alias, collection in self._aliases(deadline).items()
            if alias.startswith(self._prefix) and _is_own(alias, collection)
        )

    def _aliases(self, deadline: Deadline | None = None) -> dict[str, str]:
        with self._server.asked("read the aliases", deadline):
            told = self._client.get_aliases().aliases
        return {item.alias_name: item.collection_name for item in told}

    def _collection(self, name: str, deadline: Deadline | None = None) -> str | None:
        """The collection that the index's alias names; ``None`` where it has none of its own."""
        alias = self._alias(name)
        collection = self._aliases(deadline).get(alias, "")
        return collection if _is_own(alias, collection) else None

    def _require(self, name: str) -> str:
        collection = self._collection(name)
        if collection is None:
            raise EngineError(
                f"{self._server.place}: there is no index {name} ({self._alias(name)})",
                hint="the next start builds it again from the document log",
            )
        return collection

    def _collections_of(self, name: str) -> list[str]:
        """Every collection made for the name, whole or not."""
        return [found for found in self._collections() if _is_own(self._alias(name), found)]

    def _collections(self, deadline: Deadline | None = None) -> list[str]:
        with self._server.asked("list the collections", deadline):
            told = self._client.get_collections().collections
        return [item.name for item in told]

    def _make(self, collection: str, schema: Schema, dimension: int) -> None:
        vectors = {VECTOR: models.VectorParams(size=dimension, distance=models.Distance.COSINE)}
        with self._server.asked("create the collection") as timeout:
            self._client.create_collection(collection, vectors_config=vectors, timeout=timeout)
        for key, index in payload_indexes(schema).items():
            with self._server.asked("create a payload index") as timeout:
                self._client.create_payload_index(
                    collection, key, index, wait=True, timeout=timeout
                )

    def _point(self, alias: str, collection: str) -> None:
        away = models.DeleteAlias(alias_name=alias)
        here = models.CreateAlias(collection_name=collection, alias_name=alias)
        moves: list[Any] = [
            models.DeleteAliasOperation(delete_alias=away),
            models.CreateAliasOperation(create_alias=here),
        ]
        with self._server.asked("move the alias") as timeout:
            self._client.update_collection_aliases(moves, timeout=timeout)

    def _delete(self, collection: str) -> None:
        with self._server.asked("delete the collection") as timeout:
            self._client.delete_collection(collection, timeout=timeout)

    def _fault(self, name: str, deadline: Deadline) -> str:
        with self._server.asked("read the state", deadline):
            info = self._client.get_collection(self._alias(name))
        if info.status != models.CollectionStatus.RED:
            return ""
        return f"{name}: {getattr(info.optimizer_status, 'error', info.status)}"


def _is_own(alias: str, collection: str) -> bool:
    """Whether the collection was made for that alias: it has its name and an identity."""
    return collection.rpartition("-")[0] == alias
