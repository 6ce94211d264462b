"""``tandem verify``."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.bootstrap import open_house
from api.collection import OpenCollection
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.reindex import DrawnLegs
from api.commands.search import bring_up_to_date
from api.commands.verify_report import exit_code, tell
from api.console import bars, note
from api.orders import Order, ask_owner
from api.verified import verify
from indexer.followers import never
from indexer.indexing import catch_up
from indexer.verification import SAMPLE, VerifyOptions
from tandem.errors import OwnedElsewhere
from tandem.settings import Settings

LARGEST = 2**32 - 1


def run(
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what is found from the document log.")
    ] = False,
    sample: Annotated[
        int,
        typer.Option(
            "--sample", min=0, max=LARGEST, help="How many documents to compare by content."
        ),
    ] = SAMPLE,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, max=LARGEST, help="Chooses the sample; by default at random."
        ),
    ] = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Compare each index with the document log, document by document; mend with --repair.

    First each index applies what it has not yet; one that is being built is left out. Where another
    process has embedded engines open and follows the log, it does the work. Leaves with 0
    when all hold what the log says; with 1 when something differs, or an index could not be read;
    with 2 when something given cannot be used.
    """
    chosen = settings(config, data_dir, collection)
    options = {"repair": repair, "sample": sample, "seed": seed}
    found = _found(chosen, options, show_bars=not as_json)
    tell(found, repaired=repair, as_json=as_json)
    return exit_code(found)


def _found(chosen: Settings, options: Mapping[str, Any], *, show_bars: bool) -> Mapping[str, Any]:
    try:
        house = open_house(chosen, "tandem verify", notify=note, create=False)
    except OwnedElsewhere as elsewhere:
        order = Order(chosen.collection, "verify", options)
        with bars(wanted=show_bars) as shown:
            return ask_owner(chosen, order, DrawnLegs(shown), note, elsewhere)
    with house:
        target = house.collection(chosen.collection)
        bring_up_to_date(target)
        _bring_others_up_to_date(target)
        with bars(wanted=show_bars) as shown:
            return verify(target, VerifyOptions(**options), DrawnLegs(shown), never)


def _bring_others_up_to_date(target: OpenCollection) -> None:
    """The complete generations beside the live one."""
    lagging = [
        opened
        for opened in target.complete
        if opened is not target.live and opened.applied() < target.live.applied()
    ]
    for opened in lagging:
        note(f"generation {opened.generation.number} applies what it has not yet")
    for error in catch_up([follower for opened in lagging for follower in opened.followers]):
        note(f"warning: an index is behind: {error}")
