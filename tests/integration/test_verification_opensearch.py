"""What others did to a real OpenSearch index past Tandem is found, mended and stays mended.

OpenSearch counts a document's version up whenever it is written or deleted without one, and
remembers the version of what was deleted: repair must get past that.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.findings import Kind
from tandem.engines.opensearch_client import Server, parse_url
from tandem.engines.opensearch_mapping import GC_DELETES
from tandem.sections import EngineSettings
from tests.integration.verified_house import COLLECTION, VerifiedHouse, text
from tests.services.opensearch.session import opensearch_url

NAMES = [f"d{number}" for number in range(8)]
FAR = 1_000_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[VerifiedHouse]:
    """Eight documents on a real OpenSearch."""
    engines = EngineSettings(lexical=f"opensearch+{opensearch_url()}")
    opened = VerifiedHouse.open(tmp_path / "data", engines)
    opened.accept(*(text(name, 1) for name in NAMES))
    opened.follow()
    with opened.house:
        yield opened
        opened.house.lexical_store.drop(opened.collection.generation.lexical_name)


class Stranger:
    """Somebody who works on the index directly."""

    def __init__(self, house: VerifiedHouse) -> None:
        self._server = Server(parse_url(f"opensearch+{opensearch_url()}"))
        namespace = house.log.log_id[:12]
        self._alias = f"tandem-{namespace}-{house.collection.generation.lexical_name}"

    def ask(self, request: str, body: Any = None) -> Any:
        """A request to the index, ``/`` and what follows its name."""
        method, path = request.split(" ", 1)
        return self._server.ask(f"{method} /{self._alias}{path}", body, seconds=30)

    def alter(self, name: str, **fields: Any) -> None:
        """Write a document with other values."""
        source = self.ask(f"GET /_doc/{name}")["_source"]
        self.ask(f"PUT /_doc/{name}?refresh=true", {**source, **fields})


def test_what_others_did_is_mended(house: VerifiedHouse) -> None:
    """Deleted, ahead of the log, altered, deleted again and again, and never known."""
    stranger = Stranger(house)
    stranger.ask("DELETE /_doc/d0?refresh=true")
    for _ in range(3):
        stranger.alter("d1", body="meanwhile")
        stranger.ask("DELETE /_doc/d1?refresh=true")
        stranger.alter("d2", body="altered with the same sequence")
        house.verify("lexical", repair=True)
    stranger.ask("DELETE /_doc/d1?refresh=true")
    stranger.alter("d2", body="altered with the same sequence")
    stranger.alter("d3", sequence=FAR)
    source = stranger.ask("GET /_doc/d4")["_source"]
    ahead = f"?version={FAR}&version_type=external&refresh=true"
    stranger.ask(f"PUT /_doc/d4{ahead}", {**source, "sequence": FAR})
    stray = {**source, "document_id": "stray", "sequence": FAR}
    stranger.ask(f"PUT /_doc/stray{ahead}", stray)

    mended = house.verify("lexical", repair=True)
    assert mended.error is None
    assert mended.found.counts == {
        Kind.MISSING: 1, Kind.AHEAD: 2, Kind.ORPHANED: 1, Kind.ALTERED: 1
    }  # fmt: skip
    assert mended.is_clean
    assert house.verify("lexical").is_clean
    assert sorted(house.collection.lexical.index.documents(NAMES)) == NAMES
    settings = next(iter(stranger.ask("GET /_settings").values()))["settings"]
    assert settings["index"]["gc_deletes"] == GC_DELETES

    # what the log says later is taken, though it is below the versions that were there
    house.accept(*(text(name, 2) for name in [*NAMES, "stray"]))
    house.log.delete(COLLECTION, ["d5"])
    house.follow()
    again = house.verify("lexical")
    assert again.is_clean
    assert again.documents == len(NAMES)
