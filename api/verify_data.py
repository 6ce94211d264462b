"""How the indexes of a collection compare with its log, as JSON data: a command prints it, whether
it has verified itself or asked another process.
"""

from collections.abc import Sequence
from typing import Any

from api.collection import OpenCollection
from api.console import printable
from indexer.findings import Finding, IndexVerification, Kind, Tally


def summary(target: OpenCollection, results: Sequence[IndexVerification]) -> dict[str, Any]:
    """``documents`` are in the log, ``building`` are the generations that were not compared, since
    they are not complete, ``left_out`` those that could not be opened, or that are complete only
    since; for each of ``indexes`` see ``IndexVerification``. Where the ``live`` generation is not
    among them, nothing is ``clean``.
    """
    release = target.release
    compared = {result.generation for result in results}
    known = target.catalog.releases.generations(target.name)
    return {
        "collection": target.name,
        "release": release.number,
        "live": release.generation,
        "documents": target.catalog.documents.count(target.name),
        "building": [item.number for item in known if item.state == "building"],
        "left_out": [
            item.number
            for item in known
            if item.state != "building" and item.number not in compared
        ],
        "clean": release.generation in compared and all(result.is_clean for result in results),
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
