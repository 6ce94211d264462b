"""A model's order, what it says of itself, and the order without it wherever anything fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rerank.learned_order import BIAS, LearnedOrder, SignalledOrder, Troubles
from rerank.scene import Scene, Values
from rerank.scenes import Seen
from rerank.signals.registry import Feature, Signal
from rerank.tables import Tables
from tandem.documents import Document
from tandem.errors import EngineUnavailable, ModelError
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Contribution, Degradation, Evidence, Hit, Ranking, Reranked
from tandem.schema import Schema
from tests.metered import Noted

LEXICAL = Evidence("lexical", 1, 3.0, 0.5)
CANDIDATES = Ranking("rrf", tuple(Hit(name, 1, 0.5, (LEXICAL,)) for name in "abc"))
LENGTHS = {"a": 1.0, "b": 2.0, "c": float("nan")}
QUERY = Query("x", user_id="ann")
LOGGED = replace(QUERY, wants_features=True)
EXPLAINED = replace(QUERY, wants_explanation=True)
NO_PAST = Degradation("profile", "timeout")


def length(scene: Scene) -> Values:
    """Known of a and b."""
    return np.array([LENGTHS[name] for name in scene.document_ids])


def place(scene: Scene) -> Values:
    """From 0."""
    return np.arange(len(scene), dtype=np.float64)


def failing(scene: Scene) -> Values:
    """Never known."""
    raise ZeroDivisionError("no luck")


@dataclass
class Features:
    """What the registry makes of the signals."""

    compute: dict[str, Any] = field(default_factory=lambda: {"length": length, "place": place})

    def __call__(self, _schema: Schema) -> tuple[Feature, ...]:
        """See ``rerank.signals.registry.features``."""
        return tuple(
            Feature(Signal(name, "document", "", "never", ("documents",), each))
            for name, each in self.compute.items()
        )


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Features:
    """Two: ``length``, which the model knows, and ``place``."""
    made = Features()
    monkeypatch.setattr("rerank.learned_order.features", made)
    return made


@dataclass
class Scenes:
    """``Scenes`` as of 41, noting for which features they were asked; ``more`` is what becomes of
    the second one that is asked for.
    """

    missing: tuple[Degradation, ...] = ()
    error: Exception | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)
    position: int = 43
    more_missing: tuple[Degradation, ...] = ()
    more_error: Exception | None = None
    more_as_of: int = 41

    def scene(
        self,
        query: Query,
        candidates: Ranking,
        features: Sequence[Feature],
        *,
        tables: Tables,
        timeout_seconds: float,
    ) -> Seen:
        """See ``Scenes``."""
        self.asked.append(tuple(item.name for item in features))
        is_more = len(self.asked) > 1
        if error := self.more_error if is_more else self.error:
            raise error
        as_of = self.more_as_of if is_more else 41
        scene = Scene(query, Schema(), candidates, 0.0, tables=tables, as_of=as_of)
        return Seen(scene, self.more_missing if is_more else self.missing)


class Trees:
    """A ``Model``: the score is ten times the first feature, 0 where that is not known."""

    tables = Tables()

    def __init__(self, *features: str) -> None:
        self.features = features
        self.error: Exception | None = None

    @property
    def manifest(self) -> "Trees":
        """As far as it is looked at."""
        return self

    def scores(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """See ``Model``."""
        if self.error is not None:
            raise self.error
        return 10.0 * np.nan_to_num(values[:, 0].astype(np.float64))

    def contributions(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """See ``Model``: the bias is 1."""
        scores = self.scores(values)
        return np.stack([scores - 1, np.ones(len(values))], axis=1)


@dataclass
class Told:
    """A ``Trouble``."""

    said: list[str] = field(default_factory=list)
    over: int = 0

    def tell(self, error: BaseException) -> None:
        """See ``Trouble``."""
        self.said.append(str(error))

    def is_over(self) -> None:
        """See ``Trouble``."""
        self.over += 1


@dataclass
class Backwards:
    """The ``Reranker`` without a model: c, b, a."""

    lacks: tuple[Degradation, ...] = ()

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        hits = tuple(
            hit._replace(rank=rank) for rank, hit in enumerate(reversed(candidates.hits), start=1)
        )
        return Reranked(Ranking("backwards", hits), self.lacks)


@dataclass
class Ordered:
    """An order and what it is made of."""

    trees: Trees = field(default_factory=lambda: Trees("length"))
    scenes: Scenes = field(default_factory=Scenes)
    fallback: Backwards = field(default_factory=Backwards)
    order_trouble: Told = field(default_factory=Told)
    logged_trouble: Told = field(default_factory=Told)
    meter: Noted = field(default_factory=Noted)

    def learned(self) -> LearnedOrder:
        """By the model."""
        troubles = Troubles(self.order_trouble, self.logged_trouble)
        model: Any = self.trees
        return LearnedOrder(model, Schema(), self.scenes, self.fallback, troubles, self.meter)

    def by_model(self, query: Query = QUERY, candidates: Ranking = CANDIDATES) -> Reranked:
        """The model's order, or what stands in for it."""
        return self.learned().rerank(query, candidates, {}, timeout_seconds=1.0)

    def signalled(self, query: Query = QUERY) -> Reranked:
        """The order without a model."""
        order = SignalledOrder(self.fallback, Schema(), self.scenes, self.logged_trouble)
        return order.rerank(query, CANDIDATES, {}, timeout_seconds=1.0)


@pytest.fixture
def world(signals: Features) -> Ordered:
    """All is well."""
    assert signals
    return Ordered()


def values(matrix: FeatureMatrix | None) -> dict[str, list[float]]:
    """Feature -> its values."""
    assert matrix is not None
    return {name: matrix.values[:, column].tolist() for column, name in enumerate(matrix.names)}


# --- bad input ---


def test_what_the_model_saw_is_told(signals: Features) -> None:
    """That alone, not what is computed for the log; where the order is another one, nothing is."""
    ordered = Ordered()
    ordered.by_model(LOGGED)
    (seen,) = ordered.meter.seen
    assert (seen.names, seen.document_ids) == (("length",), ("a", "b", "c"))
    ordered.signalled(LOGGED)
    assert len(ordered.meter.seen) == 1
    late = Ordered(scenes=Scenes(error=EngineUnavailable("late")))
    late.by_model()
    assert late.meter.seen == []


def test_a_feature_that_the_collection_has_not(world: Ordered) -> None:
    """Such as that of a field that is gone."""
    world.trees = Trees("length", "taste.genre")
    with pytest.raises(ModelError, match=r"needs 'taste\.genre', which is no feature"):
        world.learned()


def test_nothing_was_found(world: Ordered) -> None:
    """Nothing is read for it."""
    reranked = world.by_model(candidates=Ranking("rrf"))
    assert (reranked.ranking.hits, reranked.degraded, world.scenes.asked) == ((), (), [])


@pytest.mark.parametrize("kind", ["scene", "signal", "model"])
def test_what_fails_leaves_the_order_without_the_model(
    world: Ordered, signals: Features, kind: str
) -> None:
    """It is told in the log and in the answer, beside what that order lacks itself."""
    if kind == "scene":
        world.scenes.error = RuntimeError("broken")
    elif kind == "signal":
        signals.compute["length"] = failing
    else:
        world.trees.error = ValueError("broken")
    world.fallback.lacks = (NO_PAST,)
    reranked = world.by_model(LOGGED)
    assert reranked.ranking.document_ids == ("c", "b", "a")
    assert reranked.degraded == (NO_PAST, Degradation("rerank", "error"))
    assert (reranked.features, reranked.as_of) == (None, 43)
    assert len(world.order_trouble.said) == 1


def test_documents_that_do_not_come_in_time(world: Ordered) -> None:
    """The reason says that nothing is broken."""
    world.scenes.error = EngineUnavailable("an index: timeout")
    reranked = world.by_model()
    assert reranked.ranking.document_ids == ("c", "b", "a")
    assert reranked.degraded == (Degradation("rerank", "unavailable"),)


# --- the model's order ---


def test_the_model_orders(world: Ordered) -> None:
    """Equal scores by id; what the legs said stays, and only what the model needs is read."""
    reranked = world.by_model()
    assert reranked.ranking.scores() == {"b": 20.0, "a": 10.0, "c": 0.0}
    assert [hit.rank for hit in reranked.ranking.hits] == [1, 2, 3]
    assert all(hit.evidence == (LEXICAL,) for hit in reranked.ranking.hits)
    assert (reranked.as_of, reranked.features, reranked.degraded) == (41, None, ())
    assert world.scenes.asked == [("length",)]
    assert (world.order_trouble.said, world.order_trouble.over) == ([], 1)


def test_a_past_that_does_not_come_is_said(world: Ordered) -> None:
    """The model orders all the same; nobody shall learn from what was only late."""
    world.scenes.missing = (NO_PAST,)
    reranked = world.by_model(LOGGED)
    assert reranked.ranking.document_ids == ("b", "a", "c")
    assert (reranked.degraded, reranked.features) == ((NO_PAST,), None)


def test_what_is_similar_keeps_its_order(world: Ordered) -> None:
    """A model is trained on searches."""
    reranked = world.by_model(replace(QUERY, surface="similar", seed_document_id="z"))
    assert reranked.ranking.document_ids == ("c", "b", "a")
    assert (reranked.degraded, reranked.as_of, world.scenes.asked) == ((), 43, [])


def test_all_features_are_kept_for_whoever_learns(world: Ordered) -> None:
    """The next model may want others than this one; the order is the same."""
    reranked = world.by_model(LOGGED)
    assert reranked.ranking.document_ids == ("b", "a", "c")
    assert world.scenes.asked == [("length",), ("length", "place")]
    seen = values(reranked.features)
    assert seen["length"][:2] == [1.0, 2.0]
    assert seen["place"] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("kind", ["late", "past", "later"])
def test_what_only_the_log_needs_takes_nothing_from_the_order(world: Ordered, kind: str) -> None:
    """It comes after it; of what does not come as of the same position, nothing is kept."""
    if kind == "late":
        world.scenes.more_error = EngineUnavailable("an index: timeout")
    elif kind == "past":
        world.scenes.more_missing = (NO_PAST,)
    else:
        world.scenes.more_as_of = 42
    reranked = world.by_model(LOGGED)
    assert (reranked.ranking.document_ids, reranked.degraded) == (("b", "a", "c"), ())
    assert (reranked.as_of, [*values(reranked.features)]) == (41, ["length"])
    assert len(world.scenes.asked) == 2
    assert len(world.logged_trouble.said) == (kind != "later")
    assert world.order_trouble.said == []


def test_a_model_that_knows_every_feature_is_read_for_once(world: Ordered) -> None:
    """Nothing is left to be computed for the log."""
    world.trees = Trees("length", "place")
    assert [*values(world.by_model(LOGGED).features)] == ["length", "place"]
    assert len(world.scenes.asked) == 1


def test_a_feature_that_the_model_does_not_know_may_fail(world: Ordered, signals: Features) -> None:
    """The others are kept."""
    signals.compute["place"] = failing
    reranked = world.by_model(LOGGED)
    assert (reranked.ranking.document_ids, reranked.degraded) == (("b", "a", "c"), ())
    assert [*values(reranked.features)] == ["length"]
    assert len(world.logged_trouble.said) == 1
    assert "signal place" in world.logged_trouble.said[0]


# --- explanations ---


def test_contributions_and_bias_are_the_score(world: Ordered) -> None:
    """What is not known has no value."""
    order = world.learned()
    reranked = order.rerank(EXPLAINED, CANDIDATES, {}, timeout_seconds=1.0)
    assert reranked.features is not None
    told = order.explain(reranked.features.of(["b", "c"]))
    assert told == {
        "b": (Contribution("length", 2.0, 19.0), Contribution(BIAS, None, 1.0)),
        "c": (Contribution("length", None, -1.0), Contribution(BIAS, None, 1.0)),
    }
    for document_id, score in reranked.ranking.scores().items():
        if document_id in told:
            assert sum(part.contribution for part in told[document_id]) == score


def test_features_of_another_model_are_not_explained(world: Ordered) -> None:
    """Nothing is made up for what it lacks; further ones are no trouble."""
    other = FeatureMatrix(("place",), ("a",), np.ones((1, 1), np.float32))
    assert world.learned().explain(other) == {}
    more = FeatureMatrix(("place", "length"), ("a",), np.ones((1, 2), np.float32))
    assert world.learned().explain(more)["a"][0] == Contribution("length", 1.0, 9.0)


def test_an_explanation_that_fails_costs_no_page(world: Ordered) -> None:
    """It is told in the log."""
    seen = FeatureMatrix(("length",), ("a",), np.ones((1, 1), np.float32))
    order = world.learned()
    world.trees.error = ValueError("broken")
    assert order.explain(seen) == {}
    assert world.order_trouble.said == ["broken"]


# --- without a model ---


def test_without_a_model_only_those_are_computed_that_are_kept(world: Ordered) -> None:
    """How far the log had been read is known of every search."""
    reranked = world.signalled()
    assert reranked.ranking.document_ids == ("c", "b", "a")
    assert (reranked.as_of, reranked.features, world.scenes.asked) == (43, None, [])
    reranked = world.signalled(LOGGED)
    assert (reranked.as_of, [*values(reranked.features)]) == (41, ["length", "place"])
    assert reranked.ranking.document_ids == ("c", "b", "a")


@pytest.mark.parametrize("kind", ["late", "past", "signal"])
def test_features_that_cannot_be_had_are_no_loss_to_the_search(
    world: Ordered, signals: Features, kind: str
) -> None:
    """None are kept: the answer lacks nothing."""
    if kind == "late":
        world.scenes.error = EngineUnavailable("late")
    elif kind == "past":
        world.scenes.missing = (NO_PAST,)
    else:
        signals.compute["place"] = failing
    reranked = world.signalled(LOGGED)
    assert (reranked.degraded, reranked.features, reranked.as_of) == ((), None, 43)
    assert len(world.logged_trouble.said) == 1


def test_a_model_that_cannot_be_used_is_missing_from_every_search(world: Ordered) -> None:
    """Whoever cannot load it says so; it would not order what is similar."""
    missing = (Degradation("rerank", "error"),)
    order = SignalledOrder(world.fallback, Schema(), world.scenes, Told(), missing)
    similar = replace(QUERY, surface="similar", seed_document_id="z")
    assert order.rerank(QUERY, CANDIDATES, {}, timeout_seconds=1.0).degraded == missing
    assert order.rerank(similar, CANDIDATES, {}, timeout_seconds=1.0).degraded == ()
