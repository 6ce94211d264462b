"""A tuned search goes live and back with releases."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from api.app import app
from api.asking import Order
from api.bootstrap import House
from api.carrying_out import carry_out
from api.eval_about import about_release
from api.learned import BROKEN
from api.model_promotion import of_the_settings, promote_model, withdraw_model
from api.owner import Owner
from api.tuned import lexical_scoring, search_told, with_search
from tandem.catalog.releases import Release
from tandem.errors import FieldError, GateFailed, InputError
from tandem.protocols import Verdict
from tandem.queries import Query
from tandem.rankings import SearchResult
from tandem.scoring import DEFAULT, LexicalScoring
from tandem.sections import LexicalLegSettings, SearchSettings
from tests.integration.downtime.embedders import MODELS
from tests.owned_house import NAME, adopt, at_work, owned, settings_in
from tests.trained_models import know_signals, trained

SEARCH = {"fusion": "min-max", "depth": 5, "lexical": {"share": 1.0}, "vector": {"share": 0.0}}

WEIGHED = {"lexical": {"weights": {"body": 4.0}, "phrase": 0.5, "proximity": 0.0}}


@pytest.fixture
def owner(owner: Owner) -> Owner:
    """At work, and done with what there is."""
    collection, until = owner.house.collection(NAME), time.monotonic() + 60
    while collection.behind and time.monotonic() < until:
        time.sleep(0.01)
    return owner


def unseen(_progress: Any) -> None:
    """Show nothing."""


def promoted(owner: Owner, search: dict[str, Any], **arguments: Any) -> Any:
    """As ``tandem promote --search`` has it done."""
    return carry_out(owner, Order(NAME, "promote", {"search": search, **arguments}), unseen)


def found(house: House) -> SearchResult:
    """What a search finds now."""
    return house.collection(NAME).searcher().search(Query("word3 word4 text", limit=3))


def lexical_scores(house: House) -> dict[str, float]:
    """What words score now, alone."""
    asked = house.collection(NAME).searcher("lexical").search(Query("text word3", limit=3))
    return {hit.document_id: hit.score for hit in asked.page.hits}


def shares(result: SearchResult) -> list[float]:
    """What meaning did to the score of each hit."""
    return [
        part.contribution
        for hit in result.page.hits
        for part in hit.contributions
        if part.feature == "vector"
    ]


def test_it_goes_live_and_back(owner: Owner) -> None:
    """Searches go by it at once, and going back ends it."""
    house = owner.house
    before = found(house)
    assert any(shares(before))
    outcome = promoted(owner, SEARCH)
    assert (outcome["release"], outcome["generation"], outcome["gates"]) == (2, 1, [])
    tuned = found(house)
    assert tuned.release == 2
    assert shares(tuned) == [0.0] * 3
    assert house.collection(NAME).searching.settings_of(house.collection(NAME).release).depth == 5
    assert promoted(owner, SEARCH)["release"] == 2
    carry_out(owner, Order(NAME, "rollback", {}), unseen)
    assert found(house).page == before.page
    assert promoted(owner, {})["release"] == 1, "it has none: nothing to end"


def test_one_that_finds_worse_is_refused(owner: Owner, tmp_path: Path) -> None:
    """Where the settings name judgments; it can be overridden."""
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "word3"}\n')
    (folder / "corpus.jsonl").write_text("")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td3\t1\n")
    adopt(owner.house, quality={"judgments": folder})
    worse = {"lexical": {"share": 0.0}, "vector": {"share": 0.0}}
    with pytest.raises(GateFailed, match="quality"):
        promoted(owner, worse)
    assert owner.house.collection(NAME).release.number == 1
    outcome = promoted(owner, worse, overridden=["quality"])
    assert (outcome["release"], outcome["overridden"]) == (2, ["quality"])


def test_words_score_as_the_release_says(owner: Owner) -> None:
    """At once, over the index as it is; back again with the release before."""
    house = owner.house
    before = lexical_scores(house)
    outcome = promoted(owner, WEIGHED)
    assert outcome["search"] == WEIGHED
    scoring = house.collection(NAME).searching.scoring_of(house.collection(NAME).release)
    assert scoring == LexicalScoring.of({"body": 4.0}, phrase=0.5)
    weighed = lexical_scores(house)
    assert weighed.keys() == before.keys()
    assert all(weighed[name] > before[name] for name in before)
    carry_out(owner, Order(NAME, "rollback", {}), unseen)
    assert lexical_scores(house) == before


def test_weights_are_of_the_collections_text_fields(owner: Owner) -> None:
    """Else nothing goes live."""
    with pytest.raises(FieldError, match=r"search.lexical.weights.nota: .* no text field 'nota'"):
        promoted(owner, {"lexical": {"weights": {"nota": 2.0}}})
    assert owner.house.collection(NAME).release.number == 1


def test_a_stray_weight_of_the_settings_is_no_fault_of_a_search(
    tmp_path: Path, models: None
) -> None:
    """It counts for nothing; a search goes live, and ends, beside it."""
    search = {"lexical": {"weights": {"gone": 2.0}}}
    with owned(settings_in(tmp_path, search=search)) as house, at_work(house) as owner:
        assert promoted(owner, {"fusion": "z-score"})["release"] == 2
        assert promoted(owner, {})["release"] == 3
        with pytest.raises(FieldError, match="no text field 'gone'"):
            promoted(owner, search)


def test_a_live_model_goes_on_with_the_scores_that_it_knows(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search with others is refused beneath it, and one with the same ones is not."""
    know_signals(monkeypatch)
    house, models = owner.house, owner.house.catalog.models
    usual, weighed = trained(), trained(scoring=LexicalScoring.of({"body": 4.0}, phrase=0.5))
    numbers = [models.add(NAME, each.manifest.as_json(), each.parts()) for each in (usual, weighed)]
    promote_model(owner, NAME, numbers[0])
    with pytest.raises(GateFailed, match=r"model 1, which is live.* phrase 0\.5") as refused:
        promoted(owner, WEIGHED, overridden=["quality"])
    assert "--no-model" in refused.value.hint
    assert promoted(owner, SEARCH)["model"] == numbers[0]
    with pytest.raises(GateFailed, match="scores: trained with words scored by body 4"):
        promote_model(owner, NAME, numbers[1], ["better"])
    withdraw_model(owner, NAME)
    promoted(owner, WEIGHED)
    assert promote_model(owner, NAME, numbers[1]).release.model == numbers[1]
    assert found(house).degraded == ()
    with pytest.raises(GateFailed, match="by the fields' own weights"):
        promoted(owner, {})


def test_a_model_over_other_scores_orders_nothing(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where the settings were changed beneath it: people search without it, and are told."""
    know_signals(monkeypatch)
    house, model = owner.house, trained()
    before = found(house)
    number = house.catalog.models.add(NAME, model.manifest.as_json(), model.parts())
    search = orjson.dumps(WEIGHED).decode()
    house.catalog.releases.promote(NAME, 1, parent=1, search=search, model=number)
    house.collection(NAME).refresh()
    result = found(house)
    assert (before.degraded, result.degraded) == ((), (BROKEN,))
    assert "no learned order by model 1: scores: trained with words scored by" in caplog.text


def test_what_cannot_be_read_is_left_out(owner: Owner, caplog: pytest.LogCaptureFixture) -> None:
    """Such as a fusion of a later version: people search by the settings, and it is told once."""
    house = owner.house
    releases = house.catalog.releases
    before = found(house)
    releases.promote(NAME, 1, parent=1, search='{"fusion":"quantum"}')
    house.collection(NAME).refresh()
    for _ in range(2):
        assert found(house).page == before.page
    assert caplog.text.count("the search of release 2") == 1
    releases.promote(NAME, 1, parent=2, search='{"depth":{"least":5},"phrases":{"weight":2}}')
    house.collection(NAME).refresh()
    assert found(house).page == before.page
    assert "the search of release 3" in caplog.text


def test_the_commands(tmp_path: Path, models: None) -> None:
    """A file goes in, the list of releases says so, and --no-search ends it."""
    with owned(settings_in(tmp_path)):
        pass
    (tmp_path / "tandem.toml").write_text(
        f'data_dir = "data"\n[embedding]\nmodel = "{MODELS[0]}"\n'
        '[fields.note]\ntype = "text"\n[fields.kind]\ntype = "keyword"\n'
    )
    file = tmp_path / "tuned.toml"
    file.write_text('[search]\nfusion = "z-score"\n')

    def tandem(*words: str) -> Any:
        arguments = [*words, "--config", str(tmp_path / "tandem.toml"), "--json"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return orjson.loads(done.stdout)

    promoted = tandem("promote", "--search", str(file))
    assert (promoted["release"], promoted["search"]) == (2, {"fusion": "z-score"})
    (state,) = tandem("status")["collections"]
    assert state["search"] == {"fusion": "z-score"}
    file.write_text("[search.lexical]\nphrase = 0.1\n")
    assert tandem("promote", "--search", str(file))["release"] == 3
    assert tandem("promote", "--no-search")["release"] == 4
    searches = [item["search"] for item in tandem("releases")["releases"]]
    assert searches == [None, {"lexical": {"phrase": 0.1}}, {"fusion": "z-score"}, None]
    typed = CliRunner().invoke(app, ["releases", "--config", str(tmp_path / "tandem.toml")])
    told = [line for line in typed.stdout.splitlines() if "a search of its own" in line]
    assert [line.split()[1] for line in told] == ["3", "2"]
    assert [" (fusion z-score), made from 1" in line for line in told] == [False, True]


def test_it_is_told_in_a_line() -> None:
    """What it does not say goes by the settings."""
    assert search_told(SEARCH) == "fusion min-max, depth 5, lexical.share 1.0, vector.share 0.0"
    told = "lexical.weights.body 4.0, lexical.phrase 0.5, lexical.proximity 0.0"
    assert search_told(WEIGHED) == told
    assert search_told({"lexical": {"weights": {}}}) == "lexical.weights {}"


def test_weights_take_the_place_of_the_settings_as_a_whole() -> None:
    """What was tuned is one set: others beside it would change what it is worth."""
    settings = SearchSettings(lexical=LexicalLegSettings(weights={"note": 3.0}, proximity=0.1))
    assert lexical_scoring(settings) == LexicalScoring.of({"note": 3.0}, proximity=0.1)
    laid_over = with_search(settings, {"lexical": {"weights": {"title": 2.0}}})
    assert lexical_scoring(laid_over) == LexicalScoring.of({"title": 2.0}, proximity=0.1)
    laid_over = with_search(settings, {"lexical": {"weights": {}, "proximity": 0}})
    assert lexical_scoring(laid_over) == DEFAULT


def test_a_model_was_not_measured_beside_it() -> None:
    """The gate says which order it was measured beside."""
    live = Release(2, NAME, 1, 1, search='{"fusion":"z-score"}')
    verdict = of_the_settings(Verdict("better", True, "+0.1"), live)
    assert verdict.detail == "+0.1; by tandem.toml's shares, not by release 2's own search"
    assert of_the_settings(verdict, replace(live, search=None)) is verdict


def test_a_run_says_what_it_was_searched_by(owner: Owner) -> None:
    """A run is repeated by the release's settings."""
    promoted(owner, SEARCH)
    collection = owner.house.collection(NAME)
    told = about_release(collection, collection.release, collection.generation)["settings"]
    assert (told["fusion"], told["depth"], told["lexical"]["share"]) == ("min-max", 5, 1.0)


def test_one_thing_is_promoted_at_a_time(tmp_path: Path) -> None:
    """What is expected is told."""
    words = ["promote", "1", "--no-search", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, InputError)
    assert "--search with a file, or --no-search" in str(done.exception)


def test_a_gate_that_a_search_does_not_pass(tmp_path: Path) -> None:
    """It would override nothing."""
    words = ["promote", "--no-search", "--override", "verify", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, InputError)
    assert "there is no gate 'verify', expected quality" in str(done.exception)
