"""The demo's people: their past is about documents that exist, and is written once."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.bootstrap import House
from api.commands.demo import QUERIES_OF_PEOPLE
from api.demo.people import COLLECTION, PEOPLE, Person, choices, seed_people
from api.demo.python_documentation import PythonDocumentation
from rerank.profiles import ProfileReader
from tandem.documents import Document
from tests.owned_house import owned, settings_in

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="they were written for Python 3.11")
def test_whatever_they_clicked_exists() -> None:
    """On the version they were written for nothing is left out."""
    known = {str(record["id"]) for record in PythonDocumentation()}
    assert {name for person in PEOPLE for name in person.clicked} - known == set()


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_a_person(person: Person) -> None:
    """Has a past of some length, in which nothing occurs twice, and a query to be tried with."""
    assert 20 <= len(set(person.clicked)) == len(person.clicked) <= 30
    assert person.name in QUERIES_OF_PEOPLE


def test_who_can_be_chosen() -> None:
    """All of them, and it is said that nobody of them lives."""
    people = choices()
    assert [person["user_id"] for person in people] == [person.user_id for person in PEOPLE]
    assert len({person["user_id"] for person in people}) == len(people) >= 3
    assert all(person["about"].endswith("(invented)") for person in people)
    readers = choices(with_readers=True)[len(people) :]
    assert [reader["user_id"] for reader in readers] == ["simulated-001", "simulated-010"]
    assert all("Simulated" in reader["name"] for reader in readers)


@pytest.fixture
def demo(tmp_path: Path, models: None) -> Iterator[House]:
    """A collection of that name in which two documents are known."""
    with owned(settings_in(tmp_path, collection=COLLECTION)) as house:
        known = [Document(name, "", "x", {"module": "csv"}) for name in ("csv.reader", "csv")]
        house.catalog.documents.append(COLLECTION, "test", known)
        yield house


def test_their_past_is_written_once(demo: House) -> None:
    """Of what is known here; whoever calls it again adds what is new, and changes nothing."""
    log = demo.catalog.events
    assert seed_people(demo.catalog, NOW).accepted == 2
    first = log.events_of(COLLECTION, "demo-ben", as_of=log.head(), limit=10)
    assert [row.what.document_id for row in first] == ["csv.reader", "csv"]
    assert all(row.what.timestamp < NOW for row in first)

    demo.catalog.documents.append(COLLECTION, "test", [Document("pathlib", "", "x")])
    again = seed_people(demo.catalog, LATER)

    assert (again.accepted, again.duplicates) == (1, 2)
    assert log.events_of(COLLECTION, "demo-ben", as_of=log.head(), limit=10) == first


def test_their_past_makes_a_profile(demo: House) -> None:
    """Two clicks in one module; nobody else has any."""
    seed_people(demo.catalog, NOW)
    documents = demo.catalog.documents

    reader = ProfileReader(
        demo.catalog.events, COLLECTION, lambda ids: documents.documents(COLLECTION, list(ids))
    )

    assert reader.read("demo-ben", ("module",)).affinity("module", "csv") == 2 / 7
    assert reader.read("demo-ada", ("module",)).is_empty
