"""What a run of indexing did, told to a person or a program."""

from collections import Counter
from typing import Any

from api.collection import OpenCollection
from api.console import FOUND, PROBLEM, note, printable, say, say_json
from indexer.indexing import IndexReport
from indexer.rejects import RejectsFile

SHOWN_NAMES = 10


def rejects_summary(rejected: RejectsFile) -> dict[str, Any]:
    """What was rejected, for programs."""
    return {
        "rejected": rejected.total,
        "rejects": dict(rejected.counts),
        "rejects_file": printable(str(rejected.path)) if rejected.total else None,
    }


def tell_rejects(rejected: RejectsFile) -> None:
    """What was rejected, for people."""
    for reason, count in rejected.counts.most_common(5):
        say(f"  {count:,} x {printable(reason)}")
    if rejected.total:
        say(f"  each with file, line and reason in {printable(str(rejected.path))}")


def exit_code(report: IndexReport) -> int:
    """Whether both indexes are current, and anything was fit to be indexed."""
    return PROBLEM if report.failed_legs or report.nothing_accepted else FOUND


def tell(
    report: IndexReport, rejected: RejectsFile, target: OpenCollection, *, as_json: bool
) -> None:
    """Print what a run did."""
    if as_json:
        say_json(_summary(report, rejected, target))
        return
    changed = report.accepted - report.unchanged
    say(
        f"{report.read:,} read: {changed:,} new or changed, {report.unchanged:,} unchanged, "
        f"{report.deleted:,} deleted, {report.rejected:,} rejected, "
        f"in {report.seconds:.1f} s"
    )
    tell_rejects(rejected)
    tell_problems(report, target)


def tell_problems(report: IndexReport, target: OpenCollection) -> None:
    """What a run could not do, on standard error."""
    if report.nothing_accepted:
        note("error: every record was rejected")
    for leg in report.failed_legs:
        note(f"error: the {leg.name} index is behind: {leg.error}")
        note("  next: run the command again; it goes on where it stopped")
    for name, count in target.failure_counts().items():
        if count:
            note(f"warning: {count:,} documents were refused by {name}; see tandem status")
    if report.unindexed:
        note(f"warning: kept, but not filterable: {_named(report.unindexed)}")
        note("  next: declare all fields in tandem.toml as [fields.NAME], then tandem reindex")


def _named(unindexed: Counter[str]) -> str:
    shown = [
        f"{printable(repr(name))} ({count:,} {'document' if count == 1 else 'documents'})"
        for name, count in unindexed.most_common(SHOWN_NAMES)
    ]
    more = len(unindexed) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _summary(report: IndexReport, rejected: RejectsFile, target: OpenCollection) -> dict[str, Any]:
    return {
        "collection": target.name,
        "read": report.read,
        "changed": report.accepted - report.unchanged,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        **rejects_summary(rejected),
        "seconds": round(report.seconds, 3),
        "legs": {
            leg.name: {"applied": leg.applied, "error": str(leg.error) if leg.error else None}
            for leg in report.legs.values()
        },
        "refused": target.failure_counts(),
        "not_filterable": dict(report.unindexed.most_common()),
    }
