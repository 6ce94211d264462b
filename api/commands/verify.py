"""``tandem verify``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from api.bootstrap import open_house
from api.collection import OpenCollection
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.search import bring_up_to_date
from api.commands.verify_report import exit_code, tell
from api.console import Bars, bars, note
from api.verified import indexes_of, remember
from indexer.findings import IndexVerification
from indexer.indexing import catch_up
from indexer.judging import VerifiedIndex
from indexer.verification import SAMPLE, Verifier, VerifyOptions


def run(
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what is found from the document log.")
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="How many documents to compare by content.")
    ] = SAMPLE,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Chooses the sample; by default at random.")
    ] = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Compare each index with the document log, document by document; mend with --repair.

    First each index applies what it has not yet; one that is being built is left out. Leaves with 0
    when all hold what the log says; with 1 when something differs, or an index could not be read;
    with 2 when something given cannot be used.
    """
    chosen = settings(config, data_dir, collection)
    options = VerifyOptions(repair=repair, sample=sample, seed=seed)
    with open_house(chosen, "tandem verify", notify=note, create=False) as house:
        target = house.collection(chosen.collection)
        bring_up_to_date(target)
        _bring_others_up_to_date(target)
        results = _verify(target, options, show_bars=not as_json)
        tell(target, results, options, as_json=as_json)
        return exit_code(results)


def _bring_others_up_to_date(target: OpenCollection) -> None:
    """The complete generations beside the live one; those that are being built are named."""
    complete = target.complete
    lagging = [
        opened
        for opened in complete
        if opened is not target.live and opened.applied() < target.live.applied()
    ]
    for opened in lagging:
        note(f"generation {opened.generation.number} applies what it has not yet")
    for error in catch_up([follower for opened in lagging for follower in opened.followers]):
        note(f"warning: an index is behind: {error}")
    for opened in target.retained:
        if opened not in complete:
            note(f"generation {opened.generation.number} is being built: it is not compared")


def verified_indexes(target: OpenCollection) -> list[VerifiedIndex]:
    """The indexes of every complete generation as verification needs them, the live ones first."""
    return [index for opened in target.complete for index in indexes_of(opened)]


def _verify(
    target: OpenCollection, options: VerifyOptions, *, show_bars: bool
) -> list[IndexVerification]:
    with bars(wanted=show_bars) as shown:
        verifier = Verifier(
            target.catalog.documents,
            target.catalog.checkpoints,
            target.name,
            options,
            shown.advance,
        )
        indexes = verified_indexes(target)
        _add_bars(shown, indexes, verifier.rows)
        results = []
        for index in indexes:
            results.append(verifier.verify(index))
            remember(target.catalog.verifications, results[-1])
        return results


def _add_bars(shown: Bars, indexes: Sequence[VerifiedIndex], rows: int) -> None:
    for index in indexes:
        shown.add(index.index_name, f"{index.leg} index {index.generation}", rows)
