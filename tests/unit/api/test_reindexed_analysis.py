"""From one text analysis to another by a reindex, and back."""

import time

import pytest

from api.bootstrap import House
from api.owner import Owner
from tandem.documents import Document
from tandem.errors import SettingsError
from tandem.queries import Query
from tests.owned_house import NAME, adopt, generations, index_names, on_engines, reindexed

pytestmark = pytest.mark.usefixtures("models")


def write_body(house: House, document_id: str, body: str) -> None:
    """Append one document to the log."""
    house.catalog.documents.append(NAME, "test", [Document(document_id, body=body)])


def pending(house: House) -> str:
    """The warning that the settings differ from what is live; nothing where they do not."""
    return house.collection(NAME).pending_change or ""


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


def test_an_analysis_that_is_not_known_here_is_named(house: House) -> None:
    """A newer Tandem has built with it: the message says which generation, and what there is."""
    live = house.collection(NAME).generation
    made = house.catalog.releases.create_generation(
        NAME,
        live.schema,
        analysis="klingon-3",
        embedder=live.embedder,
        dimension=live.dimension,
        passage_tokens=live.passage_tokens,
    )
    told = r"generation 2 of collection 'main' .* 'klingon-3', .* has english-1, plain-1$"
    with pytest.raises(SettingsError, match=told) as raised:
        house.collection(NAME).open_generation(made)
    assert "the version that built it" in raised.value.hint
    assert on_engines(house) == index_names(1)


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
