"""The books of the tests under load: what they must notice is noticed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.documents import Document
from tandem.events import Event
from tests.integration.soak.books import COLLECTION, Books, Held, examine
from tests.integration.soak.watched import BATCH, Seen, Watched, ends_told

FIRST, SECOND, THIRD = (Document("d1", "", f"version {number}", {}) for number in (1, 2, 3))
CLICK = Event("e1", "click", datetime(2026, 11, 26, tzinfo=UTC), "d1", "ada")


def books_of(*documents: Document | None) -> Books:
    """All of them acknowledged, one after the other, from 1 on."""
    books = Books()
    for sequence, document in enumerate(documents, 1):
        books.sending("d1", document)
        books.acknowledged("d1", document, sequence)
    return books


@pytest.mark.parametrize(
    ("found", "what"),
    [
        ({}, "a document is lost"),
        ({"d1": Held(FIRST, 1)}, "an update is lost"),
        ({"d1": Held(SECOND, 1)}, "it stands before it was written"),
        ({"d1": Held(SECOND, 3)}, "somebody has written it again"),
        ({"d1": Held(THIRD, 3)}, "something else stands there"),
        ({"d1": Held(SECOND, 2), "d2": Held(FIRST, 3)}, "there is one that nobody has written"),
    ],
)
def test_a_planted_loss_is_noticed(found: dict[str, Held], what: str) -> None:
    """Whatever is not as it was acknowledged."""
    assert len(books_of(FIRST, SECOND).settle(found)) == 1, what


def test_a_delete_that_is_lost_is_noticed() -> None:
    """And one that is not is no fault."""
    assert books_of(FIRST, None).settle({"d1": Held(FIRST, 1)})
    assert books_of(FIRST, None).settle({}) == []


def test_what_was_never_answered_may_be_so_or_not() -> None:
    """Any of them, at a later sequence; then it is known which."""
    for document, sequence in ((FIRST, 1), (SECOND, 2), (THIRD, 2), (THIRD, 3)):
        books = books_of(FIRST)
        books.sending("d1", SECOND)
        books.sending("d1", THIRD)
        assert books.known("d1") is None
        assert books.settle({"d1": Held(document, sequence)}) == []
        assert books.known("d1") == Held(document, sequence)
    books = books_of(FIRST)
    books.sending("d1", SECOND)
    assert books.settle({"d1": Held(SECOND, 1)}), "not before what was acknowledged"


def test_of_many_in_flight_only_those_told_of_are_settled() -> None:
    """The lines of a batch are told of in their order."""
    books = Books()
    for document in (FIRST, SECOND, THIRD):
        books.sending("d1", document)
    books.acknowledged("d1", SECOND, 2)
    assert books.doubtful == {"d1": [THIRD]}
    assert books.settle({"d1": Held(FIRST, 1)})


def test_events_and_people() -> None:
    """One that is lost, and somebody who was erased and stands there."""
    books = Books()
    books.told_of_events([CLICK])
    assert books.misremembered([CLICK], ["ada"]) == []
    assert books.misremembered([], []) == ["the event e1 is lost"]
    books.forgetting("ada")
    books.forgotten("ada")
    assert books.misremembered([CLICK], ["ada"]) == ["ada was erased, and stands there"]
    assert books.misremembered([replace(CLICK, user_id="erased:x")], ["erased:x"]) == []


def test_the_logs_are_read(tmp_path: Path) -> None:
    """A real catalogue: as it was told, and with a write that nobody knows of."""
    catalog = Catalog(file_url(tmp_path / "d.sqlite"), file_url(tmp_path / "e.sqlite"))
    try:
        catalog.documents.append(COLLECTION, "http", [FIRST])
        catalog.events.append(COLLECTION, "http", [CLICK])
        books = books_of(FIRST)
        books.told_of_events([CLICK])
        examine(catalog, books)
        catalog.documents.append(COLLECTION, "http", [SECOND])
        with pytest.raises(AssertionError, match="1 are not as acknowledged: d1: found"):
            examine(catalog, books)
    finally:
        catalog.close()


class _Breaks(httpx.SyncByteStream):
    def __iter__(self):  # type: ignore[no-untyped-def]
        yield b'{"line": 1}\n'
        raise httpx.RemoteProtocolError("peer closed connection")


@pytest.mark.parametrize(
    ("content", "cut"),
    [
        ({"content": b'{"line": 1}\n{"summary":{}}\n'}, 0),
        ({"content": b'{"line": 1}\n'}, 1),
        ({"stream": _Breaks()}, 1),
    ],
)
def test_a_cut_reply_is_noticed(
    content: dict[str, object], cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that breaks off, and a batch's that ends without its last line."""
    seen = Seen()
    watched = Watched(seen)
    mock = httpx.MockTransport(lambda _: httpx.Response(200, **content))  # type: ignore[arg-type]
    monkeypatch.setattr(watched, "_inner", mock)
    with httpx.Client(transport=watched) as client:
        try:
            client.post(f"http://tandem{BATCH}")
        except httpx.RemoteProtocolError:
            assert cut
    assert len(seen.cut) == cut


def test_the_last_line_is_whole() -> None:
    """Half of it is none."""
    assert ends_told(b'{"line":1}\n{"summary":{"lines":1}}\n')
    assert not ends_told(b'{"line":1}\n{"summary":{"lines":1')
    assert not ends_told(b"")
