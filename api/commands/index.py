"""``tandem index``."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import House, open_house, open_house_beside
from api.collection import OpenCollection
from api.commands.index_report import exit_code, rejects_summary, tell, tell_rejects
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.console import FOUND, PROBLEM, Bars, bars, note, say, say_json
from api.wanted import pending_change
from indexer.followers import Progress
from indexer.indexing import CHANGED, READ, IndexReport, Intake, NamedSource
from indexer.rejects import RejectsFile
from indexer.sources.names import given_name, path_name
from indexer.sources.records import Broken, Record, Source
from indexer.sources.registry import open_source
from indexer.validation import DuplicateGuard, Validator, sample_attributes, validated
from query.configurations import LEXICAL, VECTOR
from tandem.documents import Document
from tandem.errors import InputError, OwnedElsewhere, SourceError
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
    force: Annotated[
        bool, typer.Option("--force", help="Delete even more than 20 % of a source's documents.")
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
    """Index documents into both indexes. Only what changed is written; rejects stop nothing.

    Leaves with 0 when both indexes are current; with 1 when one is behind, or when every record
    was rejected; with 2 when something given cannot be used, or holds nothing for a new collection.
    """
    _check_force(force=force, delete_missing=delete_missing)
    chosen = settings(config, data_dir, collection)
    name = None if source is None else given_name(source)
    opened = [open_source(location, format_name) for location in sources]
    work = [NamedSource(name or path_name(item.location), item) for item in opened]
    rejected = RejectsFile(rejects, [path for item in opened for path in item.files])
    rejected.check()
    if dry_run:
        return _dry_run(chosen, opened, rejected, as_json=as_json)
    schema = None if chosen.data_dir.is_dir() else _schema_of_new(chosen, opened, rejected)
    with _open(chosen) as house:
        if not house.has_collection(chosen.collection):
            _create(house, schema or _schema_of_new(chosen, opened, rejected), quiet=as_json)
        target = house.collection(chosen.collection)
        _warn(target)
        with rejected:
            report = index_into(
                target,
                work,
                rejected,
                delete_missing=delete_missing,
                force=force,
                show_bars=not as_json,
            )
        tell(report, rejected, target, as_json=as_json)
        return exit_code(report)


def _check_force(*, force: bool, delete_missing: bool) -> None:
    if force and not delete_missing:
        raise InputError("--force: expected only with --delete-missing", hint="leave it out")


def _open(chosen: Settings) -> House:
    """The house; beside an owner that follows the log only its catalogue."""
    try:
        return open_house(chosen, "tandem index", notify=note)
    except OwnedElsewhere as elsewhere:
        if not elsewhere.follows:
            raise
        note(f"{elsewhere}: it brings the indexes up to date")
        return open_house_beside(chosen, note)


def _schema(chosen: Settings, sources: Sequence[Source]) -> Schema:
    declared = chosen.declared_schema()
    if declared is not None:
        return declared
    return infer_schema(sample_attributes(_sample(sources)))


def _sample(sources: Sequence[Source]) -> list[Record | Broken]:
    """The beginning of every source, so that each has its say about the fields."""
    sample: list[Record | Broken] = []
    for position, source in enumerate(sources):
        share = (SAMPLED_RECORDS - len(sample)) // (len(sources) - position)
        sample += islice(source, max(share, 1))
    return sample


def _schema_of_new(chosen: Settings, sources: Sequence[Source], rejected: RejectsFile) -> Schema:
    """The fields of a collection that does not exist yet. They stay as they are made, so they are
    made only when there is a document to index.
    """
    schema = _schema(chosen, sources)
    records = (item for source in sources for item in source)
    outcomes = validated(records, Validator(schema), DuplicateGuard())
    if any(isinstance(outcome, Document) for outcome in outcomes):
        return schema
    with rejected:
        intake = Intake(Validator(schema), rejected)
        for source in sources:
            deque(intake.batches(source), maxlen=0)
    raise _nothing_to_index(chosen.collection, sources, rejected)


def _nothing_to_index(
    collection: str, sources: Sequence[Source], rejected: RejectsFile
) -> SourceError:
    locations = ", ".join(source.location for source in sources)
    kept = f"the collection {collection!r} was not made"
    if rejected.first is None:
        return SourceError(f"{locations}: no records; {kept}", hint="check the path")
    first = rejected.first
    found = "the only record" if rejected.total == 1 else f"all {rejected.total:,} records"
    return SourceError(
        f"{locations}: {found} rejected (first {first.place}, {first.field}: {first.reason}); "
        + kept,
        hint=f"mend what {rejected.path} lists and index again",
    )


def _create(house: House, schema: Schema, *, quiet: bool) -> None:
    if not quiet:
        _show(schema)
    house.create_collection(house.settings.collection, schema)


def _show(schema: Schema) -> None:
    if schema.open:
        note("no fields are declared: these were found in the documents")
    for row in describe(schema):
        note(f"  {row['field']:<20} {row['type']}")


def _warn(target: OpenCollection) -> None:
    if pending := pending_change(target.settings, target.generation):
        note(f"warning: {pending}")
    warn_of_rebuilds(target)


def warn_of_rebuilds(target: OpenCollection) -> None:
    """Say which index starts from zero, and why."""
    for leg, reason in target.live.rebuilding.items():
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
    force: bool = False,
    show_bars: bool,
) -> IndexReport:
    """Index sources into an open collection, with progress bars."""
    intake = Intake(Validator(target.generation.schema), rejected)
    with bars(wanted=show_bars) as shown:
        progress = drawn_progress(shown, reading=True)
        progress(CHANGED, target.behind)
        return target.indexer.index(
            sources, intake, delete_missing=delete_missing, force=force, progress=progress
        )


def _dry_run(
    chosen: Settings, sources: Sequence[Source], rejected: RejectsFile, *, as_json: bool
) -> int:
    schema = _schema(chosen, sources)
    with rejected:
        intake = Intake(Validator(schema), rejected)
        accepted = sum(len(batch) for source in sources for batch in intake.batches(source))
    if as_json:
        say_json({"read": intake.read, "accepted": accepted, **rejects_summary(rejected)})
    else:
        _show(schema)
        say(f"{intake.read:,} read, {accepted:,} would be indexed, {rejected.total:,} rejected")
        tell_rejects(rejected)
    return PROBLEM if intake.read and not accepted else FOUND
