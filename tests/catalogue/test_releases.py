"""Generations and releases: the pointer moves by compare-and-set."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation, Release, Releases
from tandem.catalog.tables import RELEASES
from tandem.errors import CatalogError, ReleaseConflict
from tandem.fields import to_microseconds
from tandem.protocols import Refusal
from tandem.schema import Schema
from tests.builders import schema_of
from tests.catalogue.conftest import Open

SCHEMA = schema_of(genre="keyword", abstract="text", is_open=True)


@pytest.fixture
def releases(catalog: Catalog) -> Releases:
    """No release yet."""
    return catalog.releases


def generation(releases: Releases, collection: str = "main", schema: Schema = SCHEMA) -> Generation:
    """A new generation."""
    return releases.create_generation(
        collection,
        schema,
        analysis="english-1",
        embedder="model@1",
        dimension=8,
        passage_tokens=128,
    )


def promoted(releases: Releases, count: int, collection: str = "main") -> list[Release]:
    """So many releases, one after the other, each of a generation of its own."""
    made: list[Release] = []
    for _ in range(count):
        parent = made[-1].number if made else None
        number = generation(releases, collection).number
        made.append(releases.promote(collection, number, parent=parent))
    return made


def test_generations_keep_what_they_were_built_with(releases: Releases) -> None:
    """Numbered over all collections, read back equal, with index names of their own."""
    first, second = generation(releases), generation(releases, "other", Schema())
    assert (first.number, second.number) == (1, 2)
    assert releases.generation(1) == first
    assert releases.generation(2) == second
    names = {first.lexical_name, first.vector_name, second.lexical_name, second.vector_name}
    assert names == {"main-lexical-1", "main-vector-1", "other-lexical-2", "other-vector-2"}


def test_promoting(releases: Releases) -> None:
    """The first release has no parent; the next one points back to it."""
    assert releases.live("main") is None
    first = releases.promote("main", generation(releases).number, parent=None)
    assert first == Release(1, "main", 1, None)
    assert releases.live("main") == first
    second = releases.promote("main", generation(releases).number, parent=first.number)
    assert releases.live("main") == second == Release(2, "main", 2, 1)


def test_a_promotion_from_an_old_parent_is_refused(releases: Releases) -> None:
    """What was promoted meanwhile is not lost, and the refusal names both."""
    first, second = promoted(releases, 2)
    generation(releases)
    for parent in (None, first.number, 99):
        with pytest.raises(ReleaseConflict, match=f"main: release 2 is live, .* from {parent}"):
            releases.promote("main", 3, parent=parent)
    assert releases.live("main") == second


def test_a_parent_that_never_was(releases: Releases) -> None:
    """A first release cannot claim a parent."""
    generation(releases)
    with pytest.raises(ReleaseConflict, match="release None is live"):
        releases.promote("main", 1, parent=1)
    assert releases.live("main") is None


def test_collections_are_apart(releases: Releases) -> None:
    """Each has a pointer of its own; only those with a live release are listed."""
    generation(releases, "unreleased")
    for name in ("b", "a"):
        releases.promote(name, generation(releases, name).number, parent=None)
    assert releases.collections() == ["a", "b"]
    live = releases.live("a")
    assert live is not None
    assert live.collection == "a"


# --- generations' states ---


def test_a_generation_is_built_then_ready_then_dropped(releases: Releases) -> None:
    """It begins as building, going live makes it ready, and a dropped one is listed no more."""
    begun = datetime.now(UTC)
    first, second, third = (generation(releases) for _ in range(3))
    generation(releases, "other")
    assert first.state == "building"
    assert begun - timedelta(seconds=1) < first.created_at <= datetime.now(UTC)
    assert releases.generation(1).created_at == first.created_at
    releases.promote("main", first.number, parent=None)
    releases.set_state(second.number, "ready")
    assert [item.state for item in releases.generations("main")] == ["ready", "ready", "building"]
    releases.drop(third.number)
    releases.set_state(second.number, "dropped")
    assert [item.number for item in releases.generations("main")] == [1]
    assert releases.generation(2).state == "dropped"


def test_dropping_forgets_what_belonged_to_the_indexes(catalog: Catalog) -> None:
    """Checkpoints, failures and verifications of both indexes go, and no other's."""
    releases, checkpoints = catalog.releases, catalog.checkpoints
    first, second = generation(releases), generation(releases)
    for made in (first, second):
        for name in (made.lexical_name, made.vector_name):
            checkpoint = checkpoints.start(name, "identity", "log")
            checkpoints.advance(checkpoint, 3, refusals=[(3, Refusal("a", "why"))])
            catalog.verifications.record(name, datetime.now(UTC), {}, 0)
    releases.drop(first.number)
    releases.drop(first.number)
    for name in (first.lexical_name, first.vector_name):
        assert checkpoints.read(name) is None
        assert checkpoints.failures(name) == []
        assert catalog.verifications.last(name) is None
    for name in (second.lexical_name, second.vector_name):
        assert checkpoints.read(name) is not None
        assert checkpoints.failure_count(name) == 1
        assert catalog.verifications.last(name) is not None


def test_what_is_live_is_not_dropped(releases: Releases) -> None:
    """The refusal names the release; after another promotion it may go."""
    first = promoted(releases, 1)[0]
    with pytest.raises(CatalogError, match="generation 1 is live, by release 1") as raised:
        releases.drop(1)
    assert raised.value.hint
    assert releases.generation(1).state == "ready"
    releases.promote("main", generation(releases).number, parent=first.number)
    releases.drop(1)
    assert releases.generation(1).state == "dropped"


def test_a_dropped_generation_does_not_return(releases: Releases) -> None:
    """Its indexes are gone: no state, promotion or rollback brings it back."""
    promoted(releases, 2)
    releases.drop(1)
    for attempt in (
        lambda: releases.set_state(1, "ready"),
        lambda: releases.promote("main", 1, parent=2),
        lambda: releases.point("main", 1, expected=2),
    ):
        with pytest.raises(CatalogError, match="generation 1 was dropped"):
            attempt()
    live = releases.live("main")
    assert live is not None
    assert live.number == 2
    assert len(releases.history("main")) == 2


def test_what_is_not_there(releases: Releases) -> None:
    """Numbers that were never given, or to another collection, are named."""
    generation(releases, "other")
    for attempt, said in (
        (lambda: releases.generation(7), "no generation 7"),
        (lambda: releases.set_state(7, "ready"), "no generation 7"),
        (lambda: releases.drop(7), "no generation 7"),
        (lambda: releases.promote("main", 1, parent=None), "no generation 1 of main"),
        (lambda: releases.release(7), "no release 7"),
        (lambda: releases.point("main", 7, expected=None), "no release 7"),
    ):
        with pytest.raises(CatalogError, match=said) as raised:
            attempt()
        assert raised.value.hint
    assert releases.live("main") is None


# --- history and rolling back ---


def test_history_is_newest_first(releases: Releases) -> None:
    """Of one collection, up to a limit; a release can be read by its number."""
    made = promoted(releases, 3)
    other = promoted(releases, 1, "other")
    assert releases.history("main") == made[::-1]
    assert releases.history("main", limit=2) == made[:0:-1]
    assert releases.history("other") == other
    assert releases.history("unknown") == []
    assert releases.release(2) == made[1]
    assert releases.release(2).created_at == made[1].created_at > made[0].created_at


def test_rolling_back(releases: Releases) -> None:
    """The pointer moves to an earlier release, and what is made next comes from that one."""
    first, second = promoted(releases, 2)
    assert releases.point("main", first.number, expected=second.number) == first
    assert releases.live("main") == first
    third = releases.promote("main", generation(releases).number, parent=first.number)
    assert third == Release(3, "main", 3, 1)


def test_a_rollback_from_an_old_state_is_refused(releases: Releases) -> None:
    """Both releases are named, and the pointer stays."""
    promoted(releases, 3)
    for expected in (None, 1, 2):
        with pytest.raises(ReleaseConflict, match=f"release 3 is live, expected {expected}"):
            releases.point("main", 1, expected=expected)
    live = releases.live("main")
    assert live is not None
    assert live.number == 3


def test_a_rollback_stays_in_its_collection(releases: Releases) -> None:
    """Another collection's release is refused by name."""
    promoted(releases, 1)
    promoted(releases, 1, "other")
    with pytest.raises(CatalogError, match="release 2 is one of other, expected one of main"):
        releases.point("main", 2, expected=1)


def test_many_promote_at_once(open_catalog: Open) -> None:
    """Of eight that start from the same parent one succeeds, the others are told by whom."""
    catalog = open_catalog()
    first = promoted(catalog.releases, 1)[0]
    numbers = [generation(catalog.releases).number for _ in range(8)]
    together = threading.Barrier(8)
    outcomes: list[object] = []

    def promote(number: int) -> None:
        together.wait(10)
        try:
            made = catalog.releases.promote("main", number, parent=first.number)
            outcomes.append(made.number)
        except BaseException as error:
            outcomes.append(error)

    threads = [threading.Thread(target=promote, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [item for item in outcomes if not isinstance(item, ReleaseConflict)] == [2]
    assert len(outcomes) == 8


def test_many_generations_at_once(catalog: Catalog) -> None:
    """Each gets a number of its own."""
    found: list[object] = []

    def create() -> None:
        try:
            found.append(generation(catalog.releases).number)
        except BaseException as error:
            found.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found, key=str) == list(range(1, 9))


# --- forgetting ---


def test_what_was_dropped_long_ago_is_forgotten(releases: Releases) -> None:
    """With its releases; who was made from one of them is made from none. Others stay."""
    later = datetime.now(UTC) + timedelta(days=1)
    promoted(releases, 4)
    others = promoted(releases, 1, "other")
    abandoned = generation(releases)
    for number in (1, 2, abandoned.number):
        releases.drop(number)
    assert releases.purge("main", datetime.now(UTC) - timedelta(days=1)) == 0
    assert releases.purge("other", later) == 0
    assert [releases.purge("main", later) for _ in range(2)] == [2, 0]
    assert [(made.number, made.parent) for made in releases.history("main")] == [(4, 3), (3, None)]
    assert releases.history("other") == others
    for number in (1, 2):
        with pytest.raises(CatalogError, match=f"no generation {number}"):
            releases.generation(number)
    assert releases.generation(abandoned.number).state == "dropped", "the last number stays"
    assert releases.purge("main", later) == 0


def test_no_number_of_what_was_forgotten_is_given_again(releases: Releases) -> None:
    """Of releases and of generations, though the last ones were dropped."""
    later = datetime.now(UTC) + timedelta(days=1)
    promoted(releases, 3)
    releases.point("main", 1, expected=3)
    releases.drop(2)
    releases.drop(3)
    assert releases.purge("main", later) == 1
    assert [made.number for made in releases.history("main")] == [3, 1]
    made = releases.promote("main", generation(releases).number, parent=1)
    assert (made.number, made.generation) == (4, 4)
    assert releases.purge("main", later) == 1
    assert [made.number for made in releases.history("main")] == [4, 1]


def test_a_release_that_is_recent_keeps_its_generation(catalog: Catalog) -> None:
    """It was dropped, but what it was can still be asked for."""
    releases = catalog.releases
    promoted(releases, 3)
    releases.drop(1)
    before = datetime.now(UTC) + timedelta(days=1)
    with catalog.engine.begin() as connection:
        after = to_microseconds(before + timedelta(days=1))
        connection.execute(
            RELEASES.update().where(RELEASES.c.release == 1).values(created_at=after)
        )
    assert releases.purge("main", before) == 0
    assert releases.generation(1).state == "dropped"


def test_a_search_of_its_own_is_handed_on(releases: Releases) -> None:
    """From release to release, until one begins anew; going back brings the old one back."""
    number = generation(releases).number
    plain = releases.promote("main", number, parent=None)
    tuned = releases.promote("main", number, parent=plain.number, search='{"depth":50}')
    heir = releases.promote("main", number, parent=tuned.number)
    ended = releases.promote("main", number, parent=heir.number, search="{}")
    searches = [release.search for release in (plain, tuned, heir, ended)]
    assert searches == [None, '{"depth":50}', '{"depth":50}', None]
    assert [item.search for item in reversed(releases.history("main"))] == searches
    assert releases.point("main", heir.number, expected=ended.number) == heir
    assert releases.live("main") == heir
