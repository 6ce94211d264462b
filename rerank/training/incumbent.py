"""The model that is live, measured beside the new one: by what it would see, with its tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rerank.model import Model
from rerank.signals.registry import Feature
from rerank.training.groups import TrainingSet
from rerank.training.replay import Replay
from rerank.training.sweep import Wanted
from tandem.features import FeatureMatrix

SHOWN = 3

Floats = npt.NDArray[np.float64]


class Incumbent(NamedTuple):
    """``number`` is the live model's. ``tabled`` maps groups to those of its features that read
    tables, computed with its own.
    """

    number: int
    model: Model
    tabled: Mapping[str, FeatureMatrix] = {}


class Measured(NamedTuple):
    """``scores`` (documents,) of all groups, or why there are none."""

    scores: Floats | None
    lacking: str = ""


def of_tables(model: Model, known: Iterable[Feature]) -> tuple[Feature, ...]:
    """Those of the model's features that read its tables."""
    named = {feature.name: feature for feature in known}
    own = [named[name] for name in model.manifest.features if name in named]
    return tuple(feature for feature in own if "tables" in feature.signal.reads)


def replayed(
    model: Model, replay: Replay, wanted: Sequence[Wanted]
) -> Iterator[tuple[str, FeatureMatrix]]:
    """By query_id, what the model's tables say of each query's documents.

    Raises:
        SignalFailed: a signal cannot be computed.
    """
    chosen = of_tables(model, replay.features)
    if not chosen:
        return
    for item, found in replace(replay, features=chosen, tables=model.tables).of(wanted):
        yield item.asked.query.query_id, found


def measured(live: Incumbent, data: TrainingSet, known: Sequence[Feature]) -> Measured:
    """What the live model gives the documents of groups. It has no scores where something that it
    looks at is known of none of them: it would be measured by less than it is served with.
    """
    said = live.model.manifest
    tabled = {feature.name for feature in of_tables(live.model, known)}
    rows = np.full((sum(data.sizes), len(said.features)), np.nan, dtype=np.float32)
    start = 0
    for group in data.groups:
        own = live.tabled.get(group.group_id)
        part = rows[start : start + len(group.document_ids)]
        for column, name in enumerate(said.features):
            if name not in tabled and name in data.names:
                part[:, column] = group.values[:, data.names.index(name)]
            elif own is not None and name in own.names:
                part[:, column] = own.of(group.document_ids).columns([name]).values[:, 0]
        start += len(group.document_ids)
    unknown = [bool(np.isnan(column).all()) for column in rows.T]
    looked_at = said.importances.keys() | said.start.keys()
    lacking = [
        name
        for name, is_unknown in zip(said.features, unknown, strict=True)
        if is_unknown and name in looked_at
    ]
    if lacking:
        listed = ", ".join(lacking[:SHOWN]) + (", ..." if len(lacking) > SHOWN else "")
        return Measured(None, f"it looks at {listed}, unknown of all that proves this one")
    return Measured(live.model.scores(rows))
