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
from tandem.documents import Document
from tandem.errors import EngineUnavailable, ModelError
from tandem.features import FeatureMatrix
from tandem.protocols import Reranker
from tandem.queries import Query
from tandem.rankings import Contribution, Degradation, Ranking, Reranked
from tandem.schema import Schema

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


class LearnedOrder:
    """A ``Reranker`` and ``Explainer`` by a model, over the documents of one generation.

    Where a signal or the model fails, or what they need does not come in time, the order is
    ``fallback``'s, and that is said. A model is trained on searches: what is similar to a document
    keeps ``fallback``'s order too.
    """

    def __init__(
        self, model: Model, schema: Schema, scenes: Scenes, fallback: Reranker, troubles: Troubles
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
        self._others = tuple(known[name] for name in known if name not in {*names})
        self._every = (*self._chosen, *self._others)
        self._scenes = scenes
        self._fallback = fallback
        self._troubles = troubles

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
                return self._learned(query, candidates, timeout_seconds)
            except Exception as error:  # whatever it is, the search has its answers already
                self._troubles.order.tell(error)
                is_late = isinstance(error, EngineUnavailable)
                missing = (Degradation(RERANK, "unavailable" if is_late else "error"),)
        left = max(0.0, until - time.monotonic())
        before = self._fallback.rerank(query, candidates, documents, timeout_seconds=left)
        return before._replace(
            degraded=(*before.degraded, *missing), as_of=before.as_of or self._scenes.position
        )

    def _learned(self, query: Query, candidates: Ranking, timeout_seconds: float) -> Reranked:
        scene, missing = self._scenes.scene(
            query,
            candidates,
            self._every if query.wants_features else self._chosen,
            tables=self._model.tables,
            timeout_seconds=timeout_seconds,
        )
        seen = assemble(scene, self._chosen)
        scores = self._model.scores(seen.values).tolist()
        self._troubles.order.is_over()
        evidence = {hit.document_id: hit.evidence for hit in candidates.hits}
        ranking = Ranking.from_scores(
            NAME,
            zip(seen.document_ids, scores, strict=True),
            evidence=evidence.__getitem__,
        )
        if not query.wants_features:
            return Reranked(
                ranking, missing, scene.as_of, seen if query.wants_explanation else None
            )
        # who learns from the log must not take for unknown what was only late
        whole = None if missing else self._with_others(scene, seen)
        return Reranked(ranking, missing, scene.as_of, whole)

    def _with_others(self, scene: Scene, seen: FeatureMatrix) -> FeatureMatrix:
        """With the features that the next model may want; they do not matter to the order."""
        try:
            others = assemble(scene, self._others)
        except ModelError as error:
            self._troubles.logged.tell(error)
            return seen
        self._troubles.logged.is_over()
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
    ``missing`` is what every answer lacks: the order of a model that cannot be used.
    """

    def __init__(
        self,
        inner: Reranker,
        schema: Schema,
        scenes: Scenes,
        trouble: Trouble,
        missing: tuple[Degradation, ...] = (),
    ) -> None:
        self._inner = inner
        self._features = features(schema)
        self._scenes = scenes
        self._trouble = trouble
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
            seen = self._seen(query, candidates, max(0.0, until - time.monotonic()))
        as_of, matrix = (position, None) if seen is None else seen
        missing = (*before.degraded, *self._missing)
        return Reranked(before.ranking, missing, as_of, matrix)

    def _seen(
        self, query: Query, candidates: Ranking, seconds: float
    ) -> tuple[int, FeatureMatrix] | None:
        """The features and their ``as_of``; ``None`` where they cannot be had: the order is whole
        without them.
        """
        try:
            scene, missing = self._scenes.scene(
                query, candidates, self._features, tables=Tables(), timeout_seconds=seconds
            )
            if missing:
                raise EngineUnavailable(f"{missing[0].leg}: {missing[0].reason}")
            seen = assemble(scene, self._features)
        except Exception as error:  # whatever it is
            self._trouble.tell(error)
            return None
        self._trouble.is_over()
        return scene.as_of, seen


def _contributions(
    names: Sequence[str], values: Sequence[float], parts: Sequence[float]
) -> tuple[Contribution, ...]:
    """Of one document; ``parts`` has one more at its end, which every document gets."""
    told = [
        Contribution(name, None if isnan(value) else value, part)
        for name, value, part in zip(names, values, parts[:-1], strict=True)
    ]
    return (*told, Contribution(BIAS, None, parts[-1]))
