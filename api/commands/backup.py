"""``tandem backup`` and ``tandem restore``."""

from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import require_data_folder
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.console import FOUND, note, printable, say, say_json
from api.engines import catalogue_url, check_engines, is_embedded, open_catalog
from tandem.catalog.backup import backup, restore
from tandem.catalog.backup_file import Manifest
from tandem.catalog.catalog import Catalog
from tandem.catalog.ownership import Ownership


def run(
    file: Annotated[Path, typer.Argument(help="The backup to write; an older one is replaced.")],
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Write the catalogue into one file: every document, release and checkpoint, as of one moment.

    Searches and writes go on meanwhile. Both indexes can be built from it; they are not in it.
    """
    chosen = settings(config, data_dir, None)
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    try:
        manifest = backup(catalog, file)
    finally:
        catalog.close()
    return _told(manifest, f"written to {printable(str(file))}", as_json=as_json)


def run_restore(
    file: Annotated[Path, typer.Argument(help="A backup that tandem backup wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Although the catalogue holds something.")
    ] = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Put a backup in the place of the catalogue, and have both indexes built from it.

    Stop tandem follow and whatever else serves from the catalogue first. SQLite and PostgreSQL
    take each other's backups.
    """
    chosen = settings(config, data_dir, None)
    check_engines(chosen)
    ownership = Ownership(chosen.data_dir, "tandem restore") if is_embedded(chosen) else None
    try:
        manifest = restore(catalogue_url(chosen), file, replace=replace)
        _begin_anew(open_catalog(chosen))
    finally:
        if ownership is not None:
            ownership.release()
    code = _told(manifest, f"restored from {printable(str(file))}", as_json=as_json)
    note("  next: tandem index, search or follow builds both indexes from it")
    return code


def _begin_anew(catalog: Catalog) -> None:
    """No index goes on from where it was: it may hold, or lack, what came after the backup."""
    try:
        for name in catalog.releases.collections():
            for generation in catalog.releases.generations(name):
                for index_name in (generation.lexical_name, generation.vector_name):
                    catalog.checkpoints.start(index_name, "", catalog.documents.log_id)
    finally:
        catalog.close()


def _told(manifest: Manifest, what: str, *, as_json: bool) -> int:
    if as_json:
        say_json(manifest.model_dump())
    else:
        tables = ", ".join(
            f"{part.rows:,} {name}" for name, part in manifest.tables.items() if part.rows
        )
        say(f"{what}: log {manifest.log_id}, up to sequence {manifest.head:,} ({tables})")
    return FOUND
