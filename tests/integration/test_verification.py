"""Drift planted in real engines is found, all of it and nothing else, and mended."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.verified import verified_indexes
from indexer.findings import IndexVerification, Kind
from tandem.documents import Change, Document
from tests.fakes import HashEmbedder
from tests.integration.crash.audit import exact
from tests.integration.crash.stream import FIELDS
from tests.integration.verified_house import COLLECTION, LEGS, VerifiedHouse, text

ALIVE = [f"d{number}" for number in range(16)]
DELETED = ["gone0", "gone1"]
FORGOTTEN = ["purged0"]
NEVER = ["stray0", "stray1"]
BLANK = "blank"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifiedHouse]:
    """Two versions of most documents, deleted ones, one whose tombstone is forgotten, and a blank
    one, which the vector index refuses. Every test leaves it as it was.
    """
    opened = VerifiedHouse.open(tmp_path_factory.mktemp("verified") / "data")
    opened.accept(*(text(name, 1) for name in ALIVE + DELETED + FORGOTTEN))
    opened.log.delete(COLLECTION, FORGOTTEN)
    opened.follow()
    opened.log.purge_tombstones(COLLECTION, opened.log.head())
    opened.accept(*(text(name, 2, words=90) for name in ALIVE[4:]), Document(BLANK, " ", " "))
    opened.log.delete(COLLECTION, DELETED)
    opened.follow()
    yield opened
    with opened.house:
        assert exact(opened.house, COLLECTION).keys() == {*ALIVE, BLANK}


def counted(result: IndexVerification) -> Counter[tuple[str, Kind]]:
    """The findings; there are never more than the examples shown in these tests."""
    assert result.error is None, result.error
    findings = [finding for shown in result.found.examples.values() for finding in shown]
    assert len(findings) == result.found.total
    return Counter((finding.document_id, finding.kind) for finding in findings)


@pytest.mark.parametrize("leg", LEGS)
def test_what_was_indexed_is_clean(house: VerifiedHouse, leg: str) -> None:
    """A refused document is told apart, and all content is compared."""
    result = house.verify(leg)
    assert counted(result) == {}
    assert result.is_clean
    assert result.refused == (1 if leg == "vector" else 0)
    assert result.documents == len(ALIVE) + 1
    assert result.sampled == len(ALIVE) + (1 if leg == "lexical" else 0)


@pytest.mark.parametrize(
    ("leg", "kind"),
    [(leg, kind) for leg in LEGS for kind in Kind if (leg, kind) != ("lexical", Kind.INCOMPLETE)],
)
def test_each_kind_in_each_engine(house: VerifiedHouse, leg: str, kind: Kind) -> None:
    """Found as what it is, mended, and gone."""
    names = NEVER + DELETED + FORGOTTEN if kind is Kind.ORPHANED else ALIVE[3:6]
    for name in names:
        house.plant(leg, kind, name)
    expected = {(name, kind): 1 for name in names}

    assert counted(house.verify(leg)) == expected
    mended = house.verify(leg, repair=True)
    assert counted(mended) == expected
    assert mended.is_clean
    assert counted(house.verify(leg)) == {}


@st.composite
def drifts(draw: st.DrawFn, leg: str) -> dict[str, Kind]:
    """Some documents, and what is wrong with each."""
    kinds = [kind for kind in Kind if kind is not Kind.ORPHANED]
    if leg == "lexical":
        kinds.remove(Kind.INCOMPLETE)
    wrong = draw(st.dictionaries(st.sampled_from(ALIVE), st.sampled_from(kinds), max_size=9))
    stray = draw(st.sets(st.sampled_from(NEVER + DELETED + FORGOTTEN), max_size=5))
    return wrong | dict.fromkeys(sorted(stray), Kind.ORPHANED)


@pytest.mark.parametrize("leg", LEGS)
def test_any_drift_is_found_exactly_and_mended(house: VerifiedHouse, leg: str) -> None:
    """Whatever is planted: that is found, nothing else, and repair leaves nothing to find."""

    @settings(max_examples=15, deadline=None)
    @given(planted=drifts(leg), rows=st.sampled_from([1, 5, 10_000]))
    def check(planted: dict[str, Kind], rows: int) -> None:
        house.verify(leg, repair=True)  # what an example that failed has left would blame the next
        for name, kind in planted.items():
            house.plant(leg, kind, name)
        found = house.verify(leg, rows_per_range=rows, repair=True)
        assert counted(found) == Counter(planted.items())
        assert found.is_clean
        after = house.verify(leg)
        assert counted(after) == {}
        assert after.sampled == len(ALIVE) + (1 if leg == "lexical" else 0)

    check()


@pytest.mark.parametrize("leg", LEGS)
def test_looking_changes_nothing(house: VerifiedHouse, leg: str) -> None:
    """Without repair the damage stays as it is."""
    house.plant(leg, Kind.ALTERED, ALIVE[7])
    assert counted(house.verify(leg)) == counted(house.verify(leg)) == {(ALIVE[7], Kind.ALTERED): 1}
    assert house.verify(leg, repair=True).is_clean


def test_a_poisoned_cache_is_seen_and_mended(tmp_path: Path) -> None:
    """Vectors that were wrong in the cache already are compared with fresh ones, and replaced."""
    opened = VerifiedHouse.open(tmp_path / "data")
    with opened.house as house:
        document = text("d", 1, words=8)
        passage = f"{document.title} {document.body}"
        wrong = HashEmbedder().embed_documents(["another text"])[0]
        house.catalog.embeddings.put(HashEmbedder.name, {passage: wrong})
        opened.accept(document)
        opened.follow()
        found = opened.verify("vector")
        assert counted(found) == {("d", Kind.ALTERED): 1}
        assert opened.verify("vector", repair=True).is_clean
        assert opened.verify("vector").is_clean


def test_every_retained_generation_is_compared(tmp_path: Path) -> None:
    """One beside the live one is damaged and mended by itself; one that is being built is left."""
    opened = VerifiedHouse.open(tmp_path / "data")
    with opened.house as house:
        opened.accept(*(text(name, 1) for name in ALIVE))
        opened.follow()
        made = house.create_generation(COLLECTION, FIELDS)
        assert {index.generation for index in verified_indexes(opened.collection.complete)} == {1}
        house.catalog.releases.set_state(made.number, "ready")
        opened.follow()
        indexes = verified_indexes(opened.collection.complete)
        assert [(index.leg, index.generation) for index in indexes] == [
            ("lexical", 1),
            ("vector", 1),
            ("lexical", 2),
            ("vector", 2),
        ]
        change = opened.log.changes_of(COLLECTION, ["d3"])[0]
        assert change.document is not None
        writer = indexes[2].writer
        delete = [Change(change.sequence, "d3", None)]
        writer.apply(delete, writer.prepare(delete))

        assert [counted(opened.compare(index)) for index in indexes] == [
            {},
            {},
            {("d3", Kind.MISSING): 1},
            {},
        ]
        assert opened.compare(indexes[2], repair=True).is_clean
