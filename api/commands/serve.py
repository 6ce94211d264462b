"""``tandem serve``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from api.commands.options import Collection, ConfigFile, DataDir, settings
from api.console import FOUND, note
from tandem.settings import Settings


def run(
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on, instead of the settings'.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port to listen on, instead of the settings'.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", help="Processes that answer, instead of the settings' number."),
    ] = None,
    access_log: Annotated[
        str | None,
        typer.Option("--access-log", help="json: a line a request on standard output; off: none."),
    ] = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> int:
    """Answer searches over HTTP, until it is stopped: then the queries that run are finished.

    With embedded engines it follows the document log too, as tandem follow does. With servers it
    only searches; tandem follow is run beside it, and several workers can answer. A second signal
    ends it at once.
    """
    given = {"host": host, "port": port, "workers": workers, "access_log": access_log}
    chosen = settings(config, data_dir, collection, given)
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
    from api.answering import answer
    from api.processes import answer_by_workers

    serves = answer if chosen.server.workers == 1 else answer_by_workers
    serves(chosen, purpose, tell, people)


def _tell(address: str) -> None:
    note(f"serving at {address}; stop with Ctrl-C")
