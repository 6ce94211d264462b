"""``tandem follow``."""

from api.arenas import giving_memory_back
from api.bootstrap import open_house
from api.commands.options import ConfigFile, DataDir, settings
from api.console import FOUND, note
from api.owner import Owner
from api.until_stopped import following, stopped_by_signal, until_set


def run(data_dir: DataDir = None, config: ConfigFile = None) -> int:
    """Follow the document log with every index, and do what reindex, promote and rollback ask, with
    embedded engines verify too. A line tells that such an order begins, another one how it ended.

    Runs until it is stopped. With servers, a second one stands by and takes over within seconds.
    """
    chosen = settings(config, data_dir, None)
    with (
        giving_memory_back(),
        open_house(chosen, "tandem follow", follows=True, notify=note) as house,
    ):
        owner = Owner(house)
        with stopped_by_signal(owner) as stop, following(owner):
            note("following; stop with Ctrl-C")
            until_set(stop)
    return FOUND
