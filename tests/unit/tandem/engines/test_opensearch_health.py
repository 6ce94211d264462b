"""What OpenSearch's own traffic lights mean to whoever asks for health."""

from typing import Any

import pytest

from tandem.engines.opensearch_store import OpenSearchStore


@pytest.mark.parametrize(
    ("status", "state"), [("green", "ok"), ("yellow", "degraded"), ("red", "unusable")]
)
def test_a_red_cluster_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, status: str, state: str
) -> None:
    """Yellow works: a copy is missing. Red does not: an index is."""
    store = OpenSearchStore("opensearch+http://127.0.0.1:9", namespace="n")

    def ask(request: str, **_: Any) -> dict[str, Any]:
        return {"version": {"number": "3.1.0"}} if request == "GET /" else {"status": status}

    monkeypatch.setattr(store._server, "ask", ask)
    health = store.health()
    assert (health.state, health.detail) == (state, f"cluster status {status}")
    store.close()
