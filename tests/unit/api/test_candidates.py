"""What a reindex builds, what it must pass, and how it goes on after it was stopped."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import House
from api.candidates import ReindexOrder, candidate
from api.examination import Judged, OwnQualityGate
from api.owner import Owner
from api.promotion import judgments
from indexer.reindexing import Interrupted
from relevance_eval.formats.registry import read_askable
from relevance_eval.thresholds import Threshold
from tandem.documents import Change
from tandem.errors import GateFailed, InputError, ModelError, SourceError
from tandem.queries import Query
from tandem.sections import EmbeddingSettings
from tests.integration.downtime import embedders
from tests.integration.downtime.embedders import MODELS
from tests.owned_house import (
    FIELDS,
    NAME,
    adopt,
    at_work,
    generations,
    index_names,
    on_engines,
    reindexed,
)

THRESHOLDS = (Threshold("nDCG@10", "may_fall_by", 0.01, "here"),)

pytestmark = pytest.mark.usefixtures("models")


def half_build(house: House) -> None:
    """A reindex that is told to stop as soon as it begins to wait."""
    with at_work(house) as owner:
        owner.stop()
        with pytest.raises(Interrupted, match="before anything went live") as raised:
            reindexed(owner, model=MODELS[1])
    assert "tandem reindex --resume" in raised.value.hint
    assert generations(house) == {1: "ready", 2: "building"}


def test_resuming_goes_on_with_the_same_generation(house: House) -> None:
    """What was built is not built again."""
    half_build(house)
    with at_work(house) as owner:
        generation, outcome = reindexed(owner, resume=True)
    assert (generation.number, generation.embedder) == (2, "hash-b@1")
    assert outcome.release is not None
    assert generations(house) == {1: "ready", 2: "ready"}


def test_without_resuming_the_half_built_one_is_dropped(house: House) -> None:
    """From the catalogue and from both engines."""
    half_build(house)
    with at_work(house) as owner:
        generation, outcome = reindexed(owner)
        assert generation.number == 3
        assert outcome.dropped == [2]
        assert generations(house) == {1: "ready", 3: "ready"}
        assert on_engines(house) == index_names(1, 3)


def test_resuming_with_another_model_is_refused(house: House) -> None:
    """The message names the one it is built with; it stays."""
    half_build(house)
    with at_work(house) as owner:
        with pytest.raises(InputError, match="generation 2 is half built with hash-b, not with"):
            reindexed(owner, resume=True, model=MODELS[0])
        assert generations(house) == {1: "ready", 2: "building"}
        assert reindexed(owner, resume=True, model=MODELS[1])[0].number == 2


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"fields": {"note": {"type": "text"}}}, "fields"),
        ({"indexing": {"analysis": "plain"}}, "indexing.analysis"),
        ({"indexing": {"passage_tokens": 64}}, "indexing.passage_tokens"),
    ],
)
def test_resuming_with_other_settings_is_refused(
    house: House, values: dict[str, Any], named: str
) -> None:
    """What was built would not be what the settings say."""
    collection = house.collection(NAME)
    house.create_generation(NAME, collection.generation.schema, MODELS[1])
    order = ReindexOrder(resume=True)
    assert candidate(house, collection, order, collection.settings)[0].number == 2
    adopt(house, **values)
    told = f"generation 2 is half built with other settings: {named}$"
    with pytest.raises(InputError, match=told) as raised:
        candidate(house, collection, order, collection.settings)
    assert "leave out --resume" in raised.value.hint
    assert generations(house) == {1: "ready", 2: "building"}


def test_with_nothing_to_resume_a_new_one_is_built(owner: Owner) -> None:
    """Whoever says --resume always gets a reindex."""
    assert reindexed(owner, resume=True)[0].number == 2


def test_a_model_that_cannot_be_had_leaves_what_is_half_built(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by the order it is bad use; by the settings, a model's own error."""

    def load(settings: EmbeddingSettings, *_: object, **__: object) -> object:
        if settings.model not in MODELS:
            raise ModelError(f"nobody knows {settings.model}", hint="spell it")
        return embedders.load(settings)

    half_build(house)
    monkeypatch.setattr("api.embedders.load_embedder", load)
    with at_work(house) as owner:
        with pytest.raises(InputError, match="--embedder x/y: nobody knows x/y") as raised:
            reindexed(owner, model="x/y")
        assert raised.value.hint == "spell it"
        adopt(house, embedding={"model": "x/z"})
        with pytest.raises(ModelError, match="nobody knows x/z"):
            reindexed(owner)
        assert generations(house) == {1: "ready", 2: "building"}


def test_nothing_goes_live_where_that_is_asked(house: House, owner: Owner) -> None:
    """It stands ready, and is promoted by its number."""
    generation, outcome = reindexed(owner, model=MODELS[1], promote=False)
    assert outcome.release is None
    assert [verdict.gate for verdict in outcome.verdicts] == ["refused", "verify"]
    assert house.collection(NAME).release.number == 1
    assert generations(house) == {1: "ready", 2: "ready"}
    assert owner.promote(NAME, generation.number).generation == generation.number


def test_a_schema_that_refuses_documents_trips_the_gate(house: House, owner: Owner) -> None:
    """A typed field that no document fits: the live one stays, until it is overridden by name."""
    adopt(house, fields={"note": {"type": "integer"}, "kind": {"type": "keyword"}})
    with pytest.raises(GateFailed, match="refused: 20 of 20 documents are left out") as raised:
        reindexed(owner)
    assert "tandem reindex --resume --override refused" in raised.value.hint
    assert house.collection(NAME).release.number == 1
    assert generations(house) == {1: "ready", 2: "building"}
    generation, outcome = reindexed(owner, resume=True, overridden=("refused",))
    assert generation.number == 2
    assert outcome.overridden == ["refused"]
    assert house.collection(NAME).generation.number == 2


def test_what_waits_to_be_promoted_stays_until_something_newer_is_live(
    house: House, owner: Owner
) -> None:
    """A reindex that ends neither drops it before nor after, and names what goes then."""
    reindexed(owner, model=MODELS[1], promote=False)
    owner.promote(NAME, 1)
    assert generations(house) == {1: "ready", 2: "ready"}
    _, outcome = reindexed(owner, promote=False)
    assert outcome.dropped == []
    assert generations(house) == {1: "ready", 2: "ready", 3: "ready"}
    owner.promote(NAME, 2)
    assert generations(house) == {1: "ready", 2: "ready", 3: "ready"}
    _, outcome = reindexed(owner)
    assert outcome.dropped == [1, 3]
    assert generations(house) == {2: "ready", 4: "ready"}


def test_promoted_by_hand_what_never_passed_is_examined_too(house: House, owner: Owner) -> None:
    """A generation that a gate refused goes live by its number only if the gate is overridden."""
    adopt(house, fields={"note": {"type": "integer"}, "kind": {"type": "keyword"}})
    with pytest.raises(GateFailed):
        reindexed(owner)
    with pytest.raises(GateFailed, match="refused: 20 of 20") as raised:
        owner.promote(NAME, 2)
    assert "tandem promote 2 --override refused" in raised.value.hint
    assert house.collection(NAME).release.number == 1
    assert owner.promote(NAME, 2, overridden=["refused"]).generation == 2


def test_an_index_that_lost_a_document_trips_the_gate(house: House, owner: Owner) -> None:
    """It stands where the log ends, and yet does not hold what the log says."""
    half_built = house.create_generation(NAME, house.collection(NAME).generation.schema)
    opened = house.collection(NAME).open_generation(half_built)
    deadline = time.monotonic() + 20
    while opened.applied() < 20:  # the owner follows it by itself
        assert time.monotonic() < deadline
        time.sleep(0.02)
    opened.lexical.index.apply([Change(3, "d3", None)])
    with pytest.raises(GateFailed, match="verify: 1 missing in the lexical index") as raised:
        reindexed(owner, resume=True)
    assert "--override verify" in raised.value.hint
    assert "no drift in the vector index (20 compared)" in str(raised.value)
    assert house.collection(NAME).release.number == 1


def test_the_breaker_of_the_live_search_decides_nothing(
    house: House, owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leg that searches leave out just now is asked by the quality gate all the same."""
    adopt(house, quality={"judgments": judged(tmp_path / "judged")})
    pools = house.collection(NAME).searching._pools
    monkeypatch.setattr(pools._pools["vector"], "submit", lambda *_, **__: None)
    assert house.collection(NAME).searcher().search(Query("word3")).degraded
    _, outcome = reindexed(owner)
    assert [item.gate for item in outcome.verdicts] == ["refused", "verify", "quality"]
    assert outcome.release is not None


def judged(folder: Path) -> Path:
    """Twenty queries by the word of a note, each with its document."""
    folder.mkdir()
    numbers = range(1, 21)
    queries = "".join(
        json.dumps({"_id": f"q{number}", "text": f"mark{number}"}) + "\n" for number in numbers
    )
    (folder / "queries.jsonl").write_text(queries)
    (folder / "qrels").mkdir()
    rows = "".join(f"q{number}\td{number}\t1\n" for number in numbers)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows)
    (folder / "corpus.jsonl").write_text("")
    return folder


def test_a_fall_in_quality_trips_the_gate(house: House, owner: Owner, tmp_path: Path) -> None:
    """Notes that are no text any more are not found by their words."""
    fields = {**FIELDS, "note": {"type": "keyword"}}
    adopt(house, fields=fields, quality={"judgments": judged(tmp_path / "judged")})
    with pytest.raises(GateFailed, match=r"quality\.tolerance: nDCG@10 [01]\.\d+ -> 0") as raised:
        reindexed(owner)
    assert "--override quality" in raised.value.hint
    assert house.collection(NAME).release.number == 1
    _, outcome = reindexed(owner, resume=True, overridden=("quality",))
    assert outcome.release is not None
    assert [(item.gate, item.is_passed) for item in outcome.verdicts] == [
        ("refused", True),
        ("verify", True),
        ("quality", False),
    ]


def test_judgments_that_cannot_be_read_end_it_before_it_begins(house: House, owner: Owner) -> None:
    """Not after hours of building."""
    adopt(house, quality={"judgments": "/nowhere/at/all"})
    with pytest.raises(SourceError):
        reindexed(owner)
    assert generations(house) == {1: "ready"}


@pytest.mark.parametrize("text", ["", " \n\u200b", "x" * 20_000])
def test_a_judged_query_that_cannot_be_asked_ends_it_too(
    house: House, tmp_path: Path, text: str
) -> None:
    """It is named, with its file."""
    folder = judged(tmp_path / "judged")
    queries = folder / "queries.jsonl"
    others = queries.read_text().replace(json.dumps({"_id": "q3", "text": "mark3"}) + "\n", "")
    queries.write_text(others + json.dumps({"_id": "q3", "text": text}) + "\n")
    adopt(house, quality={"judgments": folder})
    with pytest.raises(SourceError, match=r": query 'q3' cannot be asked") as raised:
        judgments(house.settings.quality)
    assert "leave out its judgments" in raised.value.hint


def test_the_quality_gate_hears_a_stop_before_each_query(house: House, tmp_path: Path) -> None:
    """What was asked by then says nothing of fitness."""
    collection = house.collection(NAME)
    asked: list[bool] = []

    def is_told_at_the_third() -> bool:
        asked.append(len(asked) == 2)
        return asked[-1]

    queries = Judged(read_askable(judged(tmp_path / "judged")), THRESHOLDS)
    gate = OwnQualityGate(
        collection, collection.live, collection.release, queries, is_told_at_the_third
    )
    verdict = gate.examine()
    assert (verdict.gate, verdict.is_passed) == ("quality", False)
    assert "stopped before every query was asked" in verdict.detail
    assert len(asked) == 3
