"""The client against a real server over real embedded engines, which may go away and come back."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from api.listening import bound_to, listening
from tandem.client import Client, Delete, Patch, Put, Refused, Write
from tandem.documents import Document
from tandem.errors import DocumentNotFound, SequenceConflict
from tandem.queries import Query
from tests.integration.downtime import embedders
from tests.served_house import served

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The application over thirty documents."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("api.embedders.load_embedder", embedders.load)
        with served(tmp_path_factory.mktemp("client")) as (_, asking):
            assert isinstance(asking.app, FastAPI)
            yield asking.app


@pytest.fixture(scope="module")
def client(web: FastAPI) -> Iterator[Client]:
    """Of a server over it."""
    with listening(web, bound_to(HOST, 0), threading.Event()) as address, Client(address) as client:
        yield client


def numbered(number: int, **attributes: str | int) -> Document:
    """A document of that number, with a word of its own."""
    return Document(f"n{number}", f"Note {number}", f"sleet number{number}", attributes)


def test_what_is_written_is_found(client: Client) -> None:
    """Whole, by words and by meaning, once it was waited for; and not any more once it is gone."""
    document = Document("a/b?c#d", "Thaw", "graupel\u2028melts", {"kind": ("x", "y"), "year": 1999})
    written = client.put(document, if_sequence=0, wait=True)
    assert (written.result, written.indexed) == ("created", {"lexical": True, "vector": True})
    for configuration in ("lexical", "semantic"):
        found = client.search(Query("graupel", limit=50), configuration=configuration)
        assert found.documents["a/b?c#d"] == document
    stored = client.document("a/b?c#d")
    assert (stored.document, stored.sequence) == (document, written.sequence)

    assert client.put(document).result == "unchanged"
    patched = client.patch("a/b?c#d", {"attributes": {"year": None, "sold": True}})
    found = client.search("graupel", min_sequence=patched.sequence)
    assert found.documents["a/b?c#d"].attributes == {"kind": ("x", "y"), "sold": True}
    assert client.delete("a/b?c#d", wait=True).result == "deleted"
    assert client.search("graupel", configuration="lexical").page.hits == ()
    with pytest.raises(DocumentNotFound):
        client.document("a/b?c#d")


def test_of_two_who_read_the_same_one_writes(client: Client) -> None:
    """The other one is told, and nothing is lost."""
    sequence = client.put(numbered(0)).sequence

    def add(number: int) -> bool:
        try:
            client.patch("n0", {"attributes": {"year": number}}, if_sequence=sequence)
        except SequenceConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(add, range(8)))
    assert outcomes.count(True) == 1
    assert client.document("n0").document.attributes == {"year": outcomes.index(True)}


def test_many_writes_of_which_some_are_broken(client: Client) -> None:
    """They are named by their place; all others are there, and every page leads on to the last."""

    def writes() -> Iterator[Write]:
        for number in range(1_200):
            yield Put(numbered(number, year="late" if number % 100 == 99 else number, kind="many"))
        yield Patch("n3", {"title": "Three"})
        yield Delete("n4", if_sequence=1)
        yield Delete("nobody")
        yield Delete("n5")

    outcomes = list(client.write_many(writes()))
    refused = [line.place for line in outcomes if isinstance(line.error, Refused)]
    assert refused == list(range(99, 1_200, 100))
    assert [type(line.error) for line in outcomes[1_200:]] == [
        type(None),
        SequenceConflict,
        DocumentNotFound,
        type(None),
    ]
    sequences = [line.sequence for line in outcomes if line.sequence is not None]
    assert sequences == sorted({*sequences})
    query = Query("", filters={"kind": "many"}, limit=500)
    hits = list(client.hits(query, min_sequence=sequences[-1]))
    expected = {f"n{number}" for number in range(1_200) if number % 100 != 99} - {"n5"}
    assert {hit.document_id for hit, _ in hits} == expected
    assert len(hits) == len(expected)
    titles = {hit.document_id: document and document.title for hit, document in hits}
    assert titles["n3"] == "Three"


def test_pages_keep_their_order_while_documents_change(client: Client) -> None:
    """What goes meanwhile keeps its place; what comes has none."""
    assert client.search("snow").is_frozen
    pages = client.pages(Query("snow text", limit=7), configuration="lexical")
    first = next(pages)
    last = client.search(Query("snow text", limit=1_000), configuration="lexical")
    goes = last.page.hits[-1].document_id
    client.delete(goes, wait=True)
    client.put(Document("comes", "snow text", "snow text"), wait=True)
    shown = [first, *pages]
    assert [hit.document_id for page in shown for hit in page.page.hits] == [
        hit.document_id for hit in last.page.hits
    ]
    assert goes not in shown[-1].documents


def test_a_server_that_comes_back(web: FastAPI) -> None:
    """Whoever writes and searches meanwhile notices nothing, and nothing is lost."""
    count = 25
    begun = threading.Event()

    def write(address: str, first: int) -> list[int]:
        sequences = []
        with Client(address, retries=10, timeout_seconds=60) as client:
            for number in range(first, first + count):
                sequences.append(client.put(numbered(number, kind="back")).sequence)
                client.search("sleet", record=False)
                if number == first + 5:
                    begun.set()
        return sequences

    with ThreadPoolExecutor(2) as pool:
        with listening(web, bound_to(HOST, 0), threading.Event()) as address:
            writers = [pool.submit(write, address, first) for first in (5_000, 6_000)]
            assert begun.wait(60)
        port = urlsplit(address).port
        assert port is not None
        with listening(web, bound_to(HOST, port), threading.Event()), Client(address) as client:
            sequences = [sequence for writer in writers for sequence in writer.result()]
            assert len({*sequences}) == 2 * count
            for first in (5_000, 6_000):
                for number in range(first, first + count):
                    assert client.document(f"n{number}").document == numbered(number, kind="back")
