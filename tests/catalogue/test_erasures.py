"""Somebody is erased: no row says any more who it was, and all that was counted is what it was."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.catalog import erasing
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, reading, writing
from tandem.catalog.erasures import Erasure
from tandem.catalog.event_log import EventLog
from tandem.catalog.event_tables import ERASED_IDS, ERASURES, EVENT_HEAD, EVENT_LOG
from tandem.errors import CatalogError, FieldError
from tandem.events import ERASED, Event, Impression
from tandem.features import FeatureMatrix
from tests.catalogue.logged import event, impression

NAMES = ("user_id", "client_id", "session_id")
SEEN = FeatureMatrix(("a",), ("d1",), np.zeros((1, 1), dtype=np.float32))
Words = list[Event | Impression]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few rows are many steps."""
    monkeypatch.setattr(erasing, "SPAN", 7)
    monkeypatch.setattr(erasing, "ROWS_PER_QUERY", 2)
    monkeypatch.setattr("tandem.catalog.database.ROWS_PER_QUERY", 2)


def erase(log: EventLog, person: str, collection: str = "main") -> Erasure:
    """All of it."""
    number = log.erasures.ask(collection, person).number
    for _ in steps(log, number):
        pass
    return log.erasures.read(number)


def steps(log: EventLog, number: int) -> Iterator[None]:
    """What is done of an erasure at once."""
    yield from log.erasures.collect(number)
    yield from log.erasures.rewrite(number)


def rows(log: EventLog, collection: str = "main") -> list[Any]:
    """Everything that is told, in order."""
    told = (log.events(collection, 0, 1_000).rows, log.impressions(collection, 0, 1_000).rows)
    return sorted((row for kind in told for row in kind), key=lambda row: row.sequence)


def held(log: EventLog) -> str:
    """The whole database, as text."""
    with reading(log.engine) as connection:
        return repr([connection.execute(sa.select(it)).all() for it in EVENT_LOG.tables.values()])


def test_what_is_left_of_somebody(log: EventLog) -> None:
    """What was done and shown, when and where; no id, text or detail. An id is one other id
    everywhere, and the id of an event, which may be made of it, another one too.
    """
    log.append(
        "main",
        "api",
        [
            impression("q", user_id="eve", session_id="s", query_text="my illness", as_of=0,
                       details={"configuration": "hybrid", "filters": {"name": "Eve"}}),
            event("eve-1", user_id="eve", client_id="phone", session_id="s", query_id="q",
                  document_id="d1", position=1, value=2.5, details={"message": "Eve"}),
            event("2", action="rating", user_id="eve", session_id="s"),
            impression("r", user_id="eve", details={"imported": True, "corrected": "my ilness"}),
        ],
    )  # fmt: skip
    log.features.keep("main", [("q", SEEN), ("other", SEEN)])
    before = rows(log)
    done = erase(log, "eve")
    assert (done.events, done.impressions, done.features) == (2, 2, 1)
    assert done.done_at is not None
    page, click, rating, imported = (row.what for row in rows(log))
    assert len({row.user_id for row in (page, click, rating, imported)}) == 1
    assert page.user_id.startswith(ERASED)
    assert page.session_id == click.session_id == rating.session_id != page.user_id
    assert (click.document_id, click.position, click.value) == ("d1", 1, 2.5)
    assert (click.query_id, click.action, rating.action) == ("q", "click", "rating")
    assert (page.query_text, page.details) == ("", {"configuration": "hybrid"})
    assert (click.details, imported.details) == ({}, {"imported": True})
    assert page.exposures == before[0].what.exposures
    assert [row.received_at for row in rows(log)] == [row.received_at for row in before]
    assert log.features.known("main", ["q", "other"]) == {"other"}
    for trace in ("eve", "Eve", "phone", "illness", "ilness", "'s'", "eve-1"):
        assert trace not in held(log)


def test_who_is_not_known_but_by_a_device(log: EventLog) -> None:
    """An id is that of a user or of a client. On the device of somebody who says who they are, the
    device's id alone is replaced, and what they did stays theirs.
    """
    log.append(
        "main",
        "api",
        [
            event("1", user_id=None, client_id="x", session_id="s", details={"message": "mine"}),
            event("2", user_id="ann", client_id="x", session_id="t", details={"message": "hers"}),
            impression("q", client_id="x", query_text="private", session_id="s"),
            event("3", user_id="x", client_id="y"),
        ],
    )
    done = erase(log, "x")
    assert (done.events, done.impressions) == (2, 1)
    mine, hers, page, user = (row.what for row in rows(log))
    assert hers.client_id == mine.client_id == page.client_id == user.user_id
    assert (hers.user_id, hers.session_id, hers.event_id) == ("ann", "t", "2")
    assert hers.details == {"message": "hers"}
    assert mine.user_id is None
    assert page.query_text == ""


def test_before_they_said_who_they_are(log: EventLog) -> None:
    """What was done by nobody known, in a session or on a device of theirs, is theirs; what another
    user did there stays that user's, in the same session.
    """
    log.append(
        "main",
        "api",
        [
            impression("q", session_id="s", query_text="anonymous"),
            event("1", user_id="eve", client_id="pc", session_id="s"),
            event("2", user_id="bob", session_id="s", details={"message": "of bob"}),
            event("3", user_id=None, client_id="pc", session_id="another"),
            event("4", user_id=None, client_id="phone", session_id="another"),
            event("5", user_id=None, client_id="phone", session_id="third"),
        ],
    )
    done = erase(log, "eve")
    assert (done.events, done.impressions) == (3, 1)
    page, hers, his, earlier, moved, other = (row.what for row in rows(log))
    assert page.query_text == ""
    assert page.session_id == hers.session_id == his.session_id
    assert his.session_id.startswith(ERASED)
    assert (his.user_id, his.details) == ("bob", {"message": "of bob"})
    assert earlier.client_id == hers.client_id
    assert earlier.session_id == moved.session_id
    assert earlier.session_id.startswith(ERASED)
    assert (other.client_id, other.session_id) == ("phone", "third")


@pytest.mark.parametrize(("others", "is_shared"), [(4, False), (5, True)])
def test_a_machine_that_many_share(log: EventLog, others: int, is_shared: bool) -> None:
    """It says of nobody who it is: its id stays, and what nobody known has done there."""
    users = [event(f"u{n}", user_id=f"u{n}", client_id="kiosk") for n in range(others)]
    page = impression("q", client_id="kiosk", session_id="s", query_text="of anybody")
    log.append("main", "api", [*users, event("e", user_id="eve", client_id="kiosk"), page])
    done = erase(log, "eve")
    assert (done.events, done.impressions) == (1, 0 if is_shared else 1)
    told = [row.what for row in rows(log)]
    assert {word.client_id == "kiosk" for word in told} == {is_shared}
    assert (told[-1].query_text == "of anybody") is is_shared
    assert (told[-1].session_id == "s") is is_shared
    assert [word.user_id for word in told[:others]] == [f"u{n}" for n in range(others)]


def test_what_only_a_deed_tells_of_whom(log: EventLog) -> None:
    """Who asked was not said, and who clicked was: the text is the person's all the same. What
    another user asked stays, and what nobody they know has clicked.
    """
    details = {"configuration": "hybrid", "filters": {"name": "Eve"}}
    log.append(
        "main",
        "api",
        [
            impression("q", query_text="my illness", details=details),
            impression("r", query_text="of bob", user_id="bob"),
            impression("s", query_text="of nobody"),
            *(event(name, user_id="eve", query_id=name) for name in ("q", "r", "unknown")),
            event("again", user_id="eve", query_id="q"),
        ],
    )
    log.append("other", "api", [impression("q", query_text="elsewhere")])
    log.features.keep("main", [("q", SEEN), ("r", SEEN), ("s", SEEN)])
    done = erase(log, "eve")
    assert (done.events, done.impressions, done.features) == (4, 1, 1)
    told = [row.what for row in rows(log) if isinstance(row.what, Impression)]
    assert [word.query_text for word in told] == ["", "of bob", "of nobody"]
    assert told[0].details == {"configuration": "hybrid"}
    assert rows(log, "other")[0].what.query_text == "elsewhere"
    assert log.features.known("main", ["q", "r", "s"]) == {"r", "s"}


def test_other_collections_and_strange_ids(log: EventLog) -> None:
    """An id is of its collection, whatever characters it has."""
    strange = "n \x10日%_'"
    for collection in ("main", "other"):
        log.append(collection, "api", [event("1", user_id=strange)])
    assert erase(log, strange).events == 1
    assert rows(log)[0].what.user_id.startswith(ERASED)
    assert rows(log, "other")[0].what.user_id == strange


@pytest.mark.parametrize("bad", ["", "  ", "a\ud800", "a\0", "x" * 513])
def test_what_is_no_id(log: EventLog, bad: str) -> None:
    """Nothing is noted."""
    with pytest.raises(FieldError, match="user_id"):
        log.erasures.ask("main", bad)
    assert log.erasures.of("main") == []


def test_nothing_is_known(log: EventLog) -> None:
    """That is done as well; there is none of a number that was not given."""
    done = erase(log, "nobody")
    assert (done.events, done.impressions, done.features) == (0, 0, 0)
    assert [found.number for found in log.erasures.of("main")] == [done.number]
    with pytest.raises(CatalogError, match="there is no erasure 99"):
        log.erasures.read(99)


def test_who_comes_again_is_another(log: EventLog) -> None:
    """What came while it was done is erased with it; afterwards a new life begins, and an event of
    an old id is a new one.
    """
    log.append("main", "api", [event("1"), event("2", session_id="s")])
    number = log.erasures.ask("main", "u").number
    work = steps(log, number)
    for _ in log.erasures.collect(number):
        pass
    next(work)
    log.append(
        "main", "api", [event("3", session_id="s"), event("4", user_id=None, session_id="s")]
    )
    for _ in work:
        pass
    assert log.erasures.read(number).events == 4
    assert len({row.what.session_id for row in rows(log)[1:]}) == 1
    log.append("main", "api", [event("1", session_id="s")])
    new = rows(log)[-1].what
    assert (new.user_id, new.session_id) == ("u", "s")
    assert erase(log, "u").events == 1
    assert len({row.what.user_id for row in rows(log) if row.what.user_id}) == 2


def test_its_place_in_the_order(log: EventLog) -> None:
    """It takes a sequence, so that whoever has read past it has read what it left."""
    log.append("main", "api", [event("1")])
    assert log.erasures.last() == 0
    erase(log, "u")
    assert log.erasures.last() == log.head() == 2
    assert log.behaviour("main").rows(1, 10).through == 2
    log.append("main", "api", [event("2")])
    assert rows(log)[-1].sequence == 3


def test_features_of_answers_that_knew_them(log: EventLog) -> None:
    """What was answered before is not put down afterwards: nobody could compute it again."""
    log.append("main", "api", [event("1")])
    pages = [impression("old", as_of=1), impression("blind", as_of=0)]
    log.append("main", "api", pages)
    assert log.features.keep("main", [("old", SEEN)]) == 1
    erase(log, "u")
    later = [impression("late", as_of=2), impression("new", as_of=log.head())]
    log.append("main", "api", later)
    asked = [(name, SEEN) for name in ("late", "new", "blind", "unknown")]
    assert log.features.keep("main", asked) == 3
    assert log.features.known("main", ["old", "late", "new", "blind"]) == {"old", "new", "blind"}


def test_records_are_kept_and_forgotten(log: EventLog) -> None:
    """When it was done and how much it was, not of whom; what is not done is not forgotten."""
    log.append("main", "api", [event("1", session_id="s")])
    done, wanted = erase(log, "u"), log.erasures.ask("main", "v")
    assert log.erasures.of("main") == [done, wanted]
    with reading(log.engine) as connection:
        found = connection.execute(sa.select(ERASURES).order_by(ERASURES.c.erasure)).first()
        assert connection.execute(sa.select(ERASED_IDS)).all() == []
    assert found is not None
    assert (found.person, found.secret) == (None, None)
    assert done.done_at is not None
    assert log.erasures.purge("main", done.done_at) == 0
    assert log.erasures.purge("other", wanted.asked_at.replace(year=2100)) == 0
    assert log.erasures.purge("main", wanted.asked_at.replace(year=2100)) == 1
    assert log.erasures.of("main") == [wanted]


# --- killed, and by several at once ---


COLLECTED = 17
"""After so many steps all ids are noted; the sixth after that is the last."""


def told_of(log: EventLog) -> None:
    """A little of everything that is erased with ``u``."""
    log.append(
        "main",
        "api",
        [
            impression("q", session_id="s", query_text="t"),
            *(event(f"e{number}", session_id="s", document_id="d") for number in range(5)),
            event("anonymous", user_id=None, session_id="s"),
            impression("r", user_id="u", query_text="t"),
            event("of another", user_id="v", client_id="u", session_id="s"),
        ],
    )


@pytest.mark.parametrize("done", [0, 8, *range(COLLECTED - 1, COLLECTED + 7)])
def test_what_was_left_half_done(log: EventLog, done: int) -> None:
    """Wherever it stopped, whoever asks again does the rest, with the same ids for the same."""
    told_of(log)
    number = log.erasures.ask("main", "u").number
    work = steps(log, number)
    for _ in zip(range(done), work, strict=False):
        pass
    assert (log.erasures.read(number).events > 0) is (done > COLLECTED)
    again = EventLog(log.engine)
    assert again.erasures.ask("main", "u").number == number
    for _ in steps(again, number):
        pass
    finished = again.erasures.read(number)
    assert (finished.events, finished.impressions) == (6, 2)
    users = {row.what.user_id for row in rows(log)} - {"v", None}
    assert len(users) == len({row.what.session_id for row in rows(log)} - {None}) == 1
    assert "'u'" not in held(log)
    assert "'s'" not in held(log)


def test_two_that_work_at_one(log: EventLog) -> None:
    """Nothing is counted twice, and it is done once."""
    told_of(log)
    number = log.erasures.ask("main", "u").number
    first, second = steps(log, number), steps(EventLog(log.engine), number)
    working = [first, second]
    while working:
        working = [work for work in working if next(work, "end") != "end"]
    done = log.erasures.read(number)
    assert (done.events, done.impressions) == (6, 2)
    assert log.erasures.last() == log.head()


def test_two_who_shared_a_device(log: EventLog) -> None:
    """Erased at the same time nothing is left of either, whoever comes first to a row."""
    log.append(
        "main",
        "api",
        [
            event("1", user_id="eve", client_id="pc", details={"message": "hers"}),
            event("2", user_id="bob", client_id="pc", details={"message": "his"}),
            impression("q", client_id="pc", session_id="s", query_text="of either"),
            event("3", user_id=None, session_id="s", details={"message": "of either"}),
        ],
    )
    working = [steps(log, log.erasures.ask("main", person).number) for person in ("eve", "bob")]
    while working:
        working = [work for work in working if next(work, "end") != "end"]
    assert all(done.done_at for done in log.erasures.of("main"))
    for trace in ("'eve'", "'bob'", "'pc'", "'s'", "hers", "his", "of either"):
        assert trace not in held(log)


def test_a_long_log_is_looked_through_in_steps(log: EventLog) -> None:
    """With pauses also where nothing of the person is; what comes meanwhile does not prolong it."""
    log.append("main", "api", [event(f"b{number}", user_id="bob") for number in range(21)])
    number = log.erasures.ask("main", "eve").number
    assert len([*log.erasures.collect(number)]) >= 2 * 3
    rewriting = 0
    for _ in log.erasures.rewrite(number):
        rewriting += 1
        log.append("main", "api", [event(f"e{rewriting}", user_id="eve")])
    assert rewriting == 3 + 4
    assert log.erasures.read(number).events == rewriting


# --- whatever was done ---


def drawn_words(seed: int) -> Words:
    """Few people, devices and sessions, anyhow mixed."""
    random = Random(seed)
    words: Words = []
    for number in range(40):
        who = {name: random.choice([None, *"abc"]) for name in NAMES}
        if random.random() < 0.4:
            text = random.choice(["", f"text {number}"])
            words.append(impression(f"q{number}", query_text=text, details={"sort": "x"}, **who))
        else:
            words.append(event(f"e{number}", document_id="d", details={"message": "m"}, **who))
    return words


def is_of(word: Event | Impression, person: str, seen: Mapping[str, set[Any]]) -> bool:
    """Whether a row is the person's, as the documentation has it."""
    if word.user_id is not None:
        return word.user_id == person
    has_one = word.client_id in seen["client_id"] or word.session_id in seen["session_id"]
    return word.client_id == person or has_one


def seen_with(told: Words, person: str) -> dict[str, set[Any]]:
    """The ids that were seen with somebody: on rows that say who it was, then on those of nobody
    known that have one of these.
    """
    seen: dict[str, set[Any]] = {"client_id": set(), "session_id": set()}
    for _ in range(2):
        theirs = [word for word in told if is_of(word, person, seen)]
        seen = {name: {getattr(word, name) for word in theirs} - {None} for name in seen}
    return seen


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_was_done(shared: Catalog, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """All but the person's rows is told as before, but for their ids; those tell what was done and
    nothing of whom; and each id is one other everywhere.
    """
    monkeypatch.setattr(erasing, "ROWS_PER_QUERY", 20)
    monkeypatch.setattr("tandem.catalog.database.ROWS_PER_QUERY", 20)
    monkeypatch.setattr(erasing, "SPAN", 30)
    log, words = shared.events, drawn_words(seed)
    with writing(log.engine) as connection:
        for table in EVENT_LOG.tables.values():
            if table is not EVENT_HEAD:
                connection.execute(table.delete())
    log.append("main", "api", words)
    before = rows(log)
    told = [row.what for row in before]
    seen = seen_with(told, "a")
    gone = {"user_id": {"a"}, **seen, "client_id": {*seen["client_id"], "a"}}
    done = erase(log, "a")
    became: dict[Any, set[Any]] = {}
    for old, new in zip(before, rows(log), strict=True):
        is_theirs = is_of(old.what, "a", seen)
        for name in NAMES:
            was, is_now = getattr(old.what, name), getattr(new.what, name)
            if was in gone[name]:
                assert is_now.startswith(ERASED)
                became.setdefault(was, set()).add(is_now)
            else:
                assert is_now == was
        assert (old.sequence, old.received_at) == (new.sequence, new.received_at)
        if isinstance(old.what, Impression):
            assert new.what.exposures == old.what.exposures
            assert new.what.query_text == ("" if is_theirs else old.what.query_text)
        else:
            assert (new.what.action, new.what.document_id) == ("click", "d")
            assert (new.what.event_id == old.what.event_id) is not is_theirs
        assert new.what.details == ({} if is_theirs else old.what.details)
    assert all(len(ids) == 1 for ids in became.values())
    assert len({*map(frozenset, became.values())}) == len(became)
    counted = sum(isinstance(word, Event) for word in told if is_of(word, "a", seen))
    assert done.events == counted


def test_nothing_of_it_is_left_in_a_file(tmp_path: Path) -> None:
    """Neither in what is free in it, nor in what was written ahead."""
    name = "a-telling-name"
    url = file_url(tmp_path / "documents.sqlite")
    with closing(Catalog(url, file_url(tmp_path / "e.sqlite"))) as catalog:
        log = catalog.events
        words: Words = []
        for number in range(60):
            words.append(event(str(number), user_id=name, details={"message": name}))
            words.append(impression(f"q{number}", user_id=name, query_text=200 * name))
        log.append("main", "api", words)
        assert name.encode() in files(tmp_path)
        erase(log, name)
        assert log.empty_write_ahead()
        assert name.encode() not in files(tmp_path)


def files(folder: Path) -> bytes:
    """All that is in them."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))
