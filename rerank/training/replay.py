"""The features that queries saw, or would have seen, computed again out of the event log.

What reads nothing but events and tables is computed by the same code as when a query was answered.
What reads more is taken from what was logged then; where nothing was, it is computed from the
documents of today, and what the legs answered is unknown. What reads tables and documents is of
today in any case: what was logged was made with the tables of another model.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from rerank.assembly import assemble
from rerank.facts import FactsSource
from rerank.scene import Scene
from rerank.scenes import Needs, with_documents
from rerank.signals.registry import Feature
from rerank.tables import Tables
from rerank.training.sweep import Wanted, sweep
from tandem.behaviour import BehaviourLog
from tandem.features import FeatureMatrix

QUERIES_AT_ONCE = 200
"""So many queries' logged features are read together."""

FACTS_SECONDS = 60.0
"""Nobody waits for a replay: documents may take their time."""

Logged = Callable[[Sequence[str]], Mapping[str, FeatureMatrix]]
"""query_id -> the features that were logged when it was answered, of those that have any."""


@dataclass(frozen=True)
class Replay:
    """Computes ``features`` again. ``logged`` gives what was logged, ``facts`` what the documents
    of today hold; what only a missing one of them would give is unknown.
    """

    log: BehaviourLog
    features: Sequence[Feature]
    tables: Tables = field(default_factory=Tables)
    logged: Logged | None = None
    facts: FactsSource | None = None

    def of(self, wanted: Iterable[Wanted]) -> Iterator[tuple[Wanted, FeatureMatrix]]:
        """The features of each query's documents, in order of ``as_of``.

        Raises:
            SignalFailed: a signal cannot be computed.
        """
        scenes = sweep(self.log, wanted, self.tables)
        while batch := [*islice(scenes, QUERIES_AT_ONCE)]:
            ids = [item.asked.query.query_id for item, _ in batch]
            logged = self.logged(ids) if self.logged is not None else {}
            for item, scene in batch:
                yield item, self._features(scene, logged.get(scene.query.query_id))

    def _features(self, scene: Scene, logged: FeatureMatrix | None) -> FeatureMatrix:
        """Column by column: replayed, or logged, or of today."""
        replayed = [feature for feature in self.features if feature.signal.is_replayed]
        others = [feature for feature in self.features if not feature.signal.is_replayed]
        parts = [assemble(scene, replayed)]
        held: set[str] = set()
        if logged is not None:
            held = {*logged.names} & {item.name for item in others if item.signal.is_logged}
            parts.append(logged.columns([item.name for item in others if item.name in held]))
        if logged is None or {*scene.document_ids} - {*logged.document_ids}:
            lacking = others
        else:
            lacking = [feature for feature in others if feature.name not in held]
        parts.append(self._of_today(scene, lacking))
        return _joined([feature.name for feature in self.features], scene.document_ids, parts)

    def _of_today(self, scene: Scene, features: Sequence[Feature]) -> FeatureMatrix:
        made = [feature for feature in features if "answer" not in feature.signal.reads]
        if self.facts is None or not made:
            return assemble(scene, ())
        until = time.monotonic() + FACTS_SECONDS
        return assemble(with_documents(scene, self.facts, Needs.of(made), until), made)


def _joined(
    names: Sequence[str], document_ids: tuple[str, ...], parts: Iterable[FeatureMatrix]
) -> FeatureMatrix:
    """One matrix of several; of a value that two of them hold the first counts."""
    values = np.full((len(document_ids), len(names)), np.nan, dtype=np.float32)
    is_free = np.ones(values.shape, dtype=bool)
    row_of = {document_id: row for row, document_id in enumerate(document_ids)}
    column_of = {name: column for column, name in enumerate(names)}
    for part in parts:
        kept = part.of(document_ids)
        rows = np.array([row_of[name] for name in kept.document_ids], dtype=np.intp)
        columns = np.array([column_of[name] for name in kept.names], dtype=np.intp)
        cells = np.ix_(rows, columns)
        values[cells] = np.where(is_free[cells], kept.values, values[cells])
        is_free[cells] = False
    return FeatureMatrix(tuple(names), document_ids, values)
