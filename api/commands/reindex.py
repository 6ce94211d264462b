"""``tandem reindex``."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from api.commands.options import AsJson, Collection, ConfigFile, DataDir, Override, settings
from api.console import FOUND, Bars, bars, note, printable, say, say_json
from api.orders import Order, have_done
from api.promotion import check_gates
from api.wanted import Wanted


def run(
    embedder: Annotated[
        str | None, typer.Option("--embedder", help="Another embedding model, by name.")
    ] = None,
    no_promote: Annotated[
        bool, typer.Option("--no-promote", help="Build and examine only; nothing goes live.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the generation that is half built.")
    ] = False,
    override: Override = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Build both indexes anew beside the live ones, examine them, and switch over at once.

    Searches and writes go on meanwhile. Changed fields and settings take effect; what went before
    is kept, for tandem rollback. Leaves with 1 when a gate refuses the new indexes.
    """
    chosen = settings(config, data_dir, collection)
    check_gates(override or [])
    arguments = {
        "settings": Wanted.of(chosen).as_data(),
        "model": embedder,
        "resume": resume,
        "promote": not no_promote,
        "overridden": override or [],
    }
    with bars(wanted=not as_json) as shown:
        outcome = have_done(
            chosen, Order(chosen.collection, "reindex", arguments), DrawnLegs(shown), note
        )
    if as_json:
        say_json(outcome)
    else:
        _tell(outcome)
    if embedder is not None and outcome["release"] is not None:
        note(f"  next: set embedding.model = {embedder!r} in tandem.toml")
    return FOUND


class DrawnLegs:
    """Progress of both legs of a generation, drawn: entries of the log."""

    def __init__(self, shown: Bars) -> None:
        self._shown = shown
        self._drawn: dict[str, int] = {}

    def __call__(self, progress: Mapping[str, Any]) -> None:
        """Move the bars to where the legs are; the news of some stages tell nothing of legs."""
        for leg in progress.get("legs", ()):
            name = leg["leg"]
            if name not in self._drawn:
                self._shown.add(name, f"{name} index", leg["head"])
                self._drawn[name] = 0
            self._shown.advance(name, max(leg["applied"] - self._drawn[name], 0))
            self._drawn[name] = max(leg["applied"], self._drawn[name])


def tell_gates(gates: Iterable[Mapping[str, Any]]) -> None:
    """What each gate said of what went live."""
    for gate in gates:
        passed = "passed" if gate["is_passed"] else "OVERRIDDEN"
        say(f"  {gate['gate']:<9} {passed}: {printable(gate['detail'])}")


def _tell(outcome: Mapping[str, Any]) -> None:
    tell_gates(outcome["gates"])
    for leg, count in outcome["refused"].items():
        if count:
            note(f"warning: the new {leg} index left out {count:,} documents; see tandem status")
    for dropped in outcome["dropped"]:
        note(f"generation {dropped} was dropped, its indexes are gone")
    generation, seconds = outcome["generation"], outcome["seconds"]
    if outcome["release"] is None:
        say(f"generation {generation} is ready, in {seconds:.1f} s; nothing went live")
        note(f"  next: tandem promote {generation}")
    else:
        say(f"generation {generation} is live as release {outcome['release']}, in {seconds:.1f} s")
        if outcome["left_model"]:
            note(f"warning: {printable(outcome['left_model'])}")
        note("  to go back: tandem rollback")
