"""How long who looks at OpenSearch waits for a server that does not answer."""

import socket
from functools import partial

import pytest

from tandem.engines.opensearch_store import OpenSearchStore
from tandem.errors import EngineUnavailable


def test_who_looks_at_a_silent_server_does_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity, names, room and health have the time of a look, not of a write."""
    monkeypatch.setattr("tandem.engines.opensearch_store.LOOK_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"opensearch+http://127.0.0.1:{silent.getsockname()[1]}"
        store = OpenSearchStore(url, namespace="x")
        looks = (store.names, partial(store.identity, "a"), partial(store.bytes_on_disk, "a"))
        for look in looks:
            with pytest.raises(EngineUnavailable, match=r"within 0\.1 s"):
                look()
        assert store.health().state == "unreachable"
        store.close()
