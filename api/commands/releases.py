"""``tandem releases``, ``tandem promote`` and ``tandem rollback``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.bootstrap import require_data_folder
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, Override, settings
from api.commands.reindex import DrawnLegs, tell_gates
from api.console import FOUND, bars, note, printable, say, say_json
from api.engines import check_engines, open_catalog
from api.model_fitness import check_overridable
from api.orders import Order, have_done
from api.promotion import GATES, check_gates
from api.search_promotion import SEARCH_GATES
from api.tuned import read_search, search_of
from tandem.catalog.catalog import Catalog
from tandem.errors import CollectionNotFound, InputError
from tandem.settings import Settings

SHOWN = 20


def show(
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """List the generations that are kept, and the releases, newest first."""
    chosen = settings(config, data_dir, collection)
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    try:
        data = _data(catalog, chosen.collection)
    finally:
        catalog.close()
    if as_json:
        say_json(data)
        return FOUND
    for generation in data["generations"]:
        say(
            f"generation {generation['generation']:>3}  {generation['state']:<9} "
            f"{generation['analysis']}, {generation['embedder']}, "
            f"passages of {generation['passage_tokens']} tokens"
        )
    for release in data["releases"]:
        live = "  <- live" if release["is_live"] else "" if release["is_kept"] else "  (dropped)"
        say(
            f"release    {release['release']:>3}  generation {release['generation']}, "
            f"{_model(release['model'])}{_search(release['search'])}, "
            f"made from {release['parent'] or 'nothing'}, "
            f"{release['created_at']:%Y-%m-%d %H:%M:%S} UTC{live}"
        )
    return FOUND


def _model(number: int | None) -> str:
    return "no model" if number is None else f"model {number}"


def _search(settings: dict[str, Any] | None) -> str:
    """``tandem status`` tells the live one's whole."""
    if settings is None:
        return ""
    fusion = f" (fusion {settings['fusion']})" if "fusion" in settings else ""
    return f", a search of its own{fusion}"


def _data(catalog: Catalog, name: str) -> dict[str, Any]:
    live = catalog.releases.live(name)
    if live is None:
        known = ", ".join(catalog.releases.collections())
        raise CollectionNotFound(
            f"there is no collection {name!r}", hint=f"known collections: {known or 'none'}"
        )
    kept = catalog.releases.generations(name)
    numbers = {item.number for item in kept}
    return {
        "collection": name,
        "live": live.number,
        "generations": [
            {
                "generation": item.number,
                "state": item.state,
                "analysis": item.analysis,
                "embedder": item.embedder,
                "passage_tokens": item.passage_tokens,
                "created_at": item.created_at,
            }
            for item in kept
        ],
        "releases": [
            {
                "release": item.number,
                "generation": item.generation,
                "model": item.model,
                "search": search_of(item),
                "parent": item.parent,
                "created_at": item.created_at,
                "is_live": item.number == live.number,
                "is_kept": item.generation in numbers,
            }
            for item in catalog.releases.history(name, SHOWN)
        ],
    }


def promote(
    generation: Annotated[
        int | None, typer.Argument(help="Its number, as tandem releases shows it.")
    ] = None,
    model: Annotated[
        int | None, typer.Option("--model", help="A model's number, as tandem models shows it.")
    ] = None,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Search on without the model that is live.")
    ] = False,
    search: Annotated[
        Path | None,
        typer.Option("--search", help="A file of search settings, as tandem eval tune writes it."),
    ] = None,
    no_search: Annotated[
        bool, typer.Option("--no-search", help="Search by tandem.toml's settings alone.")
    ] = False,
    override: Override = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Make a generation that is kept the live one, once it holds all that the log does; or, with
    --model, have a trained model order what is found; or, with --no-model, none; or, with
    --search, fuse words and meaning by a file's settings, until --no-search.

    A generation that has never passed the gates is examined first, as by tandem reindex. So is a
    model, on data that it was not trained on. Leaves with 1 when a gate refuses it.
    """
    chosen = settings(config, data_dir, collection)
    asked = (generation is not None, model is not None, no_model, search is not None, no_search)
    if asked.count(True) != 1:
        raise InputError(
            "expected the number of a generation, --model with that of a model, --no-model, "
            "--search with a file, or --no-search",
            hint="see which there are: tandem releases, tandem models",
        )
    overridden = override or []
    if model is not None:
        check_overridable(overridden)
    else:
        check_gates(overridden, SEARCH_GATES if search is not None or no_search else GATES)
    arguments = {
        "generation": generation,
        "model": model,
        "no_model": no_model,
        "search": {} if no_search else None if search is None else read_search(search),
        "overridden": overridden,
    }
    order = Order(chosen.collection, "promote", arguments)
    return _done(chosen, order, as_json=as_json)


def rollback(
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Make the release before the live one live again, with its model, at once; nothing written
    since is lost.
    """
    chosen = settings(config, data_dir, collection)
    order = Order(chosen.collection, "rollback", {})
    return _done(chosen, order, as_json=as_json)


def _done(chosen: Settings, order: Order, *, as_json: bool) -> int:
    with bars(wanted=not as_json) as shown:
        outcome = have_done(chosen, order, DrawnLegs(shown), note)
    if as_json:
        say_json(outcome)
    else:
        tell_gates(outcome.get("gates", ()))
        say(
            f"release {outcome['release']} is live, generation {outcome['generation']}, "
            f"{_model(outcome['model'])}{_search(outcome.get('search'))}"
        )
        if outcome.get("left_model"):
            note(f"warning: {printable(outcome['left_model'])}")
    return FOUND
