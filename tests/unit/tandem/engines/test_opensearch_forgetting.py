"""How an OpenSearch index is made to forget versions, at a server that answers as it is told."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from tandem.engines.opensearch_forgetting import ATTEMPTS, forget
from tandem.engines.opensearch_mapping import GC_DELETES
from tandem.errors import EngineError, EngineUnavailable

CONFLICT = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "new"}}
GONE = {"status": 404}
CLEARED = "POST /words/_refresh"


class FakeServer:
    """Knows versions; each refresh clears some away. Remembers settings and requests."""

    shown = "http://fake:1"

    def __init__(self, remembered: Mapping[str, int], refusal: Mapping[str, Any] = GONE) -> None:
        self.refreshes_left = dict(remembered)
        self.refusal = refusal
        self.settings: list[str] = []
        self.requests: list[str] = []
        self.is_failing = False

    def ask(
        self,
        request: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        seconds: float,
    ) -> Any:
        """Deletes, settings and refreshes."""
        assert 0 < seconds <= 60
        self.requests.append(request)
        if request == "PUT /words/_settings":
            self.settings.append(body["index.gc_deletes"])
            return {}
        if request == CLEARED:
            if self.is_failing:
                raise EngineUnavailable("gone")
            assert self.settings == ["0s"]
            self.refreshes_left = {name: left - 1 for name, left in self.refreshes_left.items()}
            return {}
        deletes = [orjson.loads(line)["delete"] for line in body.splitlines()]
        return {"items": [{"delete": self._outcome(delete)} for delete in deletes]}

    def _outcome(self, delete: Mapping[str, Any]) -> Mapping[str, Any]:
        if "version" not in delete:
            return self.refusal
        assert (delete["version"], delete["version_type"]) == (0, "external_gte")
        return CONFLICT if self.refreshes_left[delete["_id"]] > 0 else GONE


def test_it_waits_until_nothing_is_remembered() -> None:
    """As many refreshes as it takes; the setting is as before at the end."""
    server, pauses = FakeServer({"a": 1, "b": 3}), list[float]()
    forget(server, "words", ["a", "b"], sleep=pauses.append)
    assert server.requests.count(CLEARED) == len(pauses) == 3
    assert server.settings == ["0s", GC_DELETES]


def test_it_does_not_wait_for_ever() -> None:
    """What a follower wrote meanwhile looks like what is remembered."""
    server = FakeServer({"a": 1_000})
    forget(server, "words", ["a"], sleep=lambda _: None)
    assert server.requests.count(CLEARED) == ATTEMPTS
    assert server.settings == ["0s", GC_DELETES]


def test_the_setting_comes_back_after_a_failure() -> None:
    """A refresh that fails is an error, and deletes are remembered again."""
    server = FakeServer({"a": 1})
    server.is_failing = True
    with pytest.raises(EngineUnavailable, match="gone"):
        forget(server, "words", ["a"], sleep=lambda _: None)
    assert server.settings == ["0s", GC_DELETES]


@pytest.mark.parametrize(("status", "kind"), [(429, EngineUnavailable), (403, EngineError)])
def test_what_is_not_deleted_is_told(status: int, kind: type[EngineError]) -> None:
    """Before any setting is touched; nothing is asked for nothing."""
    refusal = {"status": status, "error": {"type": "no_exception", "reason": "not now"}}
    server = FakeServer({"a": 1}, refusal)
    with pytest.raises(kind, match="not now") as raised:
        forget(server, "words", ["a"], sleep=lambda _: None)
    assert raised.value.hint
    assert server.settings == []
    server.requests.clear()
    forget(server, "words", [], sleep=lambda _: None)
    assert server.requests == []
