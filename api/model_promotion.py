"""A model goes live: examined, then the pointer moves to a release that has it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from api.aftermath import afterwards
from api.collection import OpenCollection
from api.examination import OwnQualityGate
from api.model_fitness import (
    MODEL_GATES,
    check_better,
    check_not_worse,
    opened_model,
    usable,
)
from api.owner import Owner
from api.promotion import judgments
from api.tuned import search_of
from indexer.reindexing import overruled
from rerank.manifest import Manifest
from tandem.catalog.releases import Release
from tandem.protocols import Verdict


class Promotion(NamedTuple):
    """What came of it. ``verdicts`` is empty where what was asked for was live already."""

    release: Release
    verdicts: Sequence[Verdict] = ()
    overridden: Sequence[str] = ()

    def as_data(self) -> dict[str, Any]:
        """As the outcome of an order."""
        return {
            "release": self.release.number,
            "generation": self.release.generation,
            "model": self.release.model,
            "search": search_of(self.release),
            "left_model": None,
            "gates": [verdict._asdict() for verdict in self.verdicts],
            "overridden": list(self.overridden),
        }


def promote_model(
    owner: Owner, name: str, number: int, overridden: Sequence[str] = ()
) -> Promotion:
    """Make a release of the live generation and a model. One that is live already stays so.

    Raises:
        GateFailed: it is not fit; nothing went live.
        InputError: there is no such model of the collection.
        ModelError: it cannot be used.
        ReleaseConflict: something else went live meanwhile.
    """
    catalog, collection = owner.house.catalog, owner.house.collection(name)
    collection.refresh()
    live = collection.release
    stored = catalog.models.get(number, name)
    if live.model == number:
        return Promotion(live)
    manifest = opened_model(stored).manifest
    verdicts = _examined(owner, collection, live, number, manifest)
    allowed = [gate for gate in overridden if gate in MODEL_GATES]
    chosen = overruled(verdicts, allowed, f"model {number}", _retry(number, verdicts))
    release = catalog.releases.promote(name, live.generation, parent=live.number, model=number)
    afterwards(release, owner.stop, collection.refresh)
    return Promotion(release, verdicts, chosen)


def withdraw_model(owner: Owner, name: str) -> Promotion:
    """Make a release of the live generation without a model: the untrained order, at once. Where
    none is live, all stays as it is.

    Raises:
        ReleaseConflict: something else went live meanwhile.
    """
    catalog, collection = owner.house.catalog, owner.house.collection(name)
    collection.refresh()
    live = collection.release
    if live.model is None:
        return Promotion(live)
    release = catalog.releases.promote(name, live.generation, parent=live.number)
    afterwards(release, owner.stop, collection.refresh)
    return Promotion(release)


def _examined(
    owner: Owner, collection: OpenCollection, live: Release, number: int, manifest: Manifest
) -> list[Verdict]:
    """What takes long is not asked of a model that cannot be used."""
    generation, quality = collection.generation, collection.settings.quality
    scoring = collection.searching.scoring_of(live)
    verdicts = usable(manifest, generation, scoring)
    if not all(verdict.is_passed for verdict in verdicts):
        return verdicts
    verdicts += [
        of_the_settings(check_better(manifest), live),
        check_not_worse(manifest, live.model, quality.model_margin),
    ]
    judged = judgments(quality)
    if judged is not None:
        gate = OwnQualityGate(
            collection,
            collection.live,
            replace(live, model=number),
            judged,
            lambda: owner.is_stopping,
        )
        verdicts.append(gate.examine())
    return verdicts


def of_the_settings(verdict: Verdict, live: Release) -> Verdict:
    """The untrained order that a model was measured beside knows nothing of a release's search."""
    if live.search is None:
        return verdict
    said = f"{verdict.detail}; by tandem.toml's shares, not by release {live.number}'s own search"
    return verdict._replace(detail=said)


def _retry(number: int, verdicts: Sequence[Verdict]) -> str | None:
    """What promotes it all the same; nothing does where it cannot be used."""
    failed = {verdict.gate for verdict in verdicts if not verdict.is_passed}
    return f"tandem promote --model {number}" if failed <= {*MODEL_GATES} else None
