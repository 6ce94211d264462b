"""The demo's people: invented readers, each with a past of clicks in the documentation.

They show what a person's own past does to the order. Nobody ever clicked like this, and no label
of a model comes from them. Some of the simulated readers can be chosen beside them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.demo.readers import SEED, draw_readers
from tandem.catalog.catalog import Catalog
from tandem.catalog.event_log import Accepted
from tandem.events import Event

COLLECTION = "demo"
SOURCE = "demo-people"
BETWEEN_CLICKS = timedelta(hours=7)

SHOWN_READERS = (1, 10)
"""The numbers of the simulated readers that the page offers."""


@dataclass(frozen=True, slots=True)
class Person:
    """An invented reader; ``clicked`` are document ids, oldest first."""

    user_id: str
    name: str
    about: str
    clicked: tuple[str, ...]


PEOPLE = (
    Person(
        "demo-ada",
        "Ada",
        "writes network services",
        (
            "asyncio",
            "asyncio.open_connection",
            "asyncio.start_server",
            "asyncio.StreamReader",
            "asyncio.StreamReader.readexactly",
            "asyncio.StreamReader.readuntil",
            "asyncio.StreamWriter",
            "asyncio.StreamWriter.drain",
            "asyncio.StreamWriter.start_tls",
            "asyncio.gather",
            "asyncio.create_task",
            "asyncio.wait_for",
            "asyncio.run",
            "asyncio.Queue",
            "asyncio.BaseEventLoop.create_server",
            "socket",
            "socket.socket",
            "socket.create_connection",
            "socket.create_server",
            "socket.getaddrinfo",
            "socket.socketpair",
            "ssl.SSLContext",
            "ssl.create_default_context",
            "http.client.HTTPConnection",
            "http.server.BaseHTTPRequestHandler",
        ),
    ),
    Person(
        "demo-ben",
        "Ben",
        "wrangles data",
        (
            "csv",
            "csv.reader",
            "csv.writer",
            "csv.DictReader",
            "csv.DictWriter",
            "csv.Sniffer",
            "csv.Sniffer.sniff",
            "sqlite3.Connection.executemany",
            "sqlite3.Cursor.fetchmany",
            "csv.register_dialect",
            "json",
            "json.load",
            "json.loads",
            "json.dump",
            "json.JSONDecoder",
            "sqlite3.connect",
            "sqlite3.Connection",
            "sqlite3.Connection.execute",
            "sqlite3.Cursor",
            "sqlite3.Cursor.fetchall",
            "statistics.mean",
            "statistics.median",
            "statistics.quantiles",
            "collections.Counter",
            "collections.Counter.most_common",
        ),
    ),
    Person(
        "demo-cleo",
        "Cleo",
        "automates files",
        (
            "pathlib",
            "pathlib.Path",
            "pathlib.Path.glob",
            "pathlib.Path.iterdir",
            "pathlib.Path.mkdir",
            "pathlib.Path.open",
            "pathlib.Path.read_text",
            "pathlib.Path.rename",
            "pathlib.Path.rglob",
            "pathlib.Path.unlink",
            "pathlib.PurePath.with_suffix",
            "shutil",
            "shutil.copy2",
            "shutil.copytree",
            "shutil.move",
            "shutil.rmtree",
            "shutil.make_archive",
            "os.walk",
            "os.scandir",
            "os.path.getsize",
            "glob.glob",
            "fnmatch.filter",
            "fileinput.FileInput",
            "fileinput.input",
            "tempfile.TemporaryDirectory",
        ),
    ),
    Person(
        "demo-dara",
        "Dara",
        "tests and debugs",
        (
            "unittest",
            "unittest.TestCase",
            "unittest.TestCase.assertRaises",
            "unittest.TestCase.assertLogs",
            "unittest.TestCase.setUp",
            "unittest.TestCase.subTest",
            "unittest.skipIf",
            "unittest.mock.Mock",
            "unittest.mock.NonCallableMock.assert_called_once_with",
            "unittest.mock.MagicMock",
            "unittest.mock.patch",
            "unittest.mock.NonCallableMock.reset_mock",
            "unittest.mock.mock_open",
            "doctest.testmod",
            "pdb",
            "pdb.set_trace",
            "pdb.post_mortem",
            "traceback.print_exc",
            "traceback.format_exception",
            "traceback.walk_stack",
            "tracemalloc.take_snapshot",
            "cProfile.Profile",
            "timeit.timeit",
            "warnings.catch_warnings",
            "logging.exception",
        ),
    ),
)


def choices(*, with_readers: bool = False) -> list[dict[str, str]]:
    """Whom the reader of the demo's page may choose to be: ``user_id``, ``name`` and ``about``."""
    people = [
        {"user_id": person.user_id, "name": person.name, "about": f"{person.about} (invented)"}
        for person in PEOPLE
    ]
    readers = draw_readers(SHOWN_READERS[-1], SEED) if with_readers else []
    return people + [
        {
            "user_id": reader.user_id,
            "name": f"Simulated reader {number}",
            "about": f"{reader.subject}, prefers {reader.form} (simulated)",
        }
        for number, reader in enumerate(readers, start=1)
        if number in SHOWN_READERS
    ]


def seed_people(catalog: Catalog, now: datetime) -> Accepted:
    """Put their past into the event log, once however often it is called. Documents that this
    Python does not have are left out.
    """
    clicked = [document_id for person in PEOPLE for document_id in person.clicked]
    known = catalog.documents.documents(COLLECTION, clicked)
    return catalog.events.append(COLLECTION, SOURCE, list(_clicks(known, now)))


def _clicks(known: Collection[str], now: datetime) -> Iterator[Event]:
    for person in PEOPLE:
        for ago, document_id in enumerate(reversed(person.clicked), start=1):
            if document_id in known:
                yield Event(
                    event_id=f"{person.user_id}:{document_id}",
                    action="click",
                    timestamp=now - ago * BETWEEN_CLICKS,
                    document_id=document_id,
                    user_id=person.user_id,
                )
