"""Promoting, going back, dropping: by the process that follows every retained generation."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.bootstrap import House
from api.owner import Owner
from indexer.reindexing import ReindexProgress
from indexer.seats import Access
from tandem.analysis import ENGLISH
from tandem.errors import EngineError, InputError, ReleaseConflict
from tandem.queries import Query
from tests.integration.downtime.embedders import MODELS
from tests.owned_house import (
    NAME,
    at_work,
    generations,
    index_names,
    on_engines,
    owned,
    reindexed,
    settings_in,
    write,
)

pytestmark = pytest.mark.usefixtures("models")


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what the owner does by itself."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def test_the_first_generation_is_followed(house: House, owner: Owner) -> None:
    """What is written is applied without being asked for."""
    collection = house.collection(NAME)
    until(lambda: collection.passed() == 20)
    write(house, 21, 25)
    until(lambda: collection.passed() == 25)
    assert owner.leading() == [NAME]
    assert owner.states() == dict.fromkeys(index_names(1), "following")


def test_a_reindex_goes_live_and_what_was_before_follows_on(house: House, owner: Owner) -> None:
    """Both generations have what is written later, so that going back loses nothing."""
    generation, outcome = reindexed(owner, model=MODELS[1])
    assert outcome.release is not None
    assert (generation.number, generation.embedder) == (2, "hash-b@1")
    assert house.collection(NAME).generation.number == 2
    assert owner.states().keys() == index_names(1, 2)
    write(house, 21, 22)
    back = owner.rollback(NAME)
    assert back.generation == 1
    collection = house.collection(NAME)
    assert collection.generation.number == 1
    found = collection.searcher("lexical").search(Query("word22"))
    assert found.page.document_ids[0] == "d22", "going back waited for what was written since"
    assert generations(house) == {1: "ready", 2: "ready"}


def test_another_process_changes_what_is_retained(house: House, owner: Owner) -> None:
    """A generation that appears is followed, a release that is pointed to is taken up, and what is
    dropped is left: by the row alone, as another process writes it.
    """
    declared = house.settings.declared_schema()
    assert declared is not None
    made = house.create_generation(NAME, declared, MODELS[1])
    until(lambda: owner.states().keys() == index_names(1, 2))
    opened = house.collection(NAME).open_generation(made)
    until(lambda: opened.applied() == 20)
    releases = house.catalog.releases
    releases.promote(NAME, 2, parent=1)
    until(lambda: house.collection(NAME).generation.number == 2)
    releases.drop(1)
    until(lambda: owner.states().keys() == index_names(2))
    assert [item.generation.number for item in house.collection(NAME).retained] == [2]


def test_what_a_crash_left_on_the_engines_is_swept(house: House) -> None:
    """Indexes of no retained generation are removed at the start; the others stay."""
    declared = house.settings.declared_schema()
    assert declared is not None
    house.lexical_store.create(f"{NAME}-lexical-7", "x", declared, ENGLISH).close()
    house.vector_store.create(f"{NAME}-vector-7", "x", declared, 16).close()
    house.collection(NAME)
    assert on_engines(house) == index_names(1, 7)
    with at_work(house):
        assert on_engines(house) == index_names(1)


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_retention_says_how_many_are_kept(tmp_path: Path, kept: int) -> None:
    """The live one and those it was made from; the others are gone from catalogue and engines."""
    settings = settings_in(tmp_path, retention={"generations": kept})
    with owned(settings) as house, at_work(house) as owner:
        for number in range(4):
            reindexed(owner, model=MODELS[number % 2])
        expected = list(range(5, 5 - kept, -1))
        assert sorted(generations(house), reverse=True) == expected
        assert on_engines(house) == index_names(*expected)
        assert owner.states().keys() == index_names(*expected)


def test_dropping_waits_for_the_last_query(house: House, owner: Owner) -> None:
    """A query that began on a generation ends on it, though it is dropped meanwhile."""
    collection = house.collection(NAME)
    with collection.held() as (release, opened):
        for model in (MODELS[1], MODELS[0]):
            reindexed(owner, model=model)
        assert generations(house).keys() == {2, 3}
        assert release.generation == 1
        assert index_names(1) <= on_engines(house)
        assert opened.lexical.index.count() == 20
    until(lambda: on_engines(house) == index_names(2, 3))


def test_the_last_query_does_not_wait_for_the_dropping(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the engine is; the end of the house does wait for it."""
    drop, may_drop = house.lexical_store.drop, threading.Event()

    def slow(name: str) -> None:
        may_drop.wait(20)
        drop(name)

    monkeypatch.setattr(house.lexical_store, "drop", slow)
    collection = house.collection(NAME)
    with collection.held():
        for model in (MODELS[1], MODELS[0]):
            reindexed(owner, model=model)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert index_names(1) <= on_engines(house)
    may_drop.set()
    collection.close()
    assert on_engines(house) == index_names(2, 3)


def test_on_servers_dropping_waits_until_others_know(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new release is live first, and what others search still is there; at the end of this
    process it is left to the next promotion.
    """
    seen: list[tuple[int, set[str]]] = []
    answers = iter([False, True])

    def noticed(_access: Access, _is_stopping: Callable[[], bool]) -> bool:
        seen.append((house.collection(NAME).release.generation, on_engines(house)))
        return next(answers)

    monkeypatch.setattr("api.promotion.is_noticed", noticed)
    reindexed(owner, model=MODELS[1])
    assert seen == [], "there is nothing to drop yet"
    reindexed(owner, model=MODELS[0])
    assert seen == [(3, index_names(1, 2, 3))]
    assert generations(house).keys() == {1, 2, 3}
    reindexed(owner, model=MODELS[1])
    assert seen[1:] == [(4, index_names(1, 2, 3, 4))]
    assert generations(house).keys() == {3, 4}


def test_what_another_process_went_back_to_meanwhile_is_kept(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While this one waits."""
    releases = house.catalog.releases

    def noticed(_access: Access, _is_stopping: Callable[[], bool]) -> bool:
        releases.promote(NAME, 1, parent=3)
        return True

    reindexed(owner, model=MODELS[1])
    monkeypatch.setattr("api.promotion.is_noticed", noticed)
    reindexed(owner, model=MODELS[0])
    assert generations(house).keys() == {1, 3}
    assert index_names(1, 3) <= on_engines(house)


def test_an_engine_that_cannot_drop_fails_nobody(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the reindex nor the query that was the last one; the next start sweeps."""

    def refuse(_name: str) -> None:
        raise EngineError("no")

    monkeypatch.setattr(house.lexical_store, "drop", refuse)
    reindexed(owner, model=MODELS[1])
    with house.collection(NAME).held():
        reindexed(owner, model=MODELS[0])
    assert generations(house).keys() == {2, 3}
    until(lambda: on_engines(house) == index_names(2, 3) | {f"{NAME}-lexical-1"})
    monkeypatch.undo()
    owner.close()
    with at_work(house):
        assert on_engines(house) == index_names(2, 3)


def test_promoting_what_there_is_not(house: House, owner: Owner) -> None:
    """Bad use; the message names those there are."""
    with pytest.raises(InputError, match="no generation 9; it has 1") as raised:
        owner.promote(NAME, 9)
    assert "tandem releases" in raised.value.hint


def test_promoting_what_is_live_changes_nothing(house: House, owner: Owner) -> None:
    """So a command that was killed after it had done its work can be given again."""
    before = house.collection(NAME).release
    assert owner.promote(NAME, 1) == before
    assert house.catalog.releases.history(NAME) == [before]


def test_no_generation_goes_live_before_it_has_caught_up(house: House, owner: Owner) -> None:
    """By hand too: one that is half built is waited for."""
    declared = house.settings.declared_schema()
    assert declared is not None
    write(house, 21, 1_000)
    made = house.create_generation(NAME, declared, MODELS[1])
    told: list[ReindexProgress] = []
    release = owner.promote(NAME, made.number, told.append)
    assert release.generation == made.number
    assert house.collection(NAME).live.applied() == 1_000
    assert [progress.stage for progress in told][-1] == "done"
    assert generations(house)[made.number] == "ready"


def test_there_is_nothing_to_go_back_to(house: House, owner: Owner) -> None:
    """Without a parent, or where its generation is dropped: said so, and nothing changes."""
    with pytest.raises(ReleaseConflict, match="no release to go back to from 1") as raised:
        owner.rollback(NAME)
    assert raised.value.hint
    reindexed(owner, model=MODELS[1])
    owner.rollback(NAME)
    house.catalog.releases.promote(NAME, 1, parent=1)
    house.catalog.releases.promote(NAME, 2, parent=3)
    house.catalog.releases.drop(1)
    house.collection(NAME).refresh()
    with pytest.raises(ReleaseConflict, match="no release to go back to from 4"):
        owner.rollback(NAME)
    assert house.collection(NAME).release.number == 4


def test_of_two_that_promote_one_succeeds(
    house: House, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that was promoted while a reindex ran is not lost by it."""
    releases = house.catalog.releases
    promote = releases.promote

    def late(name: str, generation: int, *, parent: int | None, model: int | None) -> object:
        monkeypatch.undo()
        promote(name, 1, parent=1)
        return promote(name, generation, parent=parent, model=model)

    monkeypatch.setattr(releases, "promote", late)
    with pytest.raises(ReleaseConflict, match="release 2 is live"):
        reindexed(owner)
    assert releases.live(NAME) == releases.release(2)
