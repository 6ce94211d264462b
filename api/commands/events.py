"""``tandem events import``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.bootstrap import require_data_folder
from api.commands.index_report import rejects_summary, tell_rejects
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.console import FOUND, PROBLEM, bars, note, printable, say, say_json
from api.engines import check_engines, open_catalog
from api.events_import import KEPT, READ, Imported, Importer
from indexer.rejects import RejectsFile
from tandem.catalog.catalog import Catalog
from tandem.errors import CollectionNotFound
from tandem.files import check_file

REJECTS = "event-rejects.jsonl"
SHOWN = 5

app = typer.Typer(
    name="events",
    help="What people did: import it from files.",
    rich_markup_mode=None,
)


@app.command("import")
def run(
    files: Annotated[
        list[Path], typer.Argument(help="JSONL files (.gz too): an event or a query a line.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check only; write nothing but rejects.")
    ] = False,
    rejects: Annotated[
        Path, typer.Option("--rejects", help="Where rejected lines are listed.")
    ] = Path(REJECTS),
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Import what people did into the event log, in order of time; rejects stop nothing.

    A line is an event or a query of UBI, or plain: timestamp (seconds since 1970, or a time),
    user_id, document_id, and a rating, or an action with or without a value. What was imported
    before is not added again. A server may run meanwhile. Leaves with 1 when every line was
    rejected.
    """
    chosen = settings(config, data_dir, collection)
    check_engines(chosen)
    require_data_folder(chosen)
    for file in files:
        check_file(file)
    rejected = RejectsFile(rejects, files)
    rejected.check()
    catalog = open_catalog(chosen)
    try:
        release = _live(catalog, chosen.collection)
        with rejected, bars(wanted=not as_json) as shown:
            shown.add(READ, "read", None)
            shown.add(KEPT, "kept", None)
            importer = Importer(catalog, chosen.collection, release, shown.advance)
            done = importer.run(files, rejected, dry=dry_run)
    finally:
        catalog.close()
    if as_json:
        said = _summary(done) if dry_run else _summary(done) | _kept(done)
        said |= {"collection": chosen.collection, "dry_run": dry_run}
        say_json(said | rejects_summary(rejected))
    else:
        _tell(done, rejected, dry=dry_run)
    return PROBLEM if _is_nothing(done) else FOUND


def _is_nothing(done: Imported) -> bool:
    """Whether every line was rejected."""
    return done.read > 0 and not done.events + done.impressions


def _live(catalog: Catalog, name: str) -> int:
    live = catalog.releases.live(name)
    if live is None:
        known = ", ".join(catalog.releases.collections())
        raise CollectionNotFound(
            f"there is no collection {name!r}", hint=f"known collections: {known or 'none'}"
        )
    return live.number


def _summary(done: Imported) -> dict[str, Any]:
    return {
        "read": done.read,
        "events": done.events,
        "impressions": done.impressions,
        "undated": done.undated,
        "first": done.first,
        "last": done.last,
        "unknown_document_ids": len(done.unknown),
        "unknown_shown_document_ids": len(done.unknown_shown),
        "events_on_unknown_documents": done.unknown.total(),
        "seconds": round(done.seconds, 3),
    }


def _kept(done: Imported) -> dict[str, Any]:
    """What only the log knows."""
    return {
        "accepted": done.accepted,
        "duplicates": done.duplicates,
        "unknown_query_ids": len(done.queries),
    }


def _tell(done: Imported, rejected: RejectsFile, *, dry: bool) -> None:
    found = f"{done.read:,} read: {done.events:,} events, {done.impressions:,} impressions"
    became = "" if dry else f"; {done.accepted:,} new, {done.duplicates:,} known before"
    say(f"{found}, {rejected.total:,} rejected{became}, in {done.seconds:.1f} s")
    tell_rejects(rejected)
    if _is_nothing(done):
        note("error: every line was rejected")
        note("  next: see docs/howto/import-behaviour.md for what a line may be")
    if done.first is not None and done.last is not None:
        say(f"  from {done.first:%Y-%m-%d %H:%M} to {done.last:%Y-%m-%d %H:%M} UTC")
    if done.undated:
        note(
            f"warning: {done.undated:,} say 1970-01-01: when they happened is unknown, they count "
            "as older than everything"
        )
    _tell_unknown(done)
    if done.queries:
        note(f"warning: of {len(done.queries):,} queries with events, no page was shown here")


def _tell_unknown(done: Imported) -> None:
    """Documents that the collection has not."""
    if done.unknown:
        _warn(
            f"{done.unknown.total():,} events are on {len(done.unknown):,} documents",
            [name for name, _ in done.unknown.most_common(SHOWN)],
        )
    if done.unknown_shown:
        _warn(
            f"queries have shown {len(done.unknown_shown):,} documents",
            sorted(done.unknown_shown)[:SHOWN],
        )
    if done.unknown or done.unknown_shown:
        note("  next: index them, or compare the ids of both files")


def _warn(said: str, names: list[str]) -> None:
    named = ", ".join(printable(repr(name)) for name in names)
    note(f"warning: {said} that the collection has not, such as {named}")
