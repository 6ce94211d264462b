"""From searches to what training makes of them, over a real event log."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest

from rerank.assembly import assemble
from rerank.behaviour import Behaviour
from rerank.person import DEEDS_READ
from rerank.scenes import Scenery
from rerank.signals.registry import features
from rerank.tables import Tables
from rerank.training.replay import Replay
from rerank.training.skew import Skew, comparable, skew
from rerank.training.sweep import wanted_of
from tandem.catalog.event_log import EventLog
from tandem.catalog.event_tables import BEHAVIOUR
from tandem.catalog.opening import open_log
from tandem.events import Event, Exposure, Impression
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Ranking
from tandem.schema import Schema
from tests.no_facts import NoFacts
from tests.people_scenes import ranked

AT = datetime(2026, 11, 26, 9, 30, 0, 123_457, tzinfo=UTC)
REPLAYED = [item for item in features(Schema()) if item.signal.is_replayed]
DOCUMENTS = tuple(f"d{number}" for number in range(12))
PAGE = 4


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    """An empty one."""
    opened = EventLog(open_log(f"sqlite:///{tmp_path}/events.sqlite", BEHAVIOUR))
    yield opened
    opened.close()


class Shop:
    """Answers searches and logs what was shown, with the features of it; people click and rate."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.rows = log.behaviour("films")
        self.behaviour = Behaviour()
        self.random = Random(5)
        self.scenery = Scenery(
            Schema(),
            NoFacts(),
            lambda who, as_of, _: self.rows.deeds_of(who, as_of=as_of, limit=DEEDS_READ),
            self.behaviour,
        )

    def search(self, number: int) -> None:
        """A search by one of a few people, of whom some give no user id; one or two pages of it."""
        person = number % 5
        query = Query(
            "x",
            f"q{number}",
            user_id=None if person < 2 else f"u{person}",
            client_id=f"c{person % 3}",
            session_id=None if number % 4 == 0 else f"s{number // 20}",
            issued_at=AT + timedelta(minutes=3 * number, microseconds=number),
        )
        found = ranked(self.random.sample(DOCUMENTS, len(DOCUMENTS)))
        scene, missing = self.scenery.scene(
            query, found, REPLAYED, tables=Tables(), timeout_seconds=10.0
        )
        assert not missing
        seen = assemble(scene, REPLAYED)
        for first in (1, 1 + PAGE)[: 1 + number % 2]:
            self.show(query, found, first, scene.as_of, seen)
        self.act(query, found)

    def show(
        self, query: Query, found: Ranking, first: int, as_of: int, seen: FeatureMatrix
    ) -> None:
        """Log a page; the second one is asked for a little later."""
        hits = found.hits[first - 1 : first - 1 + PAGE]
        page = Impression(
            query.query_id,
            query.issued_at + timedelta(seconds=first - 1),
            1,
            query.text,
            user_id=query.user_id,
            client_id=query.client_id,
            session_id=query.session_id,
            as_of=as_of,
            exposures=tuple(Exposure(hit.document_id, hit.rank) for hit in hits),
        )
        self.log.append_impressions("films", "test", [page])
        kept = seen.of([hit.document_id for hit in hits])
        self.log.features.keep("films", [(query.query_id, kept)])

    def act(self, query: Query, found: Ranking) -> None:
        """Click on what was shown, or rate it."""
        deeds = []
        for hit in self.random.sample(found.hits[:PAGE], self.random.randrange(3)):
            action = self.random.choice(["click", "click", "rating", "purchase"])
            deeds.append(
                Event(
                    f"{query.query_id}-{hit.document_id}",
                    action,
                    query.issued_at + timedelta(seconds=20),
                    hit.document_id,
                    query.user_id,
                    query.client_id,
                    query.session_id,
                    query.query_id,
                    hit.rank,
                    self.random.choice([1.0, 2.5, 4.7]) if action == "rating" else None,
                )
            )
        self.log.append("films", "test", deeds)
        self.log.append("books", "test", [Event(query.query_id, "click", AT, "d1", "u2")])

    def follow(self) -> None:
        """Fold what is new, as a server does in the background."""
        piece = self.rows.rows(self.behaviour.position, 1_000)
        if self.log.erasures.last() > self.behaviour.position:
            self.behaviour.forget_people()
        self.behaviour.take(piece)

    def erase(self, person: str) -> None:
        """Forget somebody."""
        number = self.log.erasures.ask("films", person).number
        for _ in (*self.log.erasures.collect(number), *self.log.erasures.rewrite(number)):
            pass

    def report(self) -> Skew:
        """What was logged, against what a replay makes of the log."""
        wanted = wanted_of(self.log.impressions("films", 0, 10_000).rows, Schema())
        ids = [item.asked.query.query_id for item in wanted]
        logged = self.log.features.of("films", ids)
        replayed = Replay(self.rows, REPLAYED).of(wanted)
        again = ((item.asked.query.query_id, matrix) for item, matrix in replayed)
        return skew(comparable(REPLAYED), again, logged.get)


def test_a_replay_of_the_log_gives_what_was_served(log: EventLog) -> None:
    """Of every page that was shown, whoever asked, whichever page it was."""
    shop = Shop(log)
    for number in range(60):
        shop.search(number)
        if number % 3:  # the fold lags behind now and then
            shop.follow()
    report = shop.report()
    assert (report.queries, report.rows) == (60, 60 * PAGE * 3 // 2)
    assert report.lines() == [
        f"360 documents of 60 queries: {len(report.differences)} features as they were served"
    ]


def test_after_somebody_was_erased(log: EventLog) -> None:
    """Of all others too, who shared devices and sessions with them; of what was answered while
    they were erased, and put down later, nothing is kept.
    """
    shop = Shop(log)
    for number in range(60):
        shop.search(number)
        if number in {20, 41}:
            shop.erase(f"u{2 + number % 3}")
            shop.erase("c1")
        if number % 3:
            shop.follow()
    report = shop.report()
    assert 20 < report.queries < 60
    assert report.differing == 0


def test_what_was_served_otherwise_is_found(log: EventLog) -> None:
    """A single value that is another one, by its last bit, is named."""
    shop = Shop(log)
    shop.search(0)
    shop.follow()
    shop.search(2)
    (seen,) = log.features.of("films", ["q2"]).values()
    values = seen.values.copy()
    column = seen.names.index("trend")
    values[1, column] = np.nextafter(values[1, column], np.float32(9))
    log.append_impressions(
        "films",
        "test",
        [
            Impression(
                "altered",
                AT + timedelta(minutes=6, microseconds=2),
                1,
                "x",
                user_id="u2",
                client_id="c2",
                session_id="s0",
                as_of=shop.behaviour.position,
                exposures=tuple(
                    Exposure(name, position)
                    for position, name in enumerate(seen.document_ids, start=1)
                ),
            )
        ],
    )
    altered = FeatureMatrix(seen.names, seen.document_ids, values)
    log.features.keep("films", [("altered", altered)])
    report = shop.report()
    assert report.differing == 1
    (found,) = [item for item in report.differences if item.differing]
    assert (found.feature, found.query_id) == ("trend", "altered")
    assert found.document_id == seen.document_ids[1]
