"""A person's profile is read in time or not at all, and a search never fails for it."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.bootstrap import House
from api.personal import ENOUGH_SECONDS, AskersProfiles, PersonalOrders, RememberedProfiles
from query.breaker import FAILURES_IN_A_ROW
from rerank.completed_scores import CompletedScoreReranker
from rerank.personal_order import FEATURE, PersonalOrder
from rerank.profiles import Profile
from tandem.documents import Document
from tandem.errors import CatalogError
from tandem.events import Event
from tandem.queries import Query
from tandem.rankings import Degradation, SearchResult
from tandem.sections import SearchSettings
from tests.builders import schema_of
from tests.logs import logged
from tests.owned_house import NAME, at_work, owned, settings_in

SOMEBODY = Profile({"kind": {"x": 1}}, {"kind": 1})
FIELDS = ("kind",)
LONG = 600.0
HANGING_SECONDS = 30.0
FOR_EVER = 3_600.0


class Reading:
    """Reads a profile, after doing something else first."""

    def __init__(self, first: Callable[[], object] = lambda: None) -> None:
        self.first = first
        self.asked: list[str] = []

    def __call__(self, user_id: str, fields: Collection[str]) -> Profile:
        """See ``ReadProfile``."""
        self.asked.append(user_id)
        self.first()
        return SOMEBODY


@pytest.fixture
def remembering() -> Iterator[Callable[..., RememberedProfiles]]:
    """Makes them, and closes them."""
    made: list[RememberedProfiles] = []

    def make(read: Reading, kept_seconds: float = FOR_EVER) -> RememberedProfiles:
        made.append(RememberedProfiles(read, kept_seconds))
        return made[-1]

    yield make
    for profiles in made:
        profiles.close()


def failing() -> None:
    """As a catalogue that is down."""
    raise CatalogError("the event log is down")


Remembering = Callable[..., RememberedProfiles]


def test_a_profile_is_kept_for_a_moment(remembering: Remembering) -> None:
    """One a person and fields; then it is read again."""
    kept, fleeting = Reading(), Reading()
    profiles = remembering(kept)
    for user_id in ("a", "a", "b"):
        assert profiles.of(user_id, FIELDS, LONG) == SOMEBODY
    profiles.of("a", ("other",), LONG)
    assert kept.asked == ["a", "b", "a"]
    profiles = remembering(fleeting, kept_seconds=0)
    profiles.of("a", FIELDS, LONG)
    profiles.of("a", FIELDS, LONG)
    assert fleeting.asked == ["a", "a"]


def test_no_more_than_so_many_are_kept(
    remembering: Remembering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was read first goes."""
    monkeypatch.setattr("api.personal.MOST_KEPT", 2)
    reading = Reading()
    profiles = remembering(reading)
    for user_id in ("a", "b", "c", "b", "c", "a"):
        profiles.of(user_id, FIELDS, LONG)
    assert reading.asked == ["a", "b", "c", "a"]


def test_a_log_that_fails_is_told_once(remembering: Remembering) -> None:
    """Searches go on without; when it answers again and then fails, that is news."""
    reading = Reading(failing)
    profiles = remembering(reading, kept_seconds=0)
    with logged() as records:
        for _ in range(3):
            assert profiles.of("a", FIELDS, LONG) == Degradation("profile", "error")
        assert len(records) == 1
        assert "no personal order: CatalogError: the event log is down" in records[0].getMessage()
        reading.first = lambda: None
        assert profiles.of("a", FIELDS, LONG) == SOMEBODY
        reading.first = failing
        assert profiles.of("a", FIELDS, LONG) == Degradation("profile", "error")
        assert len(records) == 2


@pytest.mark.parametrize("seconds", [1.5 * ENOUGH_SECONDS, 1.0])
def test_a_log_that_hangs_is_soon_not_waited_for(remembering: Remembering, seconds: float) -> None:
    """Each of the first searches waits for its time, if that is longer than a read takes; the
    others do not at all.
    """
    released = threading.Event()
    reading = Reading(lambda: released.wait(HANGING_SECONDS))
    profiles = remembering(reading)
    try:
        with logged() as records:
            found = [profiles.of("a", FIELDS, seconds) for _ in range(20)]
        reasons = [part.reason for part in found if isinstance(part, Degradation)]
        assert reasons[:FAILURES_IN_A_ROW] == ["timeout"] * FAILURES_IN_A_ROW
        assert reasons.count("skipped") >= 20 - FAILURES_IN_A_ROW - 2
        assert len(reading.asked) <= FAILURES_IN_A_ROW + 2  # it is tried again every second
        assert ["the event log: timeout" in item.getMessage() for item in records] == [True]
    finally:
        released.set()


def test_a_query_with_little_time_waits_no_longer(remembering: Remembering) -> None:
    """Less than a thousandth of a second is too little for a read that waits."""
    released = threading.Event()
    profiles = remembering(Reading(lambda: released.wait(HANGING_SECONDS)))
    try:
        assert profiles.of("a", FIELDS, 1e-6) == Degradation("profile", "timeout")
    finally:
        released.set()


def test_nobodys_profile_is_not_read(remembering: Remembering) -> None:
    """A query without a person has none, in no time."""
    reading = Reading()
    profiles = AskersProfiles(remembering(reading), FIELDS)
    assert profiles.of(Query("x", user_id="a"), LONG) == SOMEBODY
    assert profiles.of(Query("x"), 0.0) == Profile()
    assert reading.asked == ["a"]
    assert profiles.of(Query("x", user_id="b"), 0.0) == Degradation("profile", "timeout")


@pytest.mark.usefixtures("models")
def test_without_a_share_nothing_is_put_around(tmp_path: Path) -> None:
    """By default; no event log is opened for it."""
    inner = CompletedScoreReranker({})
    with owned(settings_in(tmp_path)) as house:
        orders = {
            share: PersonalOrders(house.catalog, NAME, SearchSettings(personal_share=share))
            for share in (0.0, 0.5)
        }
        assert orders[0.0].over(inner, schema_of()) is inner
        assert isinstance(orders[0.5].over(inner, schema_of()), PersonalOrder)
        for order in orders.values():
            order.close()
        assert not house.catalog.has_events()


# --- in a search ---

DOCUMENTS = [
    Document("cup", "", "a green vessel", {"kind": "kitchen"}),
    Document("frog", "", "a green animal", {"kind": "zoo"}),
    Document("newt", "", "a brown animal", {"kind": "zoo"}),
]
WORDS_ALONE = {"lexical": {"share": 0.9}, "vector": {"share": 0.0}, "budget_ms": 20_000}


@pytest.fixture
def house(tmp_path: Path, models: None) -> Iterator[House]:
    """With those documents, ranked by words, and a share of the person's."""
    settings = settings_in(tmp_path, search={**WORDS_ALONE, "personal_share": 0.6})
    with owned(settings) as opened, at_work(opened):
        opened.catalog.documents.append(NAME, "test", DOCUMENTS)
        collection = opened.collection(NAME)
        until(lambda: collection.passed() == opened.catalog.documents.head())
        yield opened


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what the owner does by itself."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def search(house: House, user_id: str | None, configuration: str = "hybrid") -> SearchResult:
    """For what two documents match equally well: the order of their ids decides."""
    searcher = house.collection(NAME).searcher(configuration)
    return searcher.search(Query("green", user_id=user_id))


def test_a_search_of_somebody_with_a_past(house: House) -> None:
    """A click lifts what is like the document, by as much as it says; a stranger's order is as
    everybody's.
    """
    nobody = search(house, None)
    assert nobody.page.document_ids[:2] == ("cup", "frog")
    assert search(house, "stranger").page == nobody.page

    click = Event("e", "click", datetime.now(UTC), "newt", "fan")
    house.catalog.events.append(NAME, "test", [click])
    fan = search(house, "fan")

    assert fan.page.document_ids[:2] == ("frog", "cup")
    frog, cup = fan.page.hits[:2]
    assert (frog.contributions[-1].feature, frog.contributions[-1].value) == (FEATURE, 1 / 6)
    assert frog.score == pytest.approx(cup.score + 0.6 / 6)
    assert cup._replace(contributions=cup.contributions[:-1], rank=1) == nobody.page.hits[0]
    for configuration in ("lexical", "semantic", "rrf"):  # these show one stage's own list
        plain = search(house, None, configuration)
        assert search(house, "fan", configuration).page == plain.page


def test_what_somebody_does_changes_their_next_search(house: House) -> None:
    """As soon as the profile that was read before is forgotten."""
    assert search(house, "fan").page.document_ids[0] == "cup"
    click = Event("e", "click", datetime.now(UTC), "newt", "fan")
    house.catalog.events.append(NAME, "test", [click])
    until(lambda: search(house, "fan").page.document_ids[0] == "frog")


def test_a_search_goes_on_without_the_event_log(house: House) -> None:
    """A file that is no database: the answer is everybody's, which it says, and the log
    does once.
    """
    (house.settings.data_dir / "events.sqlite").write_bytes(b"no database" * 1_000)
    with logged() as records:
        found = [search(house, "fan") for _ in range(2)]
    assert [item.page for item in found] == [search(house, None).page] * 2
    assert [item.degraded for item in found] == [(Degradation("profile", "error"),)] * 2
    assert ["no personal order" in item.getMessage() for item in records] == [True]
