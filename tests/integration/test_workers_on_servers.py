"""``tandem serve --workers 2`` as processes, on real servers."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.contracts.qdrant_local import QUIET
from tests.e2e.shop import Shop, until
from tests.integration.faults.servers import Servers, servers

__all__ = ["servers"]
pytestmark = [QUIET, pytest.mark.long]

ENGINES = """\
[engines]
lexical = "{engines.lexical}"
vector = "{engines.vector}"
catalog = "{engines.catalog}"
[search]
budget_ms = 30000
"""


@pytest.fixture
def shop(servers: Servers, tmp_path: Path) -> Shop:
    """With something to search."""
    made = Shop(tmp_path)
    made.configure(more=ENGINES.format(engines=servers.settings(tmp_path).engines))
    made.done("index", made.write(1, 30))
    return made


def children(pid: int) -> set[int]:
    """The workers of a process."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == pid and b"spawn_main" in command:
            found.add(int(stat.parent.name))
    return found


@contextmanager
def client(address: str) -> Iterator[httpx2.Client]:
    """One that asks over a new connection each time: whichever worker takes it answers."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    with httpx2.Client(base_url=address, limits=limits, timeout=30) as made:
        yield made


def counted(text: str, name: str) -> float:
    """The sum of a metric over its labels."""
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))


def test_two_answer_one_is_killed_and_comes_back(shop: Shop) -> None:
    """Pages of one search are served by either; what both have counted is told as one; a worker
    that is killed comes back; all end with the parent, and no request was lost.
    """
    asked = ("serve", "--workers", "2", "--port", "0")
    with (
        shop.running(*asked, said="serving at http://127.0.0.1:") as (parent, said),
        client(said.split()[2].rstrip(";")) as asking,
    ):
        until(lambda: asking.get("/health/ready").status_code == 200)
        first = children(parent.pid)
        assert len(first) == 2
        page = asking.get("/v1/search", params={"q": "text", "limit": 5}).json()
        assert page["degraded"] == []
        query_ids, seen = {page["query_id"]}, [hit["document_id"] for hit in page["hits"]]
        while page["cursor"] is not None:
            page = asking.get("/v1/search", params={"cursor": page["cursor"], "limit": 5}).json()
            query_ids.add(page["query_id"])
            seen += [hit["document_id"] for hit in page["hits"]]
        assert len(query_ids) == 1
        assert sorted(seen) == sorted(f"d{number}" for number in range(1, 31))
        told = asking.get("/metrics").text
        assert counted(told, "tandem_workers") == 2
        searches = [line for line in told.splitlines() if 'stage="total"' in line]
        assert [float(line.split()[1]) for line in searches if "_count{" in line] == [6.0]

        # what was shown is written soon, not at once
        until(lambda: shop.state()["impressions"] == 6)
        os.kill(min(first), signal.SIGKILL)
        until(lambda: len(children(parent.pid) - first) == 1)
        until(lambda: counted(asking.get("/metrics").text, "tandem_workers") == 2)
        second = children(parent.pid)
        assert {asking.get("/v1/search", params={"q": "text"}).status_code for _ in range(10)} == {
            200
        }
        parent.send_signal(signal.SIGTERM)
        out, err = parent.communicate(timeout=60)
        assert (parent.returncode, out) == (0, "")
        assert "has ended (signal 9); it is started again in 1 s" in err
        assert not any(Path(f"/proc/{worker}").exists() for worker in second)
    impressions = shop.state()["impressions"]
    assert impressions == 16


def test_workers_end_with_their_parent(shop: Shop) -> None:
    """Nobody would tell them to, and nobody would start them again."""
    asked = ("serve", "--workers", "2", "--port", "0")
    with shop.running(*asked, said="serving at http://127.0.0.1:") as (parent, _):
        workers = children(parent.pid)
        parent.kill()
        parent.wait(30)
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def test_what_no_worker_can_use(shop: Shop) -> None:
    """Each says why; the command fails as it does alone."""
    (shop.folder / "rules.toml").write_text("broken")
    ran = shop("serve", "--workers", "2", "--port", "0", TANDEM_SEARCH__RULES="rules.toml")
    assert ran.code == 2
    assert "rules.toml" in ran.err
    assert "has ended before it answered (exit code 2)" in ran.err
