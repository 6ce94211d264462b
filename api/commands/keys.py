"""``tandem keys``: who may ask a server, for what, and of which documents."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.console import FOUND, note, printable, say, say_json
from api.engines import check_engines, open_catalog
from tandem.catalog.catalog import Catalog
from tandem.catalog.keys import SCOPES, ApiKey, Scope, Wanted
from tandem.errors import InputError
from tandem.filters import parse_filters, read_filter
from tandem.settings import Settings

app = typer.Typer(
    name="keys",
    help="Make, list and revoke the keys by which a server is asked.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("create")
def create(
    name: Annotated[str, typer.Option("--name", help="Whose key it is.")],
    scopes: Annotated[
        list[str],
        typer.Option("--scope", help="search, write or admin (which is all); several times."),
    ],
    filters: Annotated[
        str | None,
        typer.Option(
            "--filter",
            help="As JSON: only what it leaves is there for the key, to read and to write.",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", help="Requests a second of each process, instead of the settings'."),
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Make a key and show it, once: nobody can read it again. From the first key on a server asks
    everybody for theirs.
    """
    given = None if filters is None else read_filter(filters, "--filter")
    wanted = Wanted(name, _scopes(scopes), given, rate)
    with _opened(config, data_dir) as (catalog, chosen):
        _check_filter(catalog, chosen.collection, wanted)
        key, text = catalog.keys.create(wanted)
    if as_json:
        say_json({**_told(key), "key": text})
        return FOUND
    say(text)
    note("this is shown once: keep it where its user finds it")
    return FOUND


@app.command("list")
def list_(data_dir: DataDir = None, config: ConfigFile = None, as_json: AsJson = False) -> int:
    """List the keys, the oldest first, without what would let anybody in."""
    with _opened(config, data_dir) as (catalog, _):
        keys = catalog.keys.list()
    if as_json:
        say_json({"keys": [_told(key) for key in keys]})
        return FOUND
    for key in keys:
        say(_line(key))
    if not keys:
        say("no key yet: tandem keys create")
    return FOUND


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As tandem keys list shows it.")],
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Let nobody in with a key any more; a server knows it within some seconds."""
    with _opened(config, data_dir) as (catalog, _):
        key = catalog.keys.revoke(key_id)
    if as_json:
        say_json(_told(key))
    else:
        say(f"the key {key.key_id} of {printable(key.name)} is revoked")
    return FOUND


def _scopes(given: list[str]) -> frozenset[Scope]:
    unknown = [scope for scope in given if scope not in SCOPES]
    if unknown:
        raise InputError(
            f"there is no scope {unknown[0]!r}", hint=f"expected some of {', '.join(SCOPES)}"
        )
    return frozenset(scope for scope in SCOPES if scope in given)


def _check_filter(catalog: Catalog, collection: str, wanted: Wanted) -> None:
    """Refuse now what every request with the key would be refused for.

    Raises:
        FilterError: the collection of the settings has no such fields.
    """
    live = catalog.releases.live(collection)
    if live is None or wanted.filter is None:
        return
    generation = catalog.releases.generation(live.generation)
    parse_filters(wanted.filter, generation.schema)


@contextmanager
def _opened(config: Path | None, data_dir: Path | None) -> Iterator[tuple[Catalog, Settings]]:
    """The catalogue; it is made where nothing was indexed yet, as keys may come first."""
    chosen = settings(config, data_dir, None)
    check_engines(chosen)
    catalog = open_catalog(chosen)
    try:
        yield catalog, chosen
    finally:
        catalog.close()


def _told(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "name": key.name,
        "scopes": [scope for scope in SCOPES if scope in key.scopes],
        "filter": key.filter,
        "requests_per_second": key.requests_per_second,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _line(key: ApiKey) -> str:
    told = _told(key)
    line = f"{key.key_id}  {key.created_at:%Y-%m-%d %H:%M} UTC  {','.join(told['scopes']):<19}"
    return line + "  ".join(["", printable(key.name), *_limits(key)])


def _limits(key: ApiKey) -> list[str]:
    limits = []
    if key.filter is not None:
        limits.append(f"only {printable(str(key.filter))}")
    if key.requests_per_second is not None:
        limits.append(f"{key.requests_per_second:g} requests a second")
    if key.revoked_at is not None:
        limits.append(f"revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC")
    return limits
