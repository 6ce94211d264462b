"""``tandem train``: from what people did to a model that is live, whoever carries it out."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.asking import Order
from api.bootstrap import House
from api.carrying_out import carry_out
from api.cli import run
from api.console import BAD_USE, FOUND, PROBLEM
from api.desk import Desk
from api.embedders import silent
from api.model_promotion import promote_model
from api.orders import _do_here, have_done
from api.owner import Owner
from indexer.indexing import catch_up
from indexer.reindexing import Interrupted
from rerank.model import Model
from rerank.training.lambdamart import FitOptions
from tandem.errors import CatalogError, InputError, TandemError
from tandem.events import Event, Exposure, Impression
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tests.owned_house import NAME, adopt, at_work, owned, settings_in
from tests.trained_models import know_signals, proof, trained

AT = datetime(2026, 11, 1, tzinfo=UTC)
SEARCHES, PEOPLE, SHOWN, AT_ONCE = 160, 150, 8, 20
GOOD = {f"d{number}" for number in range(1, 6)}
"""Whoever sees one of these chooses it, wherever it stands."""


def unseen(_progress: Mapping[str, Any]) -> None:
    """Show nothing."""


def as_served(page: Impression) -> FeatureMatrix:
    """What such a search was answered by: some order that says nothing of what is good."""
    ids = tuple(exposure.document_id for exposure in page.exposures)
    scores = np.linspace(1.0, 0.1, len(ids), dtype=np.float32)[:, None]
    return FeatureMatrix(("blended_score",), ids, scores)


def behave(house: House, searches: int = SEARCHES, seed: int = 7) -> None:
    """Searches for anything by many people, each shown some documents by lot."""
    drawn, log = random.Random(seed), house.catalog.events
    for first in range(0, searches, AT_ONCE):
        as_of, pages, clicks = log.head(), [], []
        for number in range(first, first + AT_ONCE):
            ids = [f"d{place}" for place in drawn.sample(range(1, 21), SHOWN)]
            user, moment = f"u{number % PEOPLE}", AT + timedelta(minutes=number)
            query_id = f"q{seed}-{number}"
            exposures = tuple(Exposure(name, place) for place, name in enumerate(ids, start=1))
            pages.append(
                Impression(
                    query_id, moment, 1, "text", user_id=user, as_of=as_of, exposures=exposures
                )
            )
            clicks += [
                Event(f"{query_id}-{name}", "click", moment, name, user, query_id=query_id)
                for name in ids
                if name in GOOD
            ]
        log.append_impressions(NAME, "t", pages)
        log.features.keep(NAME, [(page.query_id, as_served(page)) for page in pages])
        log.append(NAME, "t", clicks)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for what there is to learn."""
    monkeypatch.setattr(
        "api.training.FitOptions", partial(FitOptions, trees=10, leaves=4, rows_in_leaf=5)
    )


@pytest.fixture
def owner(house: House) -> Iterator[Owner]:
    """At work, over indexes that hold the twenty documents."""
    catch_up(house.collection(NAME).live.followers)
    with at_work(house) as working:
        yield working


def order(**values: Any) -> Order:
    """As ``tandem train`` orders it."""
    return Order(NAME, "train", {"overridden": [], "promote": True, "seed": 0} | values)


def test_from_clicks_to_a_live_model(owner: Owner) -> None:
    """It proves better, goes live, orders searches, and is replaced only by what is no worse."""
    house = owner.house
    seen: list[Mapping[str, Any]] = []
    behave(house)
    outcome = carry_out(owner, order(), seen.append)
    assert (outcome["model"], outcome["release"], outcome["refusal"]) == (1, 2, None)
    assert [gate["gate"] for gate in outcome["gates"]] == [
        "pair",
        "scores",
        "features",
        "better",
        "not-worse",
    ]
    assert {row["stage"] for row in seen} >= {"reading", "training", "promoting"}
    proved = outcome["manifest"]["proof"]
    assert proved["lifts"]["untrained"]["nDCG@10"][1] > 0
    assert outcome["manifest"]["labels"]["rating_steps"] == [3.0, 4.0, 4.5]
    assert outcome["manifest"]["embedder"] == house.collection(NAME).generation.embedder

    result = house.collection(NAME).searcher().search(Query("text", limit=20, budget_ms=20_000))
    assert result.degraded == ()

    again = carry_out(owner, order(seed=1), seen.append)
    assert again["model"] == 2
    assert again["manifest"]["proof"]["live"] == 1
    assert (again["release"] is None) == (again["refusal"] is not None)


# --- with models that were trained before ---


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[Model]:
    """What is learned, one after the other."""
    know_signals(monkeypatch)
    models: list[Model] = []
    monkeypatch.setattr("api.training._learned", lambda *_: models.pop(0))
    return models


def test_a_model_that_proves_nothing_is_kept(house: House, learned: list[Model]) -> None:
    """And nothing goes live; with an override it does."""
    learned += [trained(proof=proof(-0.01))] * 2
    with at_work(house) as owner:
        outcome = carry_out(owner, order(), unseen)
        assert (outcome["model"], outcome["release"]) == (1, None)
        assert outcome["refusal"]["code"] == "gate_failed"
        assert "tandem promote --model 1 --override better" in outcome["refusal"]["hint"]
        assert house.catalog.releases.history(NAME)[0].model is None
        forced = carry_out(owner, order(overridden=["better"]), unseen)
    assert (forced["model"], forced["release"], forced["overridden"]) == (2, 2, ["better"])


def test_an_error_does_not_lose_the_model(
    house: House, learned: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the promotion fails of, the outcome has the number and the reason."""

    def fail(*_: object) -> None:
        raise CatalogError("the disk is full", hint="make room")

    learned.append(trained())
    monkeypatch.setattr("api.training.promote_model", fail)
    with at_work(house) as owner:
        outcome = carry_out(owner, order(), unseen)
    assert (outcome["model"], outcome["release"]) == (1, None)
    assert outcome["refusal"] == {
        "code": CatalogError.code,
        "message": "the disk is full",
        "hint": "make room",
    }


def test_judgments_that_cannot_be_read_are_told_before_the_work(
    house: House, learned: list[Model], tmp_path: Path
) -> None:
    """Nothing is learned; without a promotion nobody asks for them."""
    adopt(house, quality={"judgments": tmp_path / "none"})
    learned.append(trained())
    with at_work(house) as owner:
        with pytest.raises(TandemError, match="none"):
            carry_out(owner, order(), unseen)
        assert len(learned) == 1
        assert carry_out(owner, order(promote=False), unseen)["model"] == 1


def test_what_is_only_to_be_kept(house: House, learned: list[Model]) -> None:
    """Nothing is examined."""
    learned.append(trained())
    with at_work(house) as owner:
        outcome = carry_out(owner, order(promote=False), unseen)
    assert (outcome["model"], outcome["release"], outcome["gates"]) == (1, None, [])
    assert house.collection(NAME).release.number == 1


def test_another_model_goes_live_meanwhile(
    house: House, learned: list[Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one was not compared with it: it is kept, and the other one stays."""
    other = trained()
    with at_work(house) as owner:

        def meanwhile(*_: object) -> Model:
            number = house.catalog.models.add(NAME, other.manifest.as_json(), other.parts())
            promote_model(owner, NAME, number)
            return other

        monkeypatch.setattr("api.training._learned", meanwhile)
        outcome = carry_out(owner, order(), unseen)
    assert (outcome["model"], outcome["release"]) == (2, None)
    assert "not compared with model 1, which is live" in outcome["refusal"]["message"]
    assert house.collection(NAME).release.model == 1


def test_whoever_follows_trains(house: House, learned: list[Model]) -> None:
    """Asked by another process; a second order of the kind is refused while it does."""
    learned.append(trained())
    with at_work(house) as owner:
        desk = Desk(owner, silent)
        desk.open()
        told: list[str] = []
        outcome = have_done(house.settings, order(), unseen, told.append)
        desk.close()
    assert (outcome["model"], outcome["release"]) == (1, 2)
    assert "it does the work" in told[0]


def test_training_twice_at_once(house: House, learned: list[Model]) -> None:
    """The one that runs is named."""
    house.catalog.tasks.begin(NAME, "train", {}, "host:1:tandem serve")
    with pytest.raises(CatalogError, match=r"task 1 \(train\) is running already"):
        _do_here(house, order(), unseen, silent)
    assert house.catalog.models.list(NAME) == []


def test_too_little_to_learn_from(house: House) -> None:
    """Nothing is kept."""
    with (
        at_work(house) as owner,
        pytest.raises(InputError, match="0 impressions with clicks, at least 50 are needed"),
    ):
        carry_out(owner, order(), unseen)
    assert house.catalog.models.list(NAME) == []


def test_who_is_told_to_stop(house: House) -> None:
    """Trains no more, and keeps nothing."""
    behave(house, 60)
    with at_work(house) as owner:
        owner.stop()
        with pytest.raises(Interrupted, match="before a model was trained"):
            carry_out(owner, order(), unseen)
    assert house.catalog.models.list(NAME) == []


# --- as it is typed ---


@pytest.fixture
def folder(tmp_path: Path, models: None, learned: list[Model]) -> Path:
    """A data folder that nobody has open."""
    learned += [trained(), trained(proof=proof(-0.01, live=(1, -0.01)))]
    with owned(settings_in(tmp_path)):
        return tmp_path / "data"


def test_the_report_and_the_exit_code(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where a model is live, 1 where one is kept and a gate refuses it."""
    command = ["train", "--data-dir", str(folder)]
    assert run(command) == FOUND
    told = capsys.readouterr()
    assert "learned from people: 20 groups" in told.out
    assert "not-worse passed: no model is live" in told.out
    assert "model 1 is live as release 2" in told.out
    assert run([*command, "--json"]) == PROBLEM
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["model"], outcome["release"]) == (2, None)
    assert "not-worse" in outcome["refusal"]["message"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--judgments", "a", "--graded", "b"], "expected one of them"),
        (["--as-of-end"], "about the answers of a file"),
        (["--position-bias", "none at all"], "there is no way 'none at all'"),
        (["--rating-steps", "3;4"], "'3;4', expected numbers with commas between"),
        (["--rating-steps", "4,3"], "steps of ratings: 4, 3; expected"),
        (["--override", "pair"], "'pair' cannot be overridden"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_what_cannot_be_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """Told before anything is opened."""
    assert run(["train", "--data-dir", str(tmp_path), *words]) == BAD_USE
    assert said in capsys.readouterr().err
