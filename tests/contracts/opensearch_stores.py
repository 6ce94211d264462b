"""Stores on the tests' server, each folder a namespace of its own."""

from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

from tandem.engines.opensearch_client import Server, parse_url
from tandem.engines.opensearch_store import OpenSearchStore
from tests.services.opensearch.session import opensearch_url

RUN = uuid4().hex
"""Test runs that share a server do not meet."""


def namespace_of(folder: Path) -> str:
    """The namespace that belongs to a folder."""
    return f"test-{blake2b(f'{RUN}{folder}'.encode(), digest_size=6).hexdigest()}"


def store_for(folder: Path, **keywords: Any) -> OpenSearchStore:
    """A store in the folder's namespace."""
    url = f"opensearch+{opensearch_url()}"
    return OpenSearchStore(url, namespace=namespace_of(folder), **keywords)


def emptied(store: OpenSearchStore) -> None:
    """Drop what a store holds, and close it."""
    for name in store.names():
        store.drop(name)
    store.close()


def server() -> Server:
    """The server itself, for looking past Tandem."""
    return Server(parse_url(f"opensearch+{opensearch_url()}"))
