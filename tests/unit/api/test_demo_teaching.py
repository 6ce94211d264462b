"""From simulated readers to a model, over a library of a few names: what is said of it is what was
measured.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.bootstrap import House
from api.collection import OpenCollection
from api.demo import readers, teaching
from api.demo.judgments import read_judged_queries
from api.demo.people import COLLECTION
from api.demo.readers import SECTIONS
from api.demo.teaching import TRAINING, have_read, known_ids, taught, without_model
from api.orders import Order
from api.owner import Owner
from api.training import train
from indexer.indexing import catch_up
from tandem.documents import Document
from tandem.queries import Query
from tests.owned_house import owned, settings_in

NOW = datetime(2026, 11, 26, tzinfo=UTC)
FIELDS = {"section": {"type": "keyword"}, "kind": {"type": "keyword"}}


@pytest.fixture
def house(tmp_path: Path, models: None) -> Iterator[House]:
    """What some of the judgments name, found by the words of the queries."""
    settings = settings_in(tmp_path, collection=COLLECTION, fields=FIELDS)
    with owned(settings) as opened:
        opened.catalog.documents.append(COLLECTION, "test", documents())
        catch_up(opened.collection(COLLECTION).followers)
        yield opened


def documents() -> list[Document]:
    """Each judged name with the queries that it answers; subjects and kinds in turn."""
    texts: dict[str, list[str]] = {}
    for judged in read_judged_queries()[:24]:
        for name in judged.grades:
            texts.setdefault(name, []).append(judged.text)
    return [
        Document(
            name,
            name,
            ". ".join(found),
            {"section": SECTIONS[place % len(SECTIONS)], "kind": ("function", "class")[place % 2]},
        )
        for place, (name, found) in enumerate(sorted(texts.items()))
    ]


def said(target: OpenCollection) -> teaching.Taught:
    """How good the newest model is."""
    found = taught(target)
    assert found is not None
    return found


def test_from_readers_to_a_model(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """They search and click, a model is trained as tandem train does, and it is measured."""
    monkeypatch.setattr(teaching, "READERS", 40)
    monkeypatch.setattr(teaching, "ROUNDS", 3)
    monkeypatch.setattr(readers, "EXAMINATION_POWER", 0.0)  # few searches are to teach enough
    target = house.collection(COLLECTION)
    assert taught(target) is None

    done = have_read(target, NOW, lambda: None)
    assert done is not None
    assert done.searches == 120
    assert done.clicks > 50

    order = Order(COLLECTION, "train", {**TRAINING, "promote": False})
    outcome = train(Owner(house), order, lambda _: None)
    kept = said(target)
    assert (kept.model, kept.after) == (outcome["model"], None)
    assert kept.proof.models.keys() >= {"untrained", "model"}

    live = target.release
    house.catalog.releases.promote(COLLECTION, live.generation, parent=live.number, model=1)
    target.refresh()
    shown = said(target)
    assert shown.before == kept.before
    assert shown.after is not None
    assert shown.after.keys() == shown.before.keys()
    data, text = shown.as_data(), "\n".join(shown.lines())
    assert data["held_out"]["searches"] == shown.proof.groups
    assert (data["is_live"], kept.as_data()["is_live"]) == (True, False)
    assert "simulated readers" in text
    assert f"with it                    nDCG@10 {shown.after['nDCG@10']:.3f}" in text
    assert "with it" not in "\n".join(kept.lines())


def test_nobody_reads_where_nothing_is_judged(tmp_path: Path, models: None) -> None:
    """Nothing is searched, and nothing written."""
    with owned(settings_in(tmp_path, collection=COLLECTION)) as house:
        assert have_read(house.collection(COLLECTION), NOW, lambda: None) is None
        assert not house.catalog.has_events()


def test_the_search_without_a_model_is_whole(house: House) -> None:
    """It finds what everybody finds, of all that is known."""
    target = house.collection(COLLECTION)
    query = Query("read a csv file as dictionaries", limit=1, budget_ms=20_000)
    with without_model(target, "lexical") as searcher:
        (best,) = searcher.search(query).page.hits
    assert best.document_id in known_ids(target)
    assert len(known_ids(target)) >= len(documents())
