"""``tandem backup`` and ``tandem restore``."""

from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import require_data_folder
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.console import FOUND, note, printable, say, say_json
from api.engines import (
    catalogue_url,
    check_engines,
    drop_from_servers,
    is_embedded,
    is_on_servers,
    on_server,
    open_catalog,
)
from tandem.catalog.backup import backup
from tandem.catalog.backup_file import Manifest
from tandem.catalog.ownership import Ownership
from tandem.catalog.restore import Restored, restore
from tandem.settings import Settings


def run(
    file: Annotated[Path, typer.Argument(help="The backup to write; an older one is replaced.")],
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Write the catalogue into one file: every document, event, release and checkpoint.

    Each log is in it as of one moment; searches and writes go on meanwhile. Both indexes can be
    built from it; they are not in it.
    """
    chosen = settings(config, data_dir, None)
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    try:
        manifest = backup(catalog, file)
    finally:
        catalog.close()
    if as_json:
        say_json(manifest.model_dump())
    else:
        say(
            f"written to {printable(str(file))}: log {manifest.log_id}, up to sequence "
            f"{manifest.head:,}, events up to {manifest.event_head:,} ({_tables(manifest)})"
        )
    return FOUND


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
    take each other's backups. What was restored is a log of its own: it touches no index of the
    one that was backed up. With --replace, the indexes of what is lost go from servers too.
    """
    chosen = settings(config, data_dir, None)
    check_engines(chosen)
    ownership = Ownership(chosen.data_dir, "tandem restore") if is_embedded(chosen) else None
    try:
        restored = restore(catalogue_url(chosen), file, replace=replace)
    finally:
        if ownership is not None:
            ownership.release()
    code = _told_restored(restored, file, as_json=as_json)
    _clear_servers(chosen, restored)
    note("  next: tandem index, search or follow builds both indexes from it")
    return code


def _clear_servers(chosen: Settings, restored: Restored) -> None:
    """What the replaced catalogue had on servers: the restored one has names of its own there."""
    replaced = restored.replaced
    if replaced is not None:
        left = drop_from_servers(
            chosen, replaced.log_id, replaced.lexical_names, replaced.vector_names
        )
        for what in left:
            note(f"  left behind: {printable(what)}")
            note(f"  delete what begins with {on_server(replaced.log_id)} there, nobody uses it")
    elif restored.aside and is_on_servers(chosen):
        note("  the damaged catalogue's indexes on servers, if it had any, are left behind")


def _told_restored(restored: Restored, file: Path, *, as_json: bool) -> int:
    manifest, aside = restored.manifest, [str(file) for file in restored.aside]
    if as_json:
        said = {"restored_log_id": restored.log_id, "moved_aside": aside}
        say_json(manifest.model_dump() | said)
    else:
        say(
            f"restored from {printable(str(file))}: log {restored.log_id}, in the backup "
            f"{manifest.log_id}, up to sequence {manifest.head:,} ({_tables(manifest)})"
        )
    for damaged in aside:
        note(f"  what was there is damaged: it is now {printable(damaged)}")
    return FOUND


def _tables(manifest: Manifest) -> str:
    return ", ".join(f"{part.rows:,} {name}" for name, part in manifest.tables.items() if part.rows)
