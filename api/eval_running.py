"""Runs that an evaluation makes, one file each, and runs that it is given."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api.bootstrap import open_house, require_data_folder
from api.collection import OpenCollection
from api.console import note
from api.engines import check_engines, open_catalog
from api.eval_sources import (
    Source,
    Wanted,
    baseline,
    by_server,
    complete_generation,
    in_process,
)
from api.local_key import find_local_key
from relevance_eval.agreement import mismatches
from relevance_eval.findings import Finding
from relevance_eval.formats.registry import read_run
from relevance_eval.query_set import QuerySet
from relevance_eval.run_record import RunFile, is_record, read_record
from relevance_eval.running import Holes, Progress, run_into
from tandem.catalog.catalog import Catalog
from tandem.errors import CollectionNotFound, InputError, OwnedElsewhere
from tandem.judgments import Qrels, Run
from tandem.settings import Settings

PURPOSE = "tandem eval run"
Prepare = Callable[[OpenCollection], None]
"""Brings a collection up to date, before it is asked."""

Served = Callable[[OwnedElsewhere], str]
"""The address of the server that owns the engines; fails where it serves something else."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A run with what its stages listed, and what it lacks. ``name`` tells it from others."""

    name: str
    path: Path
    run: Run
    lists: Mapping[str, Run] = field(default_factory=dict)
    holes: Holes = field(default_factory=Holes)
    findings: tuple[Finding, ...] = ()


@contextmanager
def opened(
    chosen: Settings, wanted: Wanted, url: str | None, prepare: Prepare, served: Served
) -> Iterator[tuple[Catalog | None, list[Source]]]:
    """The sources of all runs that are wanted, and the catalogue of their collection, where it is
    at hand: a house of this process, or the server at ``url``, or the one that owns the engines.

    Raises:
        CollectionNotFound: there is no such collection here.
        InputError: a model cannot be had; and as the sources.
    """
    with ExitStack() as stack:
        sources: list[Source] = []
        catalog: Catalog | None = None
        if url is not None and wanted.configurations:
            sources += _served(stack, url, wanted, chosen.server.key)
        elif wanted.configurations:
            check_engines(chosen)
            try:
                house = stack.enter_context(open_house(chosen, PURPOSE, notify=note, create=False))
            except OwnedElsewhere as owned:
                key = find_local_key(chosen.data_dir)
                sources += _served(stack, served(owned), wanted, key)
            else:
                catalog, target = house.catalog, house.collection(chosen.collection)
                prepare(target)
                sources += stack.enter_context(in_process(house, target, wanted))
        if catalog is None and (wanted.baseline or url is None):
            catalog = _catalog(stack, chosen, needed=bool(wanted.baseline or sources))
        if wanted.baseline:
            assert catalog is not None, "it is needed"
            sources.append(_baseline(catalog, chosen.collection, wanted))
        yield catalog, sources


def _served(stack: ExitStack, address: str, wanted: Wanted, key: str | None) -> list[Source]:
    from relevance_eval.served import RETRIES
    from tandem.client import Client

    return by_server(stack.enter_context(Client(address, key=key, retries=RETRIES)), wanted)


def _catalog(stack: ExitStack, chosen: Settings, *, needed: bool) -> Catalog | None:
    """Beside whoever owns the engines: it may be read by several."""
    if not needed:
        return None
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    stack.callback(catalog.close)
    return catalog


def _baseline(catalog: Catalog, collection: str, wanted: Wanted) -> Source:
    live = catalog.releases.live(collection)
    if live is None:
        known = ", ".join(catalog.releases.collections())
        raise CollectionNotFound(
            f"there is no collection {collection!r}", hint=f"known collections: {known or 'none'}"
        )
    if wanted.generation is None:
        generation = catalog.releases.generation(live.generation)
    else:
        generation = complete_generation(catalog, collection, wanted.generation)
    return baseline(catalog, collection, generation, wanted)


def unknown_documents(catalog: Catalog, collection: str, qrels: Qrels) -> tuple[Finding, ...]:
    """Which judged documents a collection has not."""
    judged = {name for grades in qrels.values() for name in grades}
    known = catalog.documents.versions_of(collection, sorted(judged))
    there = {name for name, version in known.items() if not version.is_deleted}
    return mismatches(qrels, {}, known_ids=there)


def check_documents(catalog: Catalog, collection: str, queries: QuerySet) -> tuple[Finding, ...]:
    """Which judged documents the collection has not.

    Raises:
        InputError: all of them: the queries are another collection's.
    """
    findings = unknown_documents(catalog, collection, queries.qrels)
    judged = sorted({name for grades in queries.qrels.values() for name in grades})
    if judged and sum(found.count for found in findings) == sum(map(len, queries.qrels.values())):
        raise InputError(
            f"none of the {len(judged):,} judged documents of {queries.name}, such as "
            f"{judged[0]!r}, is in the collection {collection!r}",
            hint="name the collection that was judged: --collection, --data-dir or --config",
        )
    return findings


def run_source(
    source: Source, queries: QuerySet, file: RunFile, workers: int, progress: Progress
) -> Ran:
    """Ask what is not answered yet, and read the whole run.

    Raises:
        SearchUnavailable: it was given up.
    """
    with file:
        holes = run_into(file, source.asking, queries.queries, workers, progress)
    record = read_record(file.path)
    return Ran(source.name, file.path, record.run, record.lists, holes)


def given_run(path: Path) -> Ran:
    """A run of whatever engine, or one of those that were made here before.

    Raises:
        SourceError: it is malformed; with the line.
    """
    if not is_record(path):
        read = read_run(path)
        return Ran(str(path), path, read.run, findings=read.findings)
    record = read_record(path)
    holes = Holes()
    for query_id, parts in record.degraded.items():
        holes.add(query_id, parts)
    return Ran(str(path), path, record.run, record.lists, holes)
