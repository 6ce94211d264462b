"""An event log that is filled at once, and kept, for benchmarks: people with 200 events each."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from rerank.person import DEEDS_READ, Person
from tandem.behaviour import BehaviourLog, Deed, Who
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, writing
from tandem.catalog.event_tables import EVENT_HEAD, EVENTS
from tandem.catalog.urls import events_url
from tandem.queries import Query

COLLECTION = "benchmark"
PER_PERSON = 200
PER_SESSION = 10
DOCUMENTS = 5_000
ACTIONS = ("click", "click", "click", "add_to_cart", "purchase", "rating")
COLUMNS = tuple("happened_at" if name == "seconds" else name for name in Deed._fields)
ROWS = 20_000
START = 1_700_000_000_000_000
"""Microseconds since 1970."""

WORDS = [f"word{number:04}" for number in range(2_000)]


def words_of(drawn: random.Random, count: int) -> str:
    """So many words."""
    return " ".join(drawn.choices(WORDS, k=count))


@dataclass(frozen=True)
class Past:
    """A filled log of so many people, ``u0`` and so on, and how the bare rows are read."""

    log: BehaviourLog
    people: int
    head: int
    bare: sqlite3.Connection

    def deeds(self, who: Who, as_of: int, _seconds: float) -> Sequence[Deed]:
        """See ``rerank.scenes.PastReader``."""
        return self.log.deeds_of(who, as_of=as_of, limit=DEEDS_READ)

    def read(self, query: Query) -> Person:
        """The profile of whoever asks, with what signals look at."""
        who = Who(query.user_id, query.client_id, query.session_id)
        person = Person(who, self.deeds(who, self.head, 1.0), query.issued_at.timestamp())
        assert person.liking or person.session_liking or person.deeds
        return person

    def bare_rows(self, user_id: str, session_id: str) -> list[tuple[object, ...]]:
        """What ``deeds`` has to read, as the driver gives it: the last events of the person, and
        those of the session.
        """
        found = []
        for name, value in (("user_id", user_id), ("session_id", session_id)):
            found += self.bare.execute(
                f"select {', '.join(COLUMNS)} from events"  # noqa: S608 - constants
                f" where collection = ? and {name} = ? and sequence <= ?"
                " order by sequence desc limit ?",
                (COLLECTION, value, self.head, DEEDS_READ),
            ).fetchall()
        assert len(found) > DEEDS_READ
        return found


@contextmanager
def filled(folder: Path, events: int, seed: int = 0) -> Iterator[Past]:
    """A catalogue in the folder whose event log holds that many events. One that does already is
    taken as it is: a million take a minute to write.

    Raises:
        SystemExit: there is another one.
    """
    url = file_url(folder / "documents.sqlite")
    with closing(Catalog(url, file_url(folder / "embeddings.sqlite"))) as catalog:
        people = events // PER_PERSON
        count = people * PER_PERSON
        log = catalog.events
        held = log.head()
        if held not in {0, count}:
            raise SystemExit(f"{folder} holds {held} events, expected {count}: remove it")
        if not held:
            rows = event_rows(random.Random(seed), people)  # noqa: S311 - no secret
            with writing(log.engine) as connection:
                while batch := [*islice(rows, ROWS)]:
                    connection.execute(EVENTS.insert(), batch)
                connection.execute(EVENT_HEAD.update().values(head=count))
        file = str(events_url(catalog.engine.url).database)
        with closing(sqlite3.connect(file)) as bare:
            yield Past(log.behaviour(COLLECTION), people, count, bare)


def session_of(person: int, done: int) -> str:
    """The session of what somebody did after so much else."""
    return f"s{person}-{(done - 1) // PER_SESSION}"


def event_rows(drawn: random.Random, people: int) -> Iterator[dict[str, object]]:
    """200 events of each, mixed in time, one a second; ten of a person's make a session."""
    who = [person for person in range(people) for _ in range(PER_PERSON)]
    drawn.shuffle(who)
    done = [0] * people
    for sequence, person in enumerate(who, start=1):
        action = drawn.choice(ACTIONS)
        moment = START + 1_000_000 * sequence
        done[person] += 1
        yield {
            "sequence": sequence,
            "collection": COLLECTION,
            "source": "benchmark",
            "received_at": moment,
            "event_id": f"e{sequence}",
            "action": action,
            "happened_at": moment,
            "document_id": f"d{drawn.randrange(DOCUMENTS)}",
            "user_id": f"u{person}",
            "client_id": f"c{person}",
            "session_id": session_of(person, done[person]),
            "query_id": None,
            "position": None,
            "value": float(drawn.randrange(1, 6)) if action == "rating" else None,
            "details": orjson.dumps({}).decode(),
        }
