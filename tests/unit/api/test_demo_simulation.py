"""Simulated readers search and click: by the chances that are documented, in the event log."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.bootstrap import House
from api.collection import OpenCollection
from api.demo.judgments import Judgments
from api.demo.readers import Reader, draw_readers, examined
from api.demo.simulation import SOURCE, Simulation, simulate
from indexer.indexing import catch_up
from tandem.documents import Document
from tandem.errors import SearchUnavailable
from tandem.events import Exposure, Impression
from tandem.protocols import FloatMatrix
from tests.integration.downtime import embedders
from tests.owned_house import NAME, owned, settings_in

END = datetime(2026, 11, 26, tzinfo=UTC)
FIELDS = {"section": {"type": "keyword"}, "kind": {"type": "keyword"}}
LIKED, OTHER = {"section": "Text", "kind": "function"}, {"section": "Logging", "kind": "module"}
JUDGED = Judgments(
    {"q1": "word1", "q2": "word2"}, {"q1": {"d1": 3, "d2": 2}, "q2": {"d3": 3, "d4": 1}}, []
)
ATTRIBUTES = {"d1": LIKED, "d2": LIKED, "d3": OTHER, "d4": OTHER}
READER = Reader("simulated-1", "data", "functions", {"Text": 1.0}, {"function": 1.0})
SHOWN = Impression(
    "q",
    END,
    1,
    "word1",
    exposures=tuple(Exposure(f"d{place}", place) for place in range(1, 11)),
)


def simulation(readers: Sequence[Reader] = (READER,), rounds: int = 3) -> Simulation:
    """Over four judged documents."""
    return Simulation(readers, JUDGED, ATTRIBUTES, rounds, END)


# --- what is asked and clicked, without a collection ---


def test_the_same_seed_asks_and_clicks_the_same() -> None:
    """And another one something else; when it ends has no influence."""
    one, again = (simulation(draw_readers(8, 0), rounds=10) for _ in range(2))
    other = replace(one, seed=1)
    later = replace(one, ends_at=END + timedelta(days=1))

    def texts(of: Simulation) -> list[str]:
        return [query.text for number in range(1, 11) for query in of.queries(number)]

    assert texts(one) == texts(again) == texts(later) != texts(other)
    assert one.clicks(READER, 1, SHOWN) == again.clicks(READER, 1, SHOWN)


def test_queries_are_in_order_of_time_and_each_is_another() -> None:
    """The last one before the end; each wants its features."""
    made = simulation(draw_readers(5, 0), rounds=3)
    queries = [query for number in (1, 2, 3) for query in made.queries(number)]
    moments = [query.issued_at for query in queries]
    assert moments == sorted(moments)
    assert moments[-1] < END
    assert len({query.query_id for query in queries}) == 15
    assert all(query.wants_features for query in queries)
    assert [query.user_id for query in queries[:5]] == [f"simulated-00{n}" for n in range(1, 6)]


def test_what_is_of_interest_is_asked_more() -> None:
    """Of two queries nearly always the one whose best answer is about the reader's subject."""
    made = simulation(rounds=200)
    texts = [made.queries(number)[0].text for number in range(1, 201)]
    assert texts.count("word1") > 190


def test_examination_is_as_documented() -> None:
    """An answer that appeals for sure, at each position; clicks that are mistakes, elsewhere."""
    rounds = 1_500
    exact = replace(simulation(), judged=Judgments({"q": "word1"}, {"q": {"d1": 3}}, []))
    for position in (1, 2, 5, 10):
        shown = replace(SHOWN, exposures=(Exposure("d1", position), Exposure("d9", 11)))
        clicked = [
            click.position
            for number in range(rounds)
            for click in exact.clicks(READER, number, shown)
        ]
        assert clicked.count(position) / rounds == pytest.approx(examined(position), abs=0.04)
        assert clicked.count(11) / rounds < 0.01


def test_a_click_says_what_it_answers() -> None:
    """From the top down, each later than the one before."""
    made = simulation()
    clicks = next(found for n in range(99) if len(found := made.clicks(READER, n, SHOWN)) > 1)
    assert [click.position for click in clicks] == sorted(click.position or 0 for click in clicks)
    assert [click.timestamp for click in clicks] == sorted({click.timestamp for click in clicks})
    for click in clicks:
        assert (click.action, click.query_id, click.user_id) == ("click", "q", "simulated-1")
        assert click.document_id == f"d{click.position}"


# --- in a collection ---


@pytest.fixture
def target(tmp_path: Path, models: None) -> Iterator[OpenCollection]:
    """Twenty documents, as in ``documents``, with the attributes that readers look at."""
    with owned(settings_in(tmp_path, fields=FIELDS)) as house:
        yield filled(house)


def filled(house: House) -> OpenCollection:
    """Its collection, with the judged documents in it."""
    known = [
        Document(name, "", f"text word{name[1:]}", dict(ATTRIBUTES[name])) for name in ATTRIBUTES
    ]
    house.catalog.documents.append(NAME, "test", known)
    collection = house.collection(NAME)
    catch_up(collection.followers)
    return collection


def test_searches_really_run(target: OpenCollection) -> None:
    """What was shown stands in the log before its clicks; the next round knows of them."""
    ticks: list[None] = []
    made = simulation(draw_readers(6, 0), rounds=4)

    done = simulate(target, made, lambda: ticks.append(None))

    log = target.catalog.events
    ids = [query.query_id for number in range(1, 5) for query in made.queries(number)]
    pages = log.impressions_of(NAME, ids)
    events = log.events(NAME, 0, 1_000).rows
    assert (done.searches, done.clicks, len(ticks)) == (24, len(events), 4)
    assert [page.what.query_id for page in pages] == ids
    assert {row.source for row in pages} == {row.source for row in events} == {SOURCE}
    shown_at = {page.what.query_id: page.sequence for page in pages}
    assert events
    assert all(shown_at[str(event.what.query_id)] < event.sequence for event in events)
    of_the_first = [row.sequence for row in pages[:6]]
    of_the_first += [row.sequence for row in events if row.what.query_id in ids[:6]]
    assert {page.what.as_of for page in pages[:6]} == {0}
    assert {page.what.as_of for page in pages[6:12]} == {max(of_the_first)}
    features = log.features.of(NAME, ids)
    assert features.keys() == {*ids}
    assert all(
        features[page.what.query_id].document_ids
        == tuple(exposure.document_id for exposure in page.what.exposures)
        for page in pages
    )


def test_what_was_done_is_not_done_again(target: OpenCollection) -> None:
    """It goes on after the last round that is in the log."""
    readers = draw_readers(3, 0)
    first = simulate(target, simulation(readers, rounds=2), lambda: None)
    assert first.searches == 6
    more = simulate(target, simulation(readers, rounds=3), lambda: None)
    assert more.searches == 3
    assert simulate(target, simulation(readers, rounds=3), lambda: None) == (0, 0)


def test_half_an_answer_teaches_nothing(
    target: OpenCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would have clicked like this: nothing of the round is kept."""

    def broken(*_: object) -> FloatMatrix:
        raise RuntimeError("no memory")

    monkeypatch.setattr(embedders.ModelEmbedder, "embed_queries", broken)
    with pytest.raises(SearchUnavailable, match=r"in part: vector"):
        simulate(target, simulation(), lambda: None)
    assert target.catalog.events.head() == 0
