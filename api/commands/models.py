"""``tandem models``: what was trained, and taking a model elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from api.bootstrap import require_data_folder
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.console import FOUND, note, printable, say, say_json
from api.engines import check_engines, open_catalog
from api.model_files import export_model, import_model
from api.model_report import lines
from rerank.manifest import Manifest, Measured
from tandem.catalog.catalog import Catalog
from tandem.catalog.models import StoredModel
from tandem.errors import CollectionNotFound, ModelError

MEASURE = "nDCG@10"

Number = Annotated[int, typer.Argument(help="Its number, as tandem models shows it.")]

app = typer.Typer(rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """List the models of a collection, newest first; show one, take it elsewhere, remove it."""
    if context.invoked_subcommand is not None:
        return FOUND
    with _opened(config, data_dir, collection) as (catalog, name):
        live = catalog.releases.live(name)
        number = None if live is None else live.model
        found = [_listed(stored, number) for stored in catalog.models.list(name)]
    if as_json:
        say_json({"collection": name, "models": found})
        return FOUND
    for row in found:
        say(_line(row))
    if not found:
        say("no model yet: tandem train")
    return FOUND


@app.command("show")
def show(
    number: Number,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Show what a model was made from, what it sees, and how good it proved."""
    with _opened(config, data_dir, collection) as (catalog, name):
        stored = catalog.models.described(number, name)
    if as_json:
        say_json({"model": number, "created_at": stored.created_at, **stored.manifest})
        return FOUND
    say(f"model {number} of {name}, {stored.created_at:%Y-%m-%d %H:%M:%S} UTC")
    for line in lines(Manifest.read(stored.manifest)):
        say(printable(line))
    return FOUND


@app.command("export")
def export(
    number: Number,
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.")],
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> int:
    """Write a model into a folder: its manifest, its trees, its tables."""
    with _opened(config, data_dir, collection) as (catalog, name):
        export_model(catalog.models.get(number, name), folder)
    say(f"model {number} of {name} is in {folder}")
    return FOUND


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="What tandem models export has written.")],
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Keep a model from a folder, if it is what its manifest says; nothing goes live."""
    with _opened(config, data_dir, collection) as (catalog, name):
        model = import_model(folder)
        number = catalog.models.add(name, model.manifest.as_json(), model.parts())
    if as_json:
        say_json({"model": number})
    else:
        say(f"model {number} of {name} was read from {folder}")
        note(f"  next: tandem promote --model {number}")
    return FOUND


@app.command("remove")
def remove(
    number: Number,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> int:
    """Forget a model that no kept release has."""
    with _opened(config, data_dir, collection) as (catalog, name):
        catalog.models.remove(number, name)
    say(f"model {number} of {name} is removed")
    return FOUND


@contextmanager
def _opened(
    config: Path | None, data_dir: Path | None, collection: str | None
) -> Iterator[tuple[Catalog, str]]:
    """The catalogue, and the collection, which is there."""
    chosen = settings(config, data_dir, collection)
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    try:
        if catalog.releases.live(chosen.collection) is None:
            known = ", ".join(catalog.releases.collections())
            raise CollectionNotFound(
                f"there is no collection {chosen.collection!r}",
                hint=f"known collections: {known or 'none'}",
            )
        yield catalog, chosen.collection
    finally:
        catalog.close()


def _listed(stored: StoredModel, live: int | None) -> dict[str, Any]:
    row = {"model": stored.number, "created_at": stored.created_at}
    row["is_live"] = stored.number == live
    try:
        said = Manifest.read(stored.manifest)
    except ModelError as error:  # of a newer version: the others are listed all the same
        return row | {"trouble": str(error)}
    return row | {
        "trouble": None,
        "kind": said.kind,
        "features": len(said.features),
        "groups": said.data.groups,
        "measures": _plain(said.proof.models.get("model", {})),
        "lifts": _plain(said.proof.lifts.get("untrained", {})),
    }


def _plain(measured: Measured) -> dict[str, dict[str, float]]:
    return {name: value._asdict() for name, value in measured.items()}


def _line(row: Mapping[str, Any]) -> str:
    said = f"model {row['model']:>3}  {row['created_at']:%Y-%m-%d %H:%M} UTC  "
    if row["trouble"] is not None:
        return said + printable(row["trouble"])
    said += f"{row['kind']:<9}  {row['features']} features, {row['groups']:,} groups"
    if MEASURE in row["measures"]:
        said += f", {MEASURE} {row['measures'][MEASURE]['mean']:.4f}"
    if MEASURE in row["lifts"]:
        lift = row["lifts"][MEASURE]
        said += f" ({lift['mean']:+.4f} to untrained, {lift['low']:+.4f} to {lift['high']:+.4f})"
    return said + ("  <- live" if row["is_live"] else "")
