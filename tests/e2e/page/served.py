"""``tandem serve`` over a small collection, for a browser, and what it wrote into its event log."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tandem.catalog.event_log import EventLog
from tandem.catalog.event_tables import BEHAVIOUR
from tandem.catalog.opening import open_log
from tandem.catalog.urls import events_url, file_url
from tandem.events import Event, Impression
from tests.e2e.shop import Shop, until

SETTINGS = """\
[embedding]
model = "hash-a"
[fields.kind]
type = "keyword"
[fields.year]
type = "integer"
[fields.url]
type = "keyword"
"""
KINDS = ("function", "class", "module")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
"""What becomes markup where a page is careless."""


def records() -> Iterator[dict[str, object]]:
    """35 documents with ``stream``, one of each kind in turn; some with an address, one hostile."""
    for number in range(1, 36):
        record: dict[str, object] = {
            "id": f"lib/s{number}",
            "title": f"Stream {number}",
            "body": f"Reads lines from a stream, as number{number} does & says <b>.",
            "kind": KINDS[number % 3],
            "year": 1990 + number,
        }
        if number % 2:
            record["url"] = f"https://example.org/stream/{number}"
        yield record
    yield {
        "id": "evil", "title": f"Hostile {HOSTILE}", "body": f"hostile {HOSTILE} body",
        "kind": f"hostile {HOSTILE}", "year": 1900, "url": "javascript:alert(3)",
    }  # fmt: skip
    yield {
        "id": "wide",
        "title": "Wide " + "w" * 300,
        "body": "wide " + "v" * 300,
        "kind": "x" * 90,
    }


@dataclass(frozen=True)
class Served:
    """The address, and the folder that is served."""

    address: str
    folder: Path

    @property
    def broken(self) -> Path:
        """While that file exists, nothing is found by meaning."""
        return self.folder / "broken"

    def events(self) -> list[Event]:
        """What the event log holds of what people did."""
        with closing(self._log()) as log:
            return [row.what for row in log.events("main", 0, 1_000).rows]

    def impressions(self) -> list[Impression]:
        """What it holds of what was shown."""
        with closing(self._log()) as log:
            return [row.what for row in log.impressions("main", 0, 1_000).rows]

    def _log(self) -> EventLog:
        documents = file_url(self.folder / ".tandem" / "documents.sqlite")
        return EventLog(open_log(events_url(documents), BEHAVIOUR))


@contextmanager
def serving(folder: Path, more: str = "") -> Iterator[Served]:
    """Index and serve, with more settings; killed at the end."""
    shop = Shop(folder)
    (folder / "tandem.toml").write_text(SETTINGS + more)
    lines = (json.dumps(record) + "\n" for record in records())
    (folder / "streams.jsonl").write_text("".join(lines), "utf-8")
    shop.done("index", "streams.jsonl")
    extra = {"TANDEM_TEST_BROKEN": str(folder / "broken")}
    with shop.running("serve", "--port", "0", said="serving at http://127.0.0.1:", **extra) as (
        _,
        said,
    ):
        address = said.split()[2].rstrip(";")
        with httpx2.Client(base_url=address) as client:
            until(lambda: client.get("/health/ready").status_code == 200)
        yield Served(address, folder)
