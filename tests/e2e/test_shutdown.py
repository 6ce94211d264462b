"""SIGTERM amid what clients ask: no reply is cut off, and what was acknowledged is kept."""

import json
import signal
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from tests.e2e.shop import Shop, until

CLIENTS = 4
ENOUGH = 25
"""Events of each client before the server is told to end."""

MOMENT = datetime(2026, 11, 26, 9, tzinfo=UTC).isoformat()


@dataclass
class Asking:
    """A client that tells of events and searches, over one connection as long as it is open."""

    address: str
    number: int
    enough: threading.Event = field(default_factory=threading.Event)
    acknowledged: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    fault: Exception | None = None

    def run(self) -> None:
        """Until nobody listens any more; whatever else ends it is a fault."""
        try:
            with httpx2.Client(base_url=self.address, timeout=30) as client:
                while True:
                    self._ask(client)
        except httpx2.ConnectError:
            return
        except Exception as error:
            self.fault = error
        finally:
            self.enough.set()

    def _ask(self, client: httpx2.Client) -> None:
        event = {
            "action_name": "click",
            "timestamp": MOMENT,
            "user_id": f"{self.number}-{self.acknowledged}",
            "event_attributes": {"object": {"object_id": "d1"}},
        }
        told = client.post("/v1/events", json=event)
        self.statuses[told.status_code] += 1
        self.acknowledged += told.json().get("accepted", 0)
        found = client.get("/v1/search", params={"q": "text", "configuration": "lexical"})
        self.statuses[found.status_code] += 1
        found.json()
        if self.acknowledged >= ENOUGH:
            self.enough.set()


class Batch:
    """A client that streams writes, one now and then, and would go on for ever."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._replies = self._socket.makefile("rb")
        self._socket.sendall(
            b"POST /v1/documents:batch HTTP/1.1\r\nhost: localhost\r\n"
            b"content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
        )

    def write(self, document_id: str) -> Any:
        """One more; what became of it."""
        line = json.dumps({"document_id": document_id, "document": {"body": "streamed"}}) + "\n"
        self._socket.sendall(f"{len(line):x}\r\n{line}\r\n".encode())
        return self.told()

    def told(self) -> Any:
        """The next line of the reply; ``None`` behind the last one."""
        for line in self._replies:
            if line.startswith(b"{"):
                return json.loads(line)
            if line == b"0\r\n":  # the last chunk: the reply is whole
                return None
        raise AssertionError("the reply is cut off")

    def close(self) -> None:
        """Hang up."""
        self._replies.close()
        self._socket.close()


def test_under_load_nothing_acknowledged_is_lost_and_no_reply_cut(tmp_path: Path) -> None:
    """Every request of a connection that was open is answered whole; then nobody can connect. All
    events that were acknowledged are in the log, and no other one; so is every page that was shown.
    A batch that is being streamed ends after what it has acknowledged, and says so. The access
    log has a line a request, and no text.
    """
    shop = Shop(tmp_path)
    shop.configure()
    shop.done("index", shop.write(1, 5))
    asked = ("serve", "--port", "0", "--access-log", "json")
    with shop.running(*asked, said="serving at http://127.0.0.1:") as (serve, said):
        address = said.split()[2].rstrip(";")
        lines = list[str]()
        reading = threading.Thread(target=lambda: lines.extend(serve.stdout or ()))
        reading.start()  # a log that nobody reads would hold the server up
        with httpx2.Client(base_url=address) as client:
            until(lambda: client.get("/health/ready").status_code == 200)
        clients = [Asking(address, number) for number in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for one in clients:
            assert one.enough.wait(120)
        batch = Batch(address)
        assert [batch.write(f"s{number}")["result"] for number in (1, 2)] == ["created"] * 2
        serve.send_signal(signal.SIGTERM)
        summary = batch.told()["summary"]
        assert (summary["lines"], summary["created"], summary["stopping"]) == (2, 2, True)
        assert batch.told() is None
        batch.close()
        for thread in (*threads, reading):
            thread.join(60)
        assert serve.stderr is not None
        assert (serve.wait(60), serve.stderr.read()) == (0, "")
    assert [one.fault for one in clients] == [None] * CLIENTS
    statuses = sum((one.statuses for one in clients), Counter[int]())
    assert {*statuses} == {200}
    state = shop.state()
    assert state["documents"] == 5 + 2
    assert state["events"] == sum(one.acknowledged for one in clients) >= CLIENTS * ENOUGH
    told = [json.loads(line) for line in lines]
    routes = Counter(line["route"] for line in told)
    assert state["impressions"] == routes["/v1/search"]
    assert routes["/v1/events"] == state["events"]
    assert all(line["query_id"] for line in told if line["route"] == "/v1/search")
    assert not any("text" in line for line in lines)
