"""The order of a trained model, and what the model saw; where it cannot be had, the one without."""

import time
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Final, NamedTuple, Protocol

import numpy as np

from rerank.assembly import assemble
from rerank.model import Model
from rerank.scene import Scene
from rerank.scenes import Seen
from rerank.signals.registry import Feature, features
from rerank.tables import Tables
from rerank.time_left import time_left
from tandem.documents import Document
from tandem.errors import EngineUnavailable, ModelError
from tandem.features import FeatureMatrix
from tandem.protocols import Reranker
from tandem.queries import Query
from tandem.rankings import Contribution, Degradation, Ranking, Reranked
from tandem.schema import Schema
from tandem.telemetry import UNMETERED, Meter

RERANK: Final = "rerank"
"""What a reply lacks where the order is not the model's."""

NAME = "learned"
BIAS = "bias"
"""What every document gets, whatever its features are, as ``explain`` calls it."""


class Scenes(Protocol):
    """Reads what signals look at; see ``rerank.scenes``."""

    @property
    def position(self) -> int:
        """How far the event log was read by now."""
        ...

    def scene(
        self,
        query: Query,
        candidates: Ranking,
        features: Sequence[Feature],
        *,
        tables: Tables,
        timeout_seconds: float,
    ) -> Seen:
        """All that these features need, and what is missing of it: the person's past, if it does
        not come in time.

        Raises:
            EngineUnavailable: what is needed of documents does not come in time.
        """
        ...


class Trouble(Protocol):
    """Tells the log what is wrong, once for as long as it is that."""

    def tell(self, error: BaseException) -> None:
        """It is wrong."""
        ...

    def is_over(self) -> None:
        """It went well."""
        ...


class Troubles(NamedTuple):
    """Of the order, which is then another one; and of what is computed for whoever learns alone."""

    order: Trouble
    logged: Trouble


class ForLog(NamedTuple):
    """Computes ``features`` for whoever learns from the log: no answer lacks anything without them.
    ``read`` are those for which the scene is read.
    """

    scenes: Scenes
    trouble: Trouble
    read: Sequence[Feature]
    features: Sequence[Feature]
    tables: Tables = Tables()

    def of(
        self, query: Query, candidates: Ranking, until: float
    ) -> tuple[int, FeatureMatrix] | None:
        """The features and their ``as_of``; ``None`` where there are none to compute, or not all
        that they need comes until then, a moment of ``time.monotonic``.
        """
        if not self.features:
            return None
        try:
            scene, missing = self.scenes.scene(
                query, candidates, self.read, tables=self.tables, timeout_seconds=time_left(until)
            )
            if missing:
                raise EngineUnavailable(f"{missing[0].leg}: {missing[0].reason}")
            seen = assemble(scene, self.features)
        except Exception as error:  # whatever it is
            self.trouble.tell(error)
            return None
        self.trouble.is_over()
        return scene.as_of, seen


class LearnedOrder:
    """A ``Reranker`` and ``Explainer`` by a model, over the documents of one generation.

    Where a signal or the model fails, or what they need does not come in time, the order is
    ``fallback``'s, and that is said. A model is trained on searches: what is similar to a document
    keeps ``fallback``'s order too.
    """

    def __init__(
        self,
        model: Model,
        schema: Schema,
        scenes: Scenes,
        fallback: Reranker,
        troubles: Troubles,
        meter: Meter = UNMETERED,
    ) -> None:
        """See which signals the model needs.

        Raises:
            ModelError: the schema lacks a field of a feature, or there is no such signal.
        """
        known = {feature.name: feature for feature in features(schema)}
        names = model.manifest.features
        missing = [name for name in names if name not in known]
        if missing:
            raise ModelError(
                f"the model needs {missing[0]!r}, which is no feature of this collection",
                hint="train a model for the fields that the collection has now",
            )
        self._model = model
        self._chosen = tuple(known[name] for name in names)
        others = tuple(known[name] for name in known if name not in {*names})
        # all are read, not these alone: facts of documents are kept as they were last read
        self._others = ForLog(
            scenes, troubles.logged, (*self._chosen, *others), others, model.tables
        )
        self._scenes = scenes
        self._fallback = fallback
        self._troubles = troubles
        self._meter = meter

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        until = time.monotonic() + timeout_seconds
        missing: tuple[Degradation, ...] = ()
        if query.surface == "search" and candidates.hits:
            try:
                return self._learned(query, candidates, until)
            except Exception as error:  # whatever it is, the search has its answers already
                self._troubles.order.tell(error)
                is_late = isinstance(error, EngineUnavailable)
                missing = (Degradation(RERANK, "unavailable" if is_late else "error"),)
        before = self._fallback.rerank(
            query, candidates, documents, timeout_seconds=time_left(until)
        )
        return before._replace(
            degraded=(*before.degraded, *missing), as_of=before.as_of or self._scenes.position
        )

    def _learned(self, query: Query, candidates: Ranking, until: float) -> Reranked:
        """What is computed for whoever learns comes after the order, in what is left of the time:
        it can take nothing from it.
        """
        scene, missing = self._scenes.scene(
            query,
            candidates,
            self._chosen,
            tables=self._model.tables,
            timeout_seconds=time_left(until),
        )
        seen = assemble(scene, self._chosen)
        self._meter.features(seen)
        scores = self._model.scores(seen.values).tolist()
        self._troubles.order.is_over()
        evidence = {hit.document_id: hit.evidence for hit in candidates.hits}
        ranking = Ranking.from_scores(
            NAME,
            zip(seen.document_ids, scores, strict=True),
            evidence=evidence.__getitem__,
        )
        kept = seen if query.wants_explanation else None
        if query.wants_features:
            # who learns from the log must not take for unknown what was only late
            kept = None if missing else self._with_others(scene, seen, until)
        return Reranked(ranking, missing, scene.as_of, kept)

    def _with_others(self, scene: Scene, seen: FeatureMatrix, until: float) -> FeatureMatrix:
        """With the features that the next model may want, if they come, as of the same position."""
        found = self._others.of(scene.query, scene.candidates, until)
        if found is None or found[0] != scene.as_of:
            return seen
        others = found[1]
        values = np.concatenate([seen.values, others.values], axis=1)
        return FeatureMatrix((*seen.names, *others.names), seen.document_ids, values)

    def explain(self, features: FeatureMatrix) -> Mapping[str, tuple[Contribution, ...]]:
        """See ``Explainer``: the contributions of a hit and ``BIAS`` add up to its score."""
        names = self._model.manifest.features
        if not {*names} <= {*features.names}:
            return {}
        seen = features.columns(names)
        try:
            shares = self._model.contributions(seen.values).tolist()
        except Exception as error:  # the page is there already
            self._troubles.order.tell(error)
            return {}
        return {
            document_id: _contributions(names, values, parts)
            for document_id, values, parts in zip(
                seen.document_ids, seen.values.tolist(), shares, strict=True
            )
        }


class SignalledOrder:
    """A ``Reranker``: another one's order, with the features that a model could learn from.
    ``missing`` is what every search lacks: the order of a model that cannot be used. What is
    similar to a document is in no model's order.
    """

    def __init__(
        self,
        inner: Reranker,
        schema: Schema,
        scenes: Scenes,
        trouble: Trouble,
        missing: tuple[Degradation, ...] = (),
    ) -> None:
        every = features(schema)
        self._inner = inner
        self._scenes = scenes
        self._every = ForLog(scenes, trouble, every, every)
        self._missing = missing

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        until = time.monotonic() + timeout_seconds
        position = self._scenes.position
        before = self._inner.rerank(query, candidates, documents, timeout_seconds=timeout_seconds)
        seen = None
        if query.wants_features and candidates.hits:
            seen = self._every.of(query, candidates, until)
        as_of, matrix = (position, None) if seen is None else seen
        lacks = self._missing if query.surface == "search" else ()
        return Reranked(before.ranking, (*before.degraded, *lacks), as_of, matrix)


def _contributions(
    names: Sequence[str], values: Sequence[float], parts: Sequence[float]
) -> tuple[Contribution, ...]:
    """Of one document; ``parts`` has one more at its end, which every document gets."""
    told = [
        Contribution(name, None if isnan(value) else value, part)
        for name, value, part in zip(names, values, parts[:-1], strict=True)
    ]
    return (*told, Contribution(BIAS, None, parts[-1]))
