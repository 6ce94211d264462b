"""How the indexes compare with the log, told to a person or a program."""

from collections.abc import Sequence
from typing import Any

from api.collection import OpenCollection
from api.console import FOUND, PROBLEM, note, printable, say, say_json
from indexer.findings import Finding, IndexVerification, Kind, Tally
from indexer.verification import VerifyOptions


def exit_code(results: Sequence[IndexVerification]) -> int:
    """Whether every index holds what the log says."""
    return FOUND if all(result.is_clean for result in results) else PROBLEM


def tell(
    target: OpenCollection,
    results: Sequence[IndexVerification],
    options: VerifyOptions,
    *,
    as_json: bool,
) -> None:
    """Print a table an index, and what to do next."""
    if as_json:
        say_json(_summary(target, results))
        return
    say(f"{target.name}: {target.catalog.documents.count(target.name):,} documents in the log")
    for result in results:
        _tell_index(result)
    if options.sample and results:
        say(f"\nthe sample's seed is {results[0].seed}")
    _tell_next(results, repaired=options.repair)


def _tell_index(result: IndexVerification) -> None:
    state = "holds what the log says" if result.is_clean else "differs from the log"
    if result.error is not None:
        state = "could not be verified to the end"
    say(
        f"\n{result.leg} index, generation {result.generation}: {state} "
        f"({result.documents:,} compared, {result.sampled:,} of them by content, "
        f"{result.seconds:.1f} s)"
    )
    _tell_tally(result.found)
    if result.left is not None and result.found.total:
        say(f"  {'mended':<11}{result.found.total - result.left.total:>9,}")
    if result.remaining and result.left is not None:
        say("  what could not be mended:")
        _tell_tally(result.left)
    for name, count, meaning in _asides(result):
        if count:
            say(f"  {name:<11}{count:>9,}  {meaning}")
    if result.error is not None:
        note(f"error: {printable(str(result.error))}")
        if result.error.hint:
            note(f"  next: {printable(result.error.hint)}")


def _tell_tally(tally: Tally) -> None:
    for kind in Kind:
        count, examples = tally.counts[kind], tally.examples.get(kind, [])
        if count:
            say(f"  {kind:<11}{count:>9,}")
        for example in examples:
            say(f"    {printable(example.document_id)}: {printable(example.detail)}")
        if count > len(examples):
            say(f"    and {count - len(examples):,} more")


def _asides(result: IndexVerification) -> list[tuple[str, int, str]]:
    return [
        ("accepted", result.accepted, "refused before, taken now"),
        ("refused", result.refused, "the index cannot take them: see tandem status"),
        ("behind", result.behind, "not applied yet"),
        ("unsettled", result.unsettled, "changed too fast to be judged"),
    ]


def _tell_next(results: Sequence[IndexVerification], *, repaired: bool) -> None:
    stubborn = [result.index_name for result in results if result.remaining]
    if stubborn and repaired:
        say(f"next: delete the folder of {', '.join(stubborn)}; it is built again from the log")
    elif stubborn:
        say("next: tandem verify --repair")
    elif any(result.behind for result in results):
        say("next: tandem verify again; it applies first what an index has not yet")


def _summary(target: OpenCollection, results: Sequence[IndexVerification]) -> dict[str, Any]:
    return {
        "collection": target.name,
        "release": target.release.number,
        "clean": all(result.is_clean for result in results),
        "indexes": [_index_summary(result) for result in results],
    }


def _index_summary(result: IndexVerification) -> dict[str, Any]:
    error = result.error
    return {
        "leg": result.leg,
        "generation": result.generation,
        "index": result.index_name,
        "clean": result.is_clean,
        "head": result.head,
        "documents": result.documents,
        "held": result.held,
        "seed": result.seed,
        "sampled": result.sampled,
        "refused": result.refused,
        "accepted": result.accepted,
        "behind": result.behind,
        "unsettled": result.unsettled,
        "found": _tally(result.found),
        "left": None if result.left is None else _tally(result.left),
        "seconds": round(result.seconds, 3),
        "error": None
        if error is None
        else {"code": error.code, "message": printable(str(error)), "hint": printable(error.hint)},
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        str(kind): {
            "count": tally.counts[kind],
            "examples": [_example(example) for example in tally.examples.get(kind, ())],
        }
        for kind in Kind
    }


def _example(example: Finding) -> dict[str, str]:
    return {
        "document_id": printable(example.document_id),
        "detail": printable(example.detail),
    }
