"""``tandem users erase``."""

from typing import Annotated

import typer

from api.bootstrap import require_data_folder
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.console import FOUND, note, printable, say, say_json
from api.engines import check_engines, open_catalog
from api.erasing import erase, told
from tandem.errors import CollectionNotFound

app = typer.Typer(name="users", help="People: forget one.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keeps the verb's name where there is but one."""


@app.command("erase")
def run(
    user_id: Annotated[
        str, typer.Argument(help="The person's id, as a user or as a client (a device).")
    ],
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Forget a person: ids, what they typed and all details of what they did.

    What was done with which document stays, of nobody, so that counts are what they were. It cannot
    be taken back. A server may run meanwhile; run again, it does what was left undone.
    """
    chosen = settings(config, data_dir, collection)
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    try:
        known = catalog.releases.collections()
        if chosen.collection not in known:
            raise CollectionNotFound(
                f"there is no collection {chosen.collection!r}",
                hint=f"known collections: {', '.join(known) or 'none'}",
            )
        found = erase(catalog, chosen.collection, user_id)
        said = told(catalog, user_id, found)
    finally:
        catalog.close()
    if as_json:
        say_json(said | {"collection": chosen.collection})
        return FOUND
    say(
        f"erased {printable(user_id)} from {chosen.collection}: {found.events:,} events and "
        f"{found.impressions:,} impressions are nobody's now, {found.features:,} rows of features "
        "are gone"
    )
    for beyond in said["beyond_reach"]:
        note(f"  beyond reach: {beyond}")
    return FOUND
