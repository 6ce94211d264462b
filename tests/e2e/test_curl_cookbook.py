"""Every command of the cookbook, run as it stands."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.client import Client
from tests.e2e.shop import Shop, until

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "curl-cookbook.md"
ADDRESS = "http://127.0.0.1:8765"
COMMANDS = [
    re.sub("^    ", "", block, flags=re.MULTILINE).strip()
    for block in re.findall(r"(?:^    .*\n)+", PAGE.read_text("utf-8"), re.MULTILINE)
]
DOCUMENTS = [
    {
        "id": f"help/{name}", "title": title, "body": f"{title}: your money back, a refund.",
        "kind": kind, "year": year,
    }
    for name, title, kind, year in (
        ("refunds", "Refunds", "page", 2021), ("returns", "Returning goods", "page", 2022),
        ("terms", "Terms", "note", 2020), ("old", "Refunds before", "page", 2015),
        ("next", "Refunds to come", "draft", 2026),
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server over a few pages of help."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    shop = Shop(tmp_path_factory.mktemp("cookbook"))
    shop.configure(more='[fields.year]\ntype = "integer"\n')
    lines = "\n".join(map(json.dumps, DOCUMENTS))
    (shop.folder / "help.jsonl").write_text(lines, "utf-8")
    shop.done("index", "help.jsonl")
    said = "serving at http://127.0.0.1:"
    with shop.running("serve", "--port", "0", said=said) as (_, line):
        told = line.split()[2].rstrip(";")
        with Client(told) as client:
            until(lambda: client.ready().legs["vector"]["state"] == "ok")
        yield told


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works(address: str, command: str) -> None:
    """It ends well, and the reply is no error but what is promised."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace(ADDRESS, address)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    reply = json.loads(ran.stdout)
    assert "error" not in reply, reply
    if "hits" in reply:
        assert reply["hits"]
    if "/v1/events" in command:
        assert reply["accepted"] == command.count('"action_name"')
        assert reply["rejected"] == []
        assert reply["unknown_query_ids"] == []
    if "/v1/suggest" in command:
        assert {item["text"] for item in reply["suggestions"]} >= {"Refunds"}


def test_the_page_has_commands_for_everything() -> None:
    """Each path is called by some command."""
    for path in ("search", "suggest", "documents", "events", "health", "ready", "openapi.json"):
        assert any(f"{ADDRESS}/v1/{path}" in command for command in COMMANDS), path
    assert all(ADDRESS in command for command in COMMANDS)
