"""Waiting for what was written, where whoever is asked how far it is does not answer."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from api.bootstrap import House
from api.document_desk import DocumentDesk
from api.document_intake import Done
from api.visibility import Visibility
from tandem.rankings import Degradation
from tests.document_place import NAME, place

LONG = 20.0


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DocumentDesk]:
    """The lexical leg is seen to show a document at the first look; every later one hangs."""
    goes_on, looks = threading.Event(), [{"lexical": True, "vector": False}]

    def look(_: Visibility, _sequence: int) -> dict[str, bool]:
        if not looks:
            goes_on.wait(LONG)
        return looks.pop()

    def refusals(*_: Any) -> dict[str, str]:
        goes_on.wait(LONG)
        return {}

    monkeypatch.setattr(Visibility, "look", look)
    monkeypatch.setattr(Visibility, "refusals", refusals)
    monkeypatch.setattr("api.document_desk.LONGEST_LOOK_SECONDS", 0.1)
    with place(tmp_path) as house:
        house.put("a", "x")
        desk = DocumentDesk(cast("House", house), NAME, lambda: cast("Any", None), lambda: False)
        with closing(desk):
            yield desk
            goes_on.set()


def test_a_look_that_hangs_keeps_no_write(hanging: DocumentDesk) -> None:
    """It is durable: what was seen until then is told, and of nothing that it is refused."""
    shown = asyncio.run(hanging.shown(Done("a", "created", 1), 0.05))
    assert shown == ({"lexical": True, "vector": False}, {}, False)


def test_a_look_that_hangs_keeps_no_search(hanging: DocumentDesk) -> None:
    """It is answered in its time, and told what may be missing from it."""
    behind = asyncio.run(hanging.behind(1, 0.1))
    assert Degradation("vector", "behind") in behind
