"""Commands of a how-to page, and the server over a few pages of help that they are run against."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tandem.client import Client
from tests.e2e.shop import Shop, until

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
ADDRESS = "http://127.0.0.1:8765"
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


def blocks(page: str) -> list[str]:
    """What stands indented in the page: commands, replies, programs."""
    text = (HOWTO / page).read_text("utf-8")
    found = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    return [re.sub("^    ", "", block, flags=re.MULTILINE).strip() for block in found]


class Served(NamedTuple):
    """The folder that a server is started in, and where it answers."""

    shop: Shop
    address: str


@contextmanager
def help_served(folder: Path) -> Iterator[Served]:
    """A server that answers by words and meaning."""
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    shop = Shop(folder)
    shop.configure(more='[fields.year]\ntype = "integer"\n')
    (shop.folder / "help.jsonl").write_text("\n".join(map(json.dumps, DOCUMENTS)), "utf-8")
    shop.done("index", "help.jsonl")
    said = "serving at http://127.0.0.1:"
    with shop.running("serve", "--port", "0", said=said) as (_, line):
        address = line.split()[2].rstrip(";")
        with Client(address) as client:
            until(lambda: client.ready().legs["vector"]["state"] == "ok")
        yield Served(shop, address)


def replies(command: str, address: str, **variables: str) -> list[Any]:
    """What the command shows, line by line as JSON, where it ends well."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace(ADDRESS, address)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]
