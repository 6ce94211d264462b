"""``tandem serve``."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Annotated

import typer

from api.bootstrap import open_house
from api.commands.options import Collection, ConfigFile, DataDir, settings
from api.console import FOUND, note
from api.local_key import make_local_key
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
    from api.keyring import Keyring, refuse_strangers
    from api.listening import listening
    from api.refusals import hosts_of, origins_of
    from api.serving import Serving
    from api.web import create_web

    place = chosen.server
    hosts, origins = hosts_of(place.host, place.hosts), origins_of(place.cors_origins)
    with open_house(chosen, purpose, follows=True, notify=note) as house:
        refuse_strangers(house.catalog.keys, place)
        owner = None if house.ownership is None else Owner(house)
        own = [] if owner is None else [make_local_key(chosen.data_dir)]
        with (
            stopped_by_signal(owner) as stop,
            following(owner),
            closing(Keyring(house.catalog.keys, place, own)) as keyring,
            closing(Serving(house)) as serving,
            listening(
                create_web(serving, people, hosts, keyring.recognise, origins),
                place.host,
                place.port,
                stop,
            ) as address,
        ):
            if house.ownership is not None:
                # a search from another shell asks there
                house.ownership.tell(address, chosen.collection)
            tell(address)
            stop.wait()


def _tell(address: str) -> None:
    note(f"serving at {address}; stop with Ctrl-C")
