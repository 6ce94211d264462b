"""From one text analysis to another by a reindex, and back."""

import time

import pytest

from api.bootstrap import House
from api.look import Look
from api.noted import unseen
from api.owner import Owner
from api.verified import verify
from api.wanted import pending_change
from indexer.followers import never
from indexer.indexing import catch_up
from indexer.verification import VerifyOptions
from tandem.catalog.releases import Generation
from tandem.documents import Document
from tandem.errors import SettingsError
from tandem.queries import Query
from tests.owned_house import (
    NAME,
    adopt,
    at_work,
    generations,
    index_names,
    on_engines,
    reindexed,
)

pytestmark = pytest.mark.usefixtures("models")


def write_body(house: House, document_id: str, body: str) -> None:
    """Append one document to the log."""
    house.catalog.documents.append(NAME, "test", [Document(document_id, body=body)])


def pending(house: House) -> str:
    """The warning that the settings differ from what is live; nothing where they do not."""
    collection = house.collection(NAME)
    return pending_change(collection.settings, collection.generation) or ""


def found(house: House, text: str) -> set[str]:
    """What the live release finds by words."""
    ranking = house.collection(NAME).searcher("lexical").search(Query(text)).page
    return set(ranking.document_ids)


def found_in(house: House, number: int, text: str) -> set[str]:
    """What that generation's lexical index finds, live or not, once it has all that is written."""
    opened = house.collection(NAME).open_generation(house.catalog.releases.generation(number))
    until = time.monotonic() + 60
    while opened.applied() < house.catalog.documents.head():
        assert time.monotonic() < until
        time.sleep(0.01)
    opened.refresh()
    return set(opened.lexical.index.search(text, limit=9, timeout_seconds=9).document_ids)


def of_a_newer_version(house: House) -> Generation:
    """A generation that a newer Tandem has built, and left ready."""
    live = house.collection(NAME).generation
    made = house.catalog.releases.create_generation(
        NAME,
        live.schema,
        analysis="klingon-3",
        embedder=live.embedder,
        dimension=live.dimension,
        passage_tokens=live.passage_tokens,
    )
    house.catalog.releases.set_state(made.number, "ready")
    return made


def test_an_analysis_that_is_not_known_here_is_named(house: House) -> None:
    """A newer Tandem has built with it: the message says which generation, and what there is."""
    made = of_a_newer_version(house)
    told = r"generation 2 of collection 'main' .* 'klingon-3', .* has english-1, plain-1$"
    with pytest.raises(SettingsError, match=told) as raised:
        house.collection(NAME).open_generation(made)
    assert "the version that built it" in raised.value.hint
    assert on_engines(house) == index_names(1)


def test_a_generation_that_cannot_be_opened_stops_nothing_else(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The live one is followed and compared; the other is named, keeps its deletes in the log, and
    is dropped in its time without being opened.
    """
    made, collection = of_a_newer_version(house), house.collection(NAME)
    with at_work(house) as owner:
        assert owner.states().keys() == index_names(1)
        assert owner.leading() == [NAME]
        assert catch_up(collection.followers) == []
        verified = verify(collection, VerifyOptions(), unseen, never)
        assert (verified["clean"], verified["left_out"]) == (True, [2])
        assert collection.live.applied() == 20
        assert collection.passed() == 0
        (other,) = Look(house.catalog, house.lexical_store, house.vector_store).collection(NAME)[
            "generations"
        ]
        assert "'klingon-3'" in other["trouble"]
        with pytest.raises(SettingsError, match="klingon"):
            owner.promote(NAME, made.number)
        owner.promote(NAME, reindexed(owner, promote=False)[0].number)
        assert generations(house) == {1: "ready", 3: "ready"}
        assert owner.states().keys() == index_names(1, 3)
        assert collection.passed() == 20
    warned = [record.getMessage() for record in caplog.records if "klingon" in record.message]
    assert len(warned) == 1
    assert warned[0].startswith("generation 2 of main is left out: ")


def test_an_analysis_changes_by_a_reindex_and_back_by_a_rollback(
    house: House, owner: Owner
) -> None:
    """Both stand beside each other in one process, and both have what is written later."""
    collection = house.collection(NAME)
    assert collection.generation.analysis == "english-1"
    write_body(house, "first", "They were running")
    adopt(house, indexing={"analysis": "plain"})
    told = pending(house)
    assert told.startswith("indexing.analysis of the settings")

    generation, outcome = reindexed(owner)
    assert outcome.release is not None
    assert generation.analysis == collection.generation.analysis == "plain-1"
    assert pending(house) == ""
    assert (found(house, "run"), found(house, "they")) == (set(), {"first"})
    assert (found_in(house, 1, "run"), found_in(house, 1, "they")) == ({"first"}, set())

    write_body(house, "second", "They run")
    assert owner.rollback(NAME).generation == 1
    assert collection.generation.analysis == "english-1"
    assert (found(house, "run"), found(house, "they")) == ({"first", "second"}, set())
    assert pending(house) == told
    assert generations(house) == {1: "ready", 2: "ready"}
    owner.promote(NAME, 2)
    assert (found(house, "run"), found(house, "they")) == ({"second"}, {"first", "second"})
