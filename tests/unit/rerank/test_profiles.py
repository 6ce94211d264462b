"""A person's profile, by hand, and over a real event log."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.profiles import EVENTS_READ, Profile, ProfileReader, fold, keyword_fields
from tandem.catalog.event_log import EventLog
from tandem.catalog.event_tables import BEHAVIOUR
from tandem.catalog.opening import open_log
from tandem.documents import Document
from tandem.events import Event
from tests.builders import document, schema_of

AT = datetime(2026, 11, 26, tzinfo=UTC)
FILMS = {
    item.document_id: item
    for item in (
        document("alien", genres=("horror", "space"), maker="scott", year=1979),
        document("moon", genres=("space",), maker="jones"),
        document("emma", genres=("comedy",)),
        document("odd", genres=7),
    )
}
FIELDS = ("genres", "maker")


def films(ids: Collection[str]) -> Mapping[str, Document]:
    """Those that there are."""
    return {name: FILMS[name] for name in ids if name in FILMS}


def event(document_id: str | None, action: str = "click", value: float | None = None) -> Event:
    """Something that was done to a film."""
    return Event(f"{action}-{document_id}-{value}", action, AT, document_id, "u", value=value)


def profile(*events: Event) -> Profile:
    """Of that past."""
    return fold(events, films, FIELDS)


def test_by_hand() -> None:
    """Three choices have genres, two a maker: space is 2 of 3, and 5 are added below."""
    known = profile(event("alien"), event("moon"), event("emma"))
    assert known.affinity("genres", "space") == 2 / (3 + 5)
    assert known.affinity("genres", "comedy") == 1 / (3 + 5)
    assert known.affinity("maker", "scott") == 1 / (2 + 5)
    # by the best of its genres, space, and by its maker
    assert known.affinity_to(FILMS["alien"]) == (2 / 8 + 1 / 7) / 2
    assert known.affinity_to(FILMS["emma"]) == 1 / 8  # it has no maker to be judged by


def test_what_is_not_known_is_0() -> None:
    """Another value, another field, and nobody's past."""
    known = profile(event("emma"))
    assert known.affinity("genres", "horror") == 0
    assert known.affinity("maker", "scott") == 0
    assert known.affinity("year", "1979") == 0
    assert profile().affinity("genres", "comedy") == 0


def test_a_document_without_the_fields_says_nothing() -> None:
    """That is not known, which is not the same as not liked."""
    known = profile(event("emma"))
    assert known.affinity_to(document("x")) is None
    assert known.affinity_to(FILMS["odd"]) is None
    assert known.affinity_to(document("x", genres=())) is None
    assert known.affinity_to(document("x", genres=("horror",))) == 0
    assert profile().affinity_to(FILMS["emma"]) is None


@pytest.mark.parametrize(
    "past",
    [
        (),
        (event("gone"),),
        (event(None),),
        (event("odd"),),
        (event("emma", "view"),),
        (event("emma", "rating"),),
    ],
)
def test_cold_start(past: tuple[Event, ...]) -> None:
    """Nothing was chosen of which anything is known."""
    assert profile(*past).is_empty


def test_ratings_are_held_against_the_persons_own_mean() -> None:
    """Below it nothing was liked; a click is a choice however it was rated."""
    ratings = event("alien", "rating", 2.0), event("moon", "rating", 4.0)
    assert profile(*ratings).choices == {"genres": 1, "maker": 1}
    assert profile(*ratings).affinity("maker", "jones") == 1 / 6
    assert profile(*ratings, event("alien")).affinity("maker", "scott") == 1 / 7
    huge = event("alien", "rating", -1.7e308), event("moon", "rating", 1.7e308)
    assert profile(*huge).choices == {"genres": 1, "maker": 1}
    assert profile(event("emma", "rating", 1e308), event("moon", "rating", 1e308)).choices == {
        "genres": 2,
        "maker": 1,
    }


def test_documents_are_asked_for_once() -> None:
    """All of them together, however often one was chosen; none where nobody chose."""
    asked: list[list[str]] = []

    def documents(ids: Collection[str]) -> Mapping[str, Document]:
        asked.append(list(ids))
        return films(ids)

    past = [event("moon"), event("alien"), event("moon")]
    assert fold(past, documents, FIELDS).choices["maker"] == 3
    fold([], documents, FIELDS)
    assert fold(past, documents, ()).is_empty
    assert asked == [["moon", "alien"]]


def test_keyword_fields() -> None:
    """Of a schema, those alone."""
    schema = schema_of(kind="keyword", note="text", year="integer", genres="keyword")
    assert keyword_fields(schema) == ("kind", "genres")


PAST = st.lists(
    st.builds(
        event,
        st.sampled_from([*FILMS, "gone", None]),
        st.sampled_from(["click", "rating", "purchase", "view"]),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
    )
)


@given(PAST)
def test_an_affinity_is_a_share(past: list[Event]) -> None:
    """Whatever the past, from 0 to below 1, and the same in whatever order it is folded."""
    known = profile(*past)
    for film in FILMS.values():
        affinity = known.affinity_to(film)
        assert affinity is None or 0 <= affinity < 1
    clicks = [item for item in past if item.action == "click"]
    assert profile(*clicks) == profile(*reversed(clicks))


# --- over the event log ---


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    """An empty one."""
    opened = EventLog(open_log(f"sqlite:///{tmp_path}/events.sqlite", BEHAVIOUR))
    yield opened
    opened.close()


def click(number: int, document_id: str, **values: Any) -> Event:
    """A click of ``u``, unless said otherwise."""
    given_values: dict[str, Any] = {"user_id": "u", **values}
    return Event(f"e{number}", "click", AT, document_id, **given_values)


def test_what_lies_after_as_of_is_not_seen(log: EventLog) -> None:
    """A profile as of a position is the same whatever happens later."""
    log.append("films", "test", [click(1, "emma"), click(2, "moon", user_id="other")])
    as_of = log.head()
    reader = ProfileReader(log, "films", films)
    before = reader.read("u", FIELDS)
    log.append("films", "test", [click(3, "alien"), click(4, "moon")])
    assert reader.read("u", FIELDS, as_of) == before == profile(event("emma"))
    assert reader.read("u", FIELDS) == profile(event("emma"), event("alien"), event("moon"))
    assert reader.read("u", FIELDS, 0).is_empty


def test_whose_and_which(log: EventLog) -> None:
    """Another person's events, and those of another collection, say nothing."""
    log.append("films", "test", [click(1, "emma", user_id="other")])
    log.append("books", "test", [click(1, "moon")])
    assert ProfileReader(log, "films", films).read("u", FIELDS).is_empty


def test_the_past_is_bounded(log: EventLog) -> None:
    """The oldest event beyond the last 200 says nothing any more."""
    later = [click(number, "moon") for number in range(EVENTS_READ)]
    log.append("films", "test", [click(999, "emma"), *later])
    read = ProfileReader(log, "films", films).read("u", FIELDS)
    assert read.choices["genres"] == EVENTS_READ
    assert read.affinity("genres", "comedy") == 0
