"""``tandem serve``."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from api.bootstrap import open_house
from api.commands.options import Collection, ConfigFile, DataDir, settings
from api.console import FOUND, note
from api.owner import Owner
from api.until_stopped import following, stopped_by_signal
from tandem.settings import Settings


def run(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on, instead of the settings'.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on, instead of the settings'.")
    ] = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> int:
    """Answer searches over HTTP, until it is stopped: then the queries that run are finished.

    With embedded engines it follows the document log too, as tandem follow does. With servers it
    only searches; tandem follow is run beside it.
    """
    chosen = settings(config, data_dir, collection, {"host": host, "port": port})
    serve(chosen, "tandem serve", _tell)
    return FOUND


def serve(
    chosen: Settings,
    purpose: str,
    tell: Callable[[str], None],
    people: Sequence[Mapping[str, str]] = (),
) -> None:
    """Serve the collection of the settings until a signal; ``tell`` is told the address, and the
    reader of the page may choose to be one of ``people``.
    """
    from api.listening import listening
    from api.refusals import hosts_of
    from api.serving import Serving
    from api.web import create_web

    place = chosen.server
    hosts = hosts_of(place.host, place.hosts)
    web = partial(create_web, people=people, hosts=hosts)
    with open_house(chosen, purpose, follows=True, notify=note) as house:
        owner = None if house.ownership is None else Owner(house)
        with (
            stopped_by_signal(owner) as stop,
            following(owner),
            closing(Serving(house)) as serving,
            listening(web(serving), place.host, place.port, stop) as address,
        ):
            if house.ownership is not None:
                # a search from another shell asks there
                house.ownership.tell(address, chosen.collection)
            tell(address)
            stop.wait()


def _tell(address: str) -> None:
    note(f"serving at {address}; stop with Ctrl-C")
