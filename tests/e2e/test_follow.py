"""``tandem follow`` in the background, and what can be done beside it."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.shop import Shop, ended, until

pytestmark = pytest.mark.long

COUNT = 12


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Started in the background, this process would hand ignored interrupts down."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Twelve documents indexed."""
    made = Shop(tmp_path)
    made.configure()
    made.done("index", made.write(1, COUNT))
    return made


def test_beside_a_process_that_follows(shop: Shop) -> None:
    """Index, reindex with fields that it has never seen, roll back, status; what it cannot allow
    names it. SIGTERM ends it in good order.
    """
    with shop.following() as follow:
        indexed = shop.done("index", shop.write(1, COUNT + 3))
        assert f"process {follow.pid} (tandem follow" in indexed.err
        assert "3 new or changed" in indexed.out
        assert f"in use by process {follow.pid} (tandem follow" in shop.done("status").out
        state = shop.state()
        assert [index["behind"] for index in state["indexes"].values()] == [0, 0]

        shop.configure("keyword")
        reindexed = shop.done("reindex")
        assert f"process {follow.pid}" in reindexed.err
        assert "generation 2 is live as release 2" in reindexed.out
        state = shop.state()
        assert (state["release"], state["pending"]) == (2, None)
        assert {row["field"]: row["type"] for row in state["fields"]}["note"] == "keyword"
        assert shop.done("rollback", "--json").data == {
            "release": 1,
            "generation": 1,
            "model": None,
            "search": None,
            "left_model": None,
        }
        assert "no generation 9" in shop.refused("promote", "9", code=2)
        assert "no release to go back to" in shop.refused("rollback", code=1)

        verified = shop.done("verify")
        assert "it does the work" in verified.err
        assert verified.out.count("holds what the log says") == 4
        for arguments in (("follow",), ("search", "text"), ("restore", "x.backup")):
            told = shop.refused(*arguments, code=1)
            assert f"process {follow.pid} (tandem follow" in told
            assert "stop it for this; beside it work tandem index" in told
        shop.done("backup", "b.backup")

        code, said = ended(follow, signal.SIGTERM)
        assert code == 0
        assert said.splitlines() == [
            "task 1: reindex of main begins",
            "task 1: reindex of main is done",
            "task 2: rollback of main begins",
            "task 2: rollback of main is done",
            "task 3: promote of main begins",
            "task 3: promote of main failed: main has no generation 9; it has 1, 2",
            "task 4: rollback of main begins",
            "task 4: rollback of main failed: main: there is no release to go back to from 1",
            "task 5: verify of main begins",
            "task 5: verify of main is done",
        ]
    assert shop.found(f"mark{COUNT + 3}") == [f"d{COUNT + 3}"]


def test_control_c_ends_it(shop: Shop) -> None:
    """The code that shells know, and one line."""
    with shop.following() as follow:
        code, said = ended(follow, signal.SIGINT)
    assert code == 130
    assert said == "stopping after the batch in hand\n"
    assert shop.found("mark3") == ["d3"]


def start(shop: Shop, *arguments: str) -> "subprocess.Popen[str]":
    """A command at work."""
    return subprocess.Popen(
        shop.command(*arguments),
        cwd=shop.folder,
        env=shop.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def building(shop: Shop) -> bool:
    """Whether the second generation has something in it and is not complete."""
    others = shop.state()["generations"]
    return any(item["indexes"]["vector"]["applied"] > 0 for item in others)


def many(shop: Shop) -> int:
    """Documents for some batches, slow to embed; the head of the log."""
    shop.done("index", shop.write(1, 1_500, body="more"))
    return 1_500


def test_killed_amid_a_reindex_it_is_resumed(shop: Shop) -> None:
    """Who waits for it learns that it is gone; the live one was never touched; --resume ends it."""
    count = many(shop)
    with shop.following(TANDEM_TEST_SLOW="3") as follow:
        asking = start(shop, "reindex", "--embedder", "hash-b")
        until(lambda: building(shop))
        assert ": reindex, running, building: lexical" in shop.done("status").out
        follow.kill()
        follow.wait(30)
        state = shop.state()
        assert (state["release"], state["generations"][0]["state"]) == (1, "building")
        with shop.following():
            out, said = asking.communicate(timeout=60)
            assert asking.returncode == 1, (out, said)
            assert "has ended" in said
            assert "  next: " in said
            done = shop.done("reindex", "--resume", "--json").data
    assert (done["generation"], done["release"]) == (2, 2)
    assert shop.state()["documents"] == count
    assert shop.done("verify", "--json").data["clean"]


def test_stopped_amid_a_reindex_it_says_how_to_go_on(shop: Shop) -> None:
    """SIGTERM: the batch in hand is finished, and who asked is told."""
    many(shop)
    with shop.following(TANDEM_TEST_SLOW="3") as follow:
        asking = start(shop, "reindex", "--embedder", "hash-b", "--json")
        until(lambda: building(shop))
        code, said = ended(follow, signal.SIGTERM)
        assert code == 0
        assert "task 1: reindex of main failed: stopped before anything went live" in said
        out, _ = asking.communicate(timeout=60)
        assert asking.returncode == 1
        assert "--resume" in out
    assert shop.state()["release"] == 1
    assert shop.done("reindex", "--resume", "--json").data["generation"] == 2
