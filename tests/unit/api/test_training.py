"""``tandem train``: from what people did to a model that is live, whoever carries it out."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.asking import Order
from api.bootstrap import House
from api.carrying_out import carry_out
from api.cli import run
from api.console import BAD_USE, FOUND, PROBLEM
from api.orders import have_done
from api.owner import Owner
from indexer.indexing import catch_up
from indexer.reindexing import Interrupted
from tandem.errors import CatalogError, InputError
from tandem.events import Event, Exposure, Impression
from tandem.queries import Query
from tests.owned_house import NAME, at_work

AT = datetime(2026, 11, 1, tzinfo=UTC)
SEARCHES, PEOPLE, SHOWN, AT_ONCE = 240, 60, 8, 20
GOOD = {f"d{number}" for number in range(1, 6)}
"""Whoever sees one of these chooses it, wherever it stands."""

Seen = list[Mapping[str, Any]]


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
        log.append(NAME, "t", clicks)


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
    house, seen = owner.house, Seen()
    behave(house)
    outcome = carry_out(owner, order(), seen.append)
    assert (outcome["model"], outcome["release"], outcome["refusal"]) == (1, 2, None)
    assert [gate["gate"] for gate in outcome["gates"]] == [
        "pair",
        "features",
        "better",
        "not-worse",
    ]
    assert {row["stage"] for row in seen} >= {"reading", "training", "promoting"}
    proved = outcome["manifest"]["proof"]
    assert proved["lifts"]["untrained"]["nDCG@10"][1] > 0
    assert outcome["manifest"]["embedder"] == house.collection(NAME).generation.embedder

    result = house.collection(NAME).searcher().search(Query("text", limit=20, budget_ms=20_000))
    assert result.degraded == ()

    again = carry_out(owner, order(seed=1), seen.append)
    assert again["model"] == 2
    assert again["manifest"]["proof"]["live"] == 1
    assert (again["release"], again["refusal"]) in [(3, None), (None, again["refusal"])]


def test_a_model_that_proves_nothing_is_kept(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing goes live; with an override it does."""
    behave(owner.house)
    monkeypatch.setattr(
        "api.model_promotion.check_better",
        lambda _: __import__("tandem.protocols").protocols.Verdict("better", False, "by luck"),
    )
    outcome = carry_out(owner, order(), lambda _: None)
    assert (outcome["model"], outcome["release"]) == (1, None)
    assert outcome["refusal"]["code"] == "gate_failed"
    assert "tandem promote --model 1 --override better" in outcome["refusal"]["hint"]
    assert owner.house.catalog.releases.history(NAME)[0].model is None
    forced = carry_out(owner, order(overridden=["better"]), lambda _: None)
    assert (forced["model"], forced["release"], forced["overridden"]) == (2, 2, ["better"])
