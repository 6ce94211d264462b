"""An order carried out by the process that follows."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from api.asking import Order, Show
from api.candidates import ReindexOrder
from api.model_fitness import left_model
from api.model_promotion import promote_model, withdraw_model
from api.owner import Owner
from api.search_promotion import promote_search
from api.tuned import search_of
from api.verified import verify
from api.wanted import Wanted
from indexer.reindexing import ReindexProgress, Report
from indexer.verification import VerifyOptions
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation, Release
from tandem.errors import CatalogError
from tandem.telemetry import logger

REPORT_SECONDS = 0.5


def carry_out(owner: Owner, order: Order, show: Show) -> Mapping[str, Any]:
    """Do it here; the outcome, as a JSON object.

    Raises:
        TandemError: it could not be done; nothing went live.
    """
    show = _throttled(show)

    def report(progress: ReindexProgress) -> None:
        show(asdict(progress))

    if order.kind == "reindex":
        return _reindex(owner, order, report)
    if order.kind == "verify":
        collection = owner.house.collection(order.collection)
        options = VerifyOptions(**order.arguments)
        return verify(collection, options, show, lambda: owner.is_stopping)
    if order.kind == "train":
        from api.training import train

        return train(owner, order, show)
    if order.kind == "promote":
        return _promote(owner, order, report)
    return _live(owner, owner.rollback(order.collection, report))


def _promote(owner: Owner, order: Order, report: Report) -> Mapping[str, Any]:
    overridden = tuple(order.arguments.get("overridden", ()))
    if order.arguments.get("no_model"):
        return withdraw_model(owner, order.collection).as_data()
    if (search := order.arguments.get("search")) is not None:
        return promote_search(owner, order.collection, search, overridden).as_data()
    model = order.arguments.get("model")
    if model is not None:
        return promote_model(owner, order.collection, int(model), overridden).as_data()
    number = int(order.arguments["generation"])
    release = owner.promote(order.collection, number, report, overridden)
    return _live(owner, release)


def _live(owner: Owner, release: Release) -> dict[str, Any]:
    return {
        "release": release.number,
        "generation": release.generation,
        "model": release.model,
        "search": search_of(release),
        "left_model": left_model(owner.house.catalog, release),
    }


def _reindex(owner: Owner, order: Order, report: Report) -> Mapping[str, Any]:
    arguments, house = dict(order.arguments), owner.house
    arguments["settings"] = Wanted.read(arguments["settings"]).put_into(house.settings)
    arguments["overridden"] = tuple(arguments["overridden"])
    house.embedders.adopt(arguments["settings"])
    generation, outcome = owner.reindex(order.collection, ReindexOrder(**arguments), report)
    live = outcome.release
    return {
        "generation": generation.number,
        "embedder": generation.embedder,
        "release": live.number if live else None,
        "model": live.model if live else None,
        "left_model": left_model(house.catalog, live) if live else None,
        "gates": [verdict._asdict() for verdict in outcome.verdicts],
        "overridden": outcome.overridden,
        "dropped": outcome.dropped,
        "refused": _refused(house.catalog, generation),
        "seconds": round(outcome.seconds, 3),
    }


def _refused(catalog: Catalog, generation: Generation) -> dict[str, int]:
    """How many documents each new index left out; nothing where that cannot be read any more, which
    is no failure of what went live.
    """
    count = catalog.checkpoints.failure_count
    try:
        return {
            "lexical": count(generation.lexical_name),
            "vector": count(generation.vector_name),
        }
    except CatalogError as error:
        logger("api").warning("how many documents were left out cannot be read: %s", error)
        return {}


def _throttled(show: Show) -> Show:
    """News at most every half second, and whenever a new stage begins."""
    last_stage, last_at = "", 0.0

    def report(progress: Mapping[str, Any]) -> None:
        nonlocal last_stage, last_at
        now = time.monotonic()
        if progress["stage"] != last_stage or now - last_at >= REPORT_SECONDS:
            last_stage, last_at = progress["stage"], now
            show(progress)

    return report
