"""How the indexes compare with the log, told to a person or a program."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.console import FOUND, PROBLEM, note, say, say_json
from indexer.findings import Kind

Data = Mapping[str, Any]
"""Of a collection or an index, as ``summary`` gives it."""


def exit_code(found: Data) -> int:
    """Whether every index holds what the log says."""
    return FOUND if found["clean"] else PROBLEM


def tell(found: Data, *, repaired: bool, as_json: bool) -> None:
    """Print a table an index, and what to do next."""
    if as_json:
        say_json(found)
        return
    if all(index["generation"] != found["live"] for index in found["indexes"]):
        note(
            f"generation {found['live']} went live meanwhile: it is not compared; "
            "run tandem verify again"
        )
    for generation in found["left_out"]:
        if generation != found["live"]:
            note(f"generation {generation} is not compared: see tandem status")
    for generation in found["building"]:
        note(f"generation {generation} is being built: it is not compared")
    say(f"{found['collection']}: {found['documents']:,} documents in the log")
    for index in found["indexes"]:
        _tell_index(index)
    if any(index["sampled"] for index in found["indexes"]):
        say(f"\nthe sample's seed is {found['indexes'][0]['seed']}")
    _tell_next(found["indexes"], repaired=repaired)


def _tell_index(index: Data) -> None:
    state = "holds what the log says" if index["clean"] else "differs from the log"
    if index["error"] is not None:
        state = "could not be verified to the end"
    say(
        f"\n{index['leg']} index, generation {index['generation']}: {state} "
        f"({index['documents']:,} compared, {index['sampled']:,} of them by content, "
        f"{index['seconds']:.1f} s)"
    )
    _tell_tally(index["found"])
    if index["left"] is not None and _total(index["found"]):
        say(f"  {'mended':<11}{_total(index['found']) - _total(index['left']):>9,}")
    if index["left"] is not None and _total(index["left"]):
        say("  what could not be mended:")
        _tell_tally(index["left"])
    for name, meaning in _ASIDES.items():
        if index[name]:
            say(f"  {name:<11}{index[name]:>9,}  {meaning}")
    if index["error"] is not None:
        note(f"error: {index['error']['message']}")
        if index["error"]["hint"]:
            note(f"  next: {index['error']['hint']}")


def _tell_tally(tally: Data) -> None:
    for kind in Kind:
        count, examples = tally[kind]["count"], tally[kind]["examples"]
        if count:
            say(f"  {kind:<11}{count:>9,}")
        for example in examples:
            say(f"    {example['document_id']}: {example['detail']}")
        if count > len(examples):
            say(f"    and {count - len(examples):,} more")


def _total(tally: Data) -> int:
    return sum(found["count"] for found in tally.values())


_ASIDES = {
    "accepted": "refused before, taken now",
    "refused": "the index cannot take them: see tandem status",
    "behind": "not applied yet",
    "unsettled": "changed too fast to be judged",
}


def _tell_next(indexes: Sequence[Data], *, repaired: bool) -> None:
    stubborn = [index["index"] for index in indexes if _remaining(index)]
    if stubborn and repaired:
        say(f"next: delete the folder of {', '.join(stubborn)}; it is built again from the log")
    elif stubborn:
        say("next: tandem verify --repair")
    elif any(index["behind"] for index in indexes):
        say("next: tandem verify again; it applies first what an index has not yet")


def _remaining(index: Data) -> int:
    return _total(index["found"] if index["left"] is None else index["left"])
