"""The seeded sample, and what is compared of it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.findings import Kind
from indexer.sampling import Reservoir
from tests.memory_index import Row
from tests.verified_place import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A log and an index that agree."""
    made = Place(tmp_path)
    yield made
    made.catalog.close()


def sampled(size: int, seed: int, items: int) -> list[str]:
    """The sample of that many items."""
    reservoir = Reservoir(size, seed)
    for number in range(items):
        reservoir.offer(str(number))
    return reservoir.items


def test_a_sample_is_repeated_by_its_seed() -> None:
    """And only by its seed; it has no item twice."""
    assert sampled(20, 7, 1_000) == sampled(20, 7, 1_000)
    assert sampled(20, 7, 1_000) != sampled(20, 8, 1_000)
    assert len(set(sampled(20, 7, 1_000))) == 20


@pytest.mark.parametrize(("size", "items", "expected"), [(5, 3, 3), (5, 5, 5), (0, 9, 0)])
def test_a_sample_takes_what_there_is(size: int, items: int, expected: int) -> None:
    """Fewer items than asked for, as many, none wanted."""
    assert len(sampled(size, 1, items)) == expected


def test_every_item_has_the_same_chance() -> None:
    """Of 2,000 samples of 5 among 20, each item is in about 500: six standard deviations of 19."""
    counts = Counter(item for seed in range(2_000) for item in sampled(5, seed, 20))
    assert len(counts) == 20
    assert all(abs(count - 500) < 120 for count in counts.values())


def test_only_the_sample_is_compared_by_content(place: Place) -> None:
    """As many as asked for, the same for the same seed."""
    result = place.verify(sample=4, seed=3)
    first = list(place.index.compared)
    assert result.sampled == len(set(first)) == 4
    place.index.compared.clear()
    place.verify(sample=4, seed=3)
    assert place.index.compared == first
    place.index.compared.clear()
    assert place.verify(sample=0).sampled == 0
    assert place.index.compared == []


def test_what_is_not_in_the_sample_is_not_known_to_be_altered(place: Place) -> None:
    """Equal sequences hide another content from everything else."""
    place.index.damage("d5", body="another")
    assert place.verify(sample=0).is_clean
    assert place.verify(sample=100).found.counts == {Kind.ALTERED: 1}


def test_wrong_versions_are_not_compared_by_content(place: Place) -> None:
    """They are found already, once."""
    place.index.damage("d5", sequence=2, body="another")
    del place.index.rows["d6"]
    result = place.verify()
    assert result.found.counts == {Kind.STALE: 1, Kind.MISSING: 1}
    assert result.sampled == 9


def test_a_sampled_document_that_changes_is_compared_in_its_new_state(place: Place) -> None:
    """Its old content is not held against the index."""

    def change(document_ids: object) -> None:
        place.index.before_read = lambda _: None
        place.write("d5", body="newer")
        place.follow()

    place.index.before_read = change
    result = place.verify()
    assert (result.found.total, result.sampled) == (0, 11)
    assert place.index.compared.count("d5") == 1


def test_altered_content_that_stays_is_left(place: Place) -> None:
    """It is mended if the index lets it be, and told if not."""
    place.index.damage("d5", body="another")
    place.index.deaf = {"d5"}
    result = place.verify(repair=True)
    assert result.left is not None
    assert result.left.counts == {Kind.ALTERED: 1}
    place.index.deaf = set()
    assert place.verify(repair=True).is_clean
    assert place.index.rows["d5"] == [Row(5, "two words", 2, 2)]
