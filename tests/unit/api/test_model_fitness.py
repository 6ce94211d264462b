"""What a model must be to go live: each gate by itself, without a house."""

from dataclasses import replace

import pytest

from api.model_fitness import (
    check_better,
    check_features,
    check_not_worse,
    check_overridable,
    check_pair,
    check_scores,
)
from api.model_report import lines
from rerank.manifest import Manifest, Proof
from tandem.catalog.releases import Generation
from tandem.errors import InputError
from tandem.schema import Schema
from tandem.scoring import DEFAULT, LexicalScoring
from tests.trained_models import know_signals, lift, proof, trained

GENERATION = Generation(4, "main", Schema(), "english-1", "hash-a@1", 8, 128)


def test_the_pair_must_be_the_same() -> None:
    """Embedder and analysis both; the refusal names what is and what was."""
    said = trained().manifest
    assert check_pair(said, GENERATION).is_passed
    for other in (replace(GENERATION, embedder="b@1"), replace(GENERATION, analysis="plain-1")):
        verdict = check_pair(said, other)
        assert (verdict.gate, verdict.is_passed) == ("pair", False)
        assert "hash-a@1 and analysis english-1" in verdict.detail
        assert f"generation 4 has {other.embedder} and analysis {other.analysis}" in verdict.detail


def test_words_must_be_scored_as_they_were() -> None:
    """What was trained before there was a choice knows the default."""
    weighed = LexicalScoring.of({"title": 2.0}, phrase=0.5)
    said = trained().manifest
    assert Manifest.read({**said.as_json(), "format": 1}).scoring == DEFAULT
    assert check_scores(said, GENERATION, DEFAULT).is_passed
    verdict = check_scores(said, GENERATION, weighed)
    assert (verdict.gate, verdict.is_passed) == ("scores", False)
    assert verdict.detail == (
        "trained with words scored by the fields' own weights, searches score by title 2, "
        "phrase 0.5"
    )
    kept = Manifest.read(trained(scoring=weighed).manifest.as_json())
    assert check_scores(kept, GENERATION, weighed).is_passed
    assert not check_scores(kept, GENERATION, DEFAULT).is_passed
    stray = LexicalScoring.of({"title": 2.0, "gone": 3.0}, phrase=0.5)
    assert check_scores(kept, GENERATION, stray).is_passed, "no field of it has another weight"


def test_every_feature_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a signal of this version; what is missing is named."""
    said = trained().manifest
    know_signals(monkeypatch)
    assert check_features(said, GENERATION).is_passed
    know_signals(monkeypatch, "useful", "more")
    verdict = check_features(said, GENERATION)
    assert (verdict.gate, verdict.is_passed) == ("features", False)
    assert verdict.detail == "1 of 2 are not known here: noise"


@pytest.mark.parametrize(("low", "is_passed"), [(0.001, True), (0.0, False), (-0.01, False)])
def test_it_must_be_better_than_the_untrained_order(low: float, is_passed: bool) -> None:
    """The whole interval above zero."""
    verdict = check_better(trained(proof=proof(low)).manifest)
    assert (verdict.gate, verdict.is_passed) == ("better", is_passed)
    assert "over 50 held-out groups of 40 people" in verdict.detail
    assert f"{low:+.4f} to +0.1000" in verdict.detail


@pytest.mark.parametrize(("people", "is_passed"), [(1, False), (29, False), (30, True)])
def test_few_people_prove_nothing(people: int, is_passed: bool) -> None:
    """However many queries they have, and however far above zero their interval is."""
    said = trained(proof=replace(proof(0.2, live=(3, 0.2)), groups=5_000, users=people)).manifest
    verdicts = [check_better(said), check_not_worse(said, 3, 0.005)]
    assert [verdict.is_passed for verdict in verdicts] == [is_passed] * 2
    told = f"{people} people were held out to prove it, at least 30 are needed"
    assert all((told in verdict.detail) != is_passed for verdict in verdicts)
    assert any(told in line for line in lines(said)) != is_passed


def test_what_stands_for_the_untrained_order_is_told() -> None:
    """It may have been the order of a model."""
    by = "blended_score, positions in 3 of 4 groups"
    detail = check_better(trained(proof=replace(proof(), untrained=by)).manifest).detail
    assert f"to what stands for the untrained order ({by})" in detail
    assert " to the untrained order over" in check_better(trained().manifest).detail


def test_what_was_never_compared_is_not_better() -> None:
    """Nothing is taken for granted."""
    verdict = check_better(trained(proof=Proof(50, 40)).manifest)
    assert not verdict.is_passed
    assert "not compared with the untrained order" in verdict.detail


@pytest.mark.parametrize(("low", "is_passed"), [(0.0, True), (-0.005, True), (-0.006, False)])
def test_it_must_not_be_worse_than_the_live_one(low: float, is_passed: bool) -> None:
    """But by the margin, at the low end of the interval."""
    verdict = check_not_worse(trained(proof=proof(live=(3, low))).manifest, 3, 0.005)
    assert (verdict.gate, verdict.is_passed) == ("not-worse", is_passed)
    assert "may fall by 0.005" in verdict.detail


@pytest.mark.parametrize(
    "compared",
    [
        proof(),
        proof(live=(2, 0.01)),
        Proof(50, 40, {}, {"untrained": lift(0.1)}, live=3),
    ],
    ids=["with none", "with another", "without a figure"],
)
def test_another_model_went_live_meanwhile(compared: Proof) -> None:
    """What it was not compared with, it may be worse than."""
    said = trained(proof=compared).manifest
    verdict = check_not_worse(said, 3, 0.005)
    assert not verdict.is_passed
    assert "not compared with model 3, which is live" in verdict.detail
    assert "tandem train" in verdict.detail
    assert check_not_worse(said, None, 0.005).is_passed


@pytest.mark.parametrize(
    ("gate", "said"),
    [("pair", "cannot be overridden"), ("features", "cannot be"), ("verify", "is no gate of a")],
)
def test_a_gate_that_cannot_be_overridden(gate: str, said: str) -> None:
    """It is told before anything is done."""
    check_overridable(["better", "not-worse", "quality"])
    with pytest.raises(InputError, match=f"{gate}' {said}") as raised:
        check_overridable(["better", gate])
    assert raised.value.hint


def test_a_live_model_that_cannot_be_measured_is_not_beaten() -> None:
    """The refusal says why; it can be overridden like any other of the gate."""
    proved = replace(proof(), live=3, uncompared="it looks at age, unknown of all")
    verdict = check_not_worse(trained(proof=proved).manifest, 3, 0.005)
    assert (verdict.gate, verdict.is_passed) == ("not-worse", False)
    assert verdict.detail == (
        "model 3, which is live, cannot be measured here: it looks at age, unknown of all"
    )
    check_overridable(["not-worse"])
