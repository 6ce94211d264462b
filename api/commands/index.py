"""``tandem index``."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.console import FOUND, PROBLEM, Bars, bars, note, printable, say, say_json
from indexer.followers import Progress
from indexer.indexing import CHANGED, READ, IndexReport, Intake, NamedSource
from indexer.rejects import RejectsFile
from indexer.sources.records import Source
from indexer.sources.registry import open_source
from indexer.validation import Validator, sample_attributes
from query.configurations import LEXICAL, VECTOR
from tandem.errors import SourceError
from tandem.schema import Schema, describe, infer_schema
from tandem.settings import Settings

SAMPLED_RECORDS = 10_000
"""How many records the fields are inferred from when none are declared."""

REJECTS = "rejects.jsonl"


def run(
    sources: Annotated[
        list[str], typer.Argument(help="JSONL, CSV or Parquet files (.gz too), or BEIR folders.")
    ],
    format_name: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv, parquet or beir.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Name of the source; by default the path itself."),
    ] = None,
    delete_missing: Annotated[
        bool,
        typer.Option("--delete-missing", help="Delete what this source no longer holds."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and validate only; write nothing but rejects.")
    ] = False,
    rejects: Annotated[
        Path, typer.Option("--rejects", help="Where rejected records are listed.")
    ] = Path(REJECTS),
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Index documents into both indexes. Only what changed is written; rejects stop nothing."""
    chosen = settings(config, data_dir, collection)
    opened = [open_source(location, format_name) for location in sources]
    _keep_apart(rejects, sources)
    if dry_run:
        return _dry_run(chosen, opened, rejects, as_json=as_json)
    with open_house(chosen, "tandem index", notify=note) as house, RejectsFile(rejects) as rejected:
        target = _collection(house, opened, quiet=as_json)
        warn_of_rebuilds(target)
        work = [NamedSource(source or _name(item), item) for item in opened]
        report = index_into(
            target, work, rejected, delete_missing=delete_missing, show_bars=not as_json
        )
        return tell(report, rejected, target, as_json=as_json)


def _keep_apart(rejects: Path, sources: Sequence[str]) -> None:
    """The rejects file replaces what is there; it must not be a source."""
    for location in sources:
        if rejects.resolve() == Path(location).resolve():
            raise SourceError(
                f"--rejects {rejects} would overwrite the source {location}",
                hint="name another file, for example --rejects rejects.jsonl",
            )


def _name(source: Source) -> str:
    return str(Path(source.location).resolve())[-255:]


def _schema(chosen: Settings, sources: Sequence[Source]) -> Schema:
    declared = chosen.declared_schema()
    if declared is not None:
        return declared
    records = (item for source in sources for item in source)
    return infer_schema(sample_attributes(islice(records, SAMPLED_RECORDS)))


def _collection(house: House, sources: Sequence[Source], *, quiet: bool) -> OpenCollection:
    chosen = house.settings
    if not house.has_collection(chosen.collection):
        schema = _schema(chosen, sources)
        if not quiet:
            _show(schema)
        return house.create_collection(chosen.collection, schema)
    target = house.collection(chosen.collection)
    if target.pending_change:
        note(f"warning: {target.pending_change}")
    return target


def _show(schema: Schema) -> None:
    if schema.open:
        note("no fields are declared: these were found in the documents")
    for row in describe(schema):
        note(f"  {row['field']:<20} {row['type']}")


def warn_of_rebuilds(target: OpenCollection) -> None:
    """Say which index starts from zero, and why."""
    for leg, reason in target.rebuilding.items():
        note(f"the {leg} index {reason}: building it again from the document log")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Followers' progress, drawn."""

    bars: Bars

    def __call__(self, name: str, amount: int) -> None:
        if name == CHANGED:
            for leg in (LEXICAL, VECTOR):
                self.bars.grow(leg, amount)
        else:
            self.bars.advance(name, amount)


def drawn_progress(shown: Bars, *, reading: bool) -> Progress:
    """Bars for what is read and for both legs."""
    if reading:
        shown.add(READ, "documents", None)
    shown.add(LEXICAL, "lexical index")
    shown.add(VECTOR, "vector index")
    return _Drawn(shown)


def index_into(
    target: OpenCollection,
    sources: Sequence[NamedSource],
    rejected: RejectsFile,
    *,
    delete_missing: bool = False,
    show_bars: bool,
) -> IndexReport:
    """Index sources into an open collection, with progress bars."""
    intake = Intake(Validator(target.generation.schema), rejected)
    with bars(wanted=show_bars) as shown:
        progress = drawn_progress(shown, reading=True)
        progress(CHANGED, target.behind)
        return target.indexer.index(
            sources, intake, delete_missing=delete_missing, progress=progress
        )


def _dry_run(chosen: Settings, sources: Sequence[Source], rejects: Path, *, as_json: bool) -> int:
    schema = _schema(chosen, sources)
    with RejectsFile(rejects) as rejected:
        intake = Intake(Validator(schema), rejected)
        accepted = sum(len(batch) for source in sources for batch in intake.batches(source))
    if as_json:
        say_json({"read": intake.read, "accepted": accepted, **_rejects_summary(rejected)})
    else:
        _show(schema)
        say(f"{intake.read:,} read, {accepted:,} would be indexed, {rejected.total:,} rejected")
        _tell_rejects(rejected)
    return FOUND


def _rejects_summary(rejected: RejectsFile) -> dict[str, Any]:
    return {
        "rejected": rejected.total,
        "rejects": dict(rejected.counts),
        "rejects_file": str(rejected.path) if rejected.total else None,
    }


def _tell_rejects(rejected: RejectsFile) -> None:
    for reason, count in rejected.counts.most_common(5):
        say(f"  {count:,} x {printable(reason)}")
    if rejected.total:
        say(f"  each with file, line and reason in {rejected.path}")


def tell(
    report: IndexReport, rejected: RejectsFile, target: OpenCollection, *, as_json: bool
) -> int:
    """Print what a run did; the exit code says whether both indexes are current."""
    if as_json:
        say_json(_summary(report, rejected, target))
    else:
        changed = report.accepted - report.unchanged
        say(
            f"{report.read:,} read: {changed:,} new or changed, {report.unchanged:,} unchanged, "
            f"{report.deleted:,} deleted, {report.rejected:,} rejected, "
            f"in {report.seconds:.1f} s"
        )
        _tell_rejects(rejected)
        for leg in report.failed_legs:
            note(f"error: the {leg.name} index is behind: {leg.error}")
            note("  next: run the command again; it goes on where it stopped")
        _tell_failures(target)
    return PROBLEM if report.failed_legs else FOUND


def _tell_failures(target: OpenCollection) -> None:
    for name, count in target.failure_counts().items():
        if count:
            note(f"warning: {count:,} documents were refused by {name}; see tandem status")


def _summary(report: IndexReport, rejected: RejectsFile, target: OpenCollection) -> dict[str, Any]:
    return {
        "collection": target.name,
        "read": report.read,
        "changed": report.accepted - report.unchanged,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        **_rejects_summary(rejected),
        "seconds": round(report.seconds, 3),
        "legs": {
            leg.name: {"applied": leg.applied, "error": str(leg.error) if leg.error else None}
            for leg in report.legs.values()
        },
        "refused": target.failure_counts(),
    }
