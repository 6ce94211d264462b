"""Models go live and back with releases, and are left behind where they do not fit."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.asking import Order
from api.bootstrap import House
from api.carrying_out import carry_out
from api.examination import OF_NOBODY, OwnQualityGate
from api.model_fitness import left_model
from api.model_promotion import promote_model
from api.owner import Owner
from api.wanted import Wanted
from relevance_eval.gates import QualityGate
from rerank.model import Model
from tandem.catalog.database import writing
from tandem.catalog.releases import Release
from tandem.catalog.tables import MODELS
from tandem.errors import GateFailed, InputError, ModelError, ReleaseConflict
from tandem.events import Event
from tandem.protocols import Verdict
from tests.e2e.shop import judged
from tests.integration.downtime.embedders import MODELS as EMBEDDERS
from tests.owned_house import NAME, adopt, reindexed
from tests.trained_models import know_signals, proof, trained


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models' signals."""
    know_signals(monkeypatch)


def unseen(_progress: Any) -> None:
    """Show nothing."""


def stored(house: House, model: Model | None = None) -> int:
    """Kept, as training does."""
    model = model or trained()
    return house.catalog.models.add(NAME, model.manifest.as_json(), model.parts())


def live(house: House) -> Release:
    """What is live now."""
    found = house.catalog.releases.live(NAME)
    assert found is not None
    return found


def promoted(owner: Owner, **arguments: Any) -> Any:
    """As ``tandem promote`` has it done."""
    return carry_out(owner, Order(NAME, "promote", arguments), unseen)


def test_a_model_goes_live_and_back(owner: Owner) -> None:
    """As a release of the same generation; what is live already stays so."""
    number = stored(owner.house)
    outcome = promoted(owner, model=number)
    assert (outcome["release"], outcome["generation"], outcome["model"]) == (2, 1, number)
    assert [gate["gate"] for gate in outcome["gates"]] == [
        "pair",
        "scores",
        "features",
        "better",
        "not-worse",
    ]
    assert all(gate["is_passed"] for gate in outcome["gates"])
    assert (
        owner.house.collection(NAME).release == live(owner.house) == Release(2, NAME, 1, 1, model=1)
    )
    assert promoted(owner, model=number)["release"] == 2
    back = carry_out(owner, Order(NAME, "rollback", {}), unseen)
    assert back == {
        "release": 1,
        "generation": 1,
        "model": None,
        "search": None,
        "left_model": None,
    }
    assert owner.house.collection(NAME).release.model is None


def test_a_model_is_switched_off(owner: Owner) -> None:
    """Also where the release before has one: the generation stays. Nothing is missed then."""
    first, second = stored(owner.house), stored(owner.house, trained(proof=proof(live=(1, 0.0))))
    for model in (first, second):
        promote_model(owner, NAME, model)
    outcome = promoted(owner, generation=None, model=None, no_model=True)
    assert (outcome["release"], outcome["generation"], outcome["model"]) == (4, 1, None)
    assert owner.house.collection(NAME).release == live(owner.house) == Release(4, NAME, 1, 3)
    assert left_model(owner.house.catalog, live(owner.house)) is None
    assert promoted(owner, no_model=True)["release"] == 4
    assert owner.rollback(NAME).model == second


def test_going_back_from_one_model_to_another(owner: Owner) -> None:
    """The release before, with the model that it had."""
    first, second = stored(owner.house), stored(owner.house, trained(proof=proof(live=(1, 0.0))))
    for model in (first, second):
        promote_model(owner, NAME, model)
    assert live(owner.house).model == second
    assert owner.rollback(NAME).model == first


@pytest.mark.parametrize(
    ("said", "told", "is_final"),
    [
        ({"embedder": "hash-b@1"}, "pair: trained with hash-b@1", True),
        ({"analysis": "plain-1"}, "pair: trained with hash-a@1 and analysis plain-1", True),
        ({"proof": proof(-0.01)}, "better: nDCG@10", False),
    ],
)
def test_a_model_that_is_not_fit(
    owner: Owner, said: dict[str, Any], told: str, is_final: bool
) -> None:
    """Nothing goes live; the hint names the override, where there is one."""
    number = stored(owner.house, trained(**said))
    before = live(owner.house)
    with pytest.raises(GateFailed, match=told) as raised:
        promote_model(owner, NAME, number, ["pair", "features"])
    assert f"model {number} is not fit to go live" in str(raised.value)
    forced = f"tandem promote --model {number} --override better"
    assert (forced in raised.value.hint) is not is_final
    assert live(owner.house) == before
    if not is_final:
        outcome = promote_model(owner, NAME, number, ["better"])
        assert list(outcome.overridden) == ["better"]
        assert live(owner.house).model == number


def test_a_model_that_is_worse_than_the_live_one(owner: Owner) -> None:
    """By more than the margin of the settings."""
    promote_model(owner, NAME, stored(owner.house))
    worse = stored(owner.house, trained(proof=proof(live=(1, -0.02))))
    with pytest.raises(GateFailed, match="not-worse: nDCG@10"):
        promote_model(owner, NAME, worse)
    adopt(owner.house, quality={"model_margin": 0.02})
    assert promote_model(owner, NAME, worse).release.model == worse


def test_a_model_compared_with_another_one(owner: Owner) -> None:
    """One that went live while it was trained: it is to be trained again."""
    late = stored(owner.house)
    promote_model(owner, NAME, stored(owner.house))
    with pytest.raises(GateFailed, match="not compared with model 2, which is live"):
        promote_model(owner, NAME, late)


def test_a_feature_that_nobody_computes(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is refused when it is read."""
    number = stored(owner.house)
    know_signals(monkeypatch, "useful")
    with pytest.raises(ModelError, match=r"model 1 of main: .* noise"):
        promote_model(owner, NAME, number)
    assert live(owner.house).model is None


def test_models_that_are_not_there(owner: Owner) -> None:
    """Unknown, or another collection's."""
    other = trained()
    owner.house.catalog.models.add("other", other.manifest.as_json(), other.parts())
    for number, said in ((9, "there is no model 9"), (1, "model 1 is one of other")):
        with pytest.raises(InputError, match=said):
            promoted(owner, model=number)
    assert live(owner.house).number == 1


def test_something_else_goes_live_while_it_is_examined(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one stays."""
    number, releases = stored(owner.house), owner.house.catalog.releases

    def meanwhile(*_: object) -> Verdict:
        releases.promote(NAME, 1, parent=1)
        return Verdict("better", True, "")

    monkeypatch.setattr("api.model_promotion.check_better", meanwhile)
    with pytest.raises(ReleaseConflict, match="release 2 is live"):
        promote_model(owner, NAME, number)
    assert live(owner.house) == Release(2, NAME, 1, 1)


# --- where queries are judged ---


@pytest.fixture
def asked(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The models whose answers to the judged queries were compared; the later one was worse."""
    judged(tmp_path / "judged", 3)
    adopt(owner.house, quality={"judgments": tmp_path / "judged"})
    compared: list[int | None] = []

    def examine(gate: OwnQualityGate) -> Verdict:
        compared.append(gate._model)
        return Verdict("quality", False, "nDCG@10 0.9 -> 0.1")

    monkeypatch.setattr(OwnQualityGate, "examine", examine)
    return compared


def test_judged_queries_are_asked_of_a_model(owner: Owner, asked: list[int | None]) -> None:
    """One from elsewhere may fail here; overridden, it goes live."""
    number = stored(owner.house)
    with pytest.raises(GateFailed, match="quality: nDCG@10") as raised:
        promote_model(owner, NAME, number)
    assert f"--model {number} --override quality" in raised.value.hint
    assert promote_model(owner, NAME, number, ["quality"]).release.model == number
    assert asked == [number, number]


@pytest.mark.parametrize(("kind", "is_told"), [("people", True), ("judgments", False)])
def test_a_model_is_judged_by_what_it_is_served_with(
    owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, is_told: bool
) -> None:
    """What everybody did is read first, in a process that does not serve, too; of a model that
    knows people it is said that nobody asked.
    """
    judged(tmp_path / "judged", 3)
    adopt(owner.house, quality={"judgments": tmp_path / "judged"})
    log = owner.house.catalog.events
    log.append(NAME, "t", [Event("e", "click", datetime(2026, 11, 1, tzinfo=UTC), "d1", "u1")])
    orders, positions = owner.house.collection(NAME).searching._orders, list[int]()

    def examine(_: QualityGate) -> Verdict:
        positions.append(orders._current().position)
        return Verdict("quality", True, "nDCG@10 0.5 -> 0.6")

    monkeypatch.setattr(QualityGate, "examine", examine)
    verdict = promote_model(owner, NAME, stored(owner.house, trained(kind=kind))).verdicts[-1]
    assert positions == [log.head()] != [0]
    assert verdict.detail == "nDCG@10 0.5 -> 0.6" + (OF_NOBODY if is_told else "")


def test_a_log_that_is_not_read_judges_nothing(
    owner: Owner, asked: list[int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another order than the one that is served says nothing of it."""
    monkeypatch.undo()
    know_signals(monkeypatch)
    monkeypatch.setattr("api.examination.PEOPLE_SECONDS", 0.0)
    monkeypatch.setattr("api.searching.Searching.wait", lambda *_: False)
    with pytest.raises(GateFailed, match="what people did is not read"):
        promote_model(owner, NAME, stored(owner.house))
    assert asked == []


# --- where the indexes change ---


@pytest.fixture
def modelled(owner: Owner) -> Owner:
    """A model is live."""
    promote_model(owner, NAME, stored(owner.house))
    return owner


def test_a_reindex_keeps_a_model_that_fits(modelled: Owner) -> None:
    """The same embedder and analysis."""
    reindexed(modelled)
    found = live(modelled.house)
    assert (found.generation, found.model) == (2, 1)
    assert left_model(modelled.house.catalog, found) is None


def test_a_reindex_to_another_embedder_goes_without_it(
    modelled: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    """And says so, in its outcome and in the log; going back brings it back."""
    asked = Wanted.of(modelled.house.settings).as_data()
    arguments = {
        "settings": asked,
        "model": EMBEDDERS[1],
        "resume": False,
        "promote": True,
        "overridden": [],
    }
    outcome = carry_out(modelled, Order(NAME, "reindex", arguments), unseen)
    assert (outcome["release"], outcome["model"]) == (3, None)
    told = "without model 1, which does not fit: pair: trained with hash-a@1"
    assert outcome["left_model"].startswith(told)
    assert told in caplog.text
    assert modelled.rollback(NAME).model == 1
    forth = promoted(modelled, generation=2)
    assert (forth["model"], forth["left_model"]) == (None, outcome["left_model"])


def test_a_model_that_cannot_be_read_does_not_stop_a_reindex(modelled: Owner) -> None:
    """It is left, with the reason."""
    with writing(modelled.house.catalog.engine) as connection:
        connection.execute(MODELS.update().values(manifest='{"format": 99}'))
    reindexed(modelled)
    found = live(modelled.house)
    assert (found.generation, found.model) == (2, None)
    assert "format 99" in (left_model(modelled.house.catalog, found) or "")


def test_a_reindex_while_a_model_goes_live_is_refused(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the model would be lost; the generation stays ready."""
    number = stored(owner.house)

    def meanwhile(*_: object) -> list[Any]:
        promote_model(owner, NAME, number)
        return []

    monkeypatch.setattr("api.owner.gates", meanwhile)
    with pytest.raises(ReleaseConflict, match="generation 2 is ready"):
        reindexed(owner)
    assert live(owner.house) == replace(live(owner.house), generation=1, model=number)
