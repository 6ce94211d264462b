"""What the benchmarks share: a collection opened from a BEIR folder, and how figures are shown."""

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import orjson

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.console import report_error
from indexer.indexing import IndexReport, Intake, NamedSource
from indexer.rejects import RejectsFile
from indexer.sources.registry import open_source
from indexer.validation import Validator
from tandem import settings as all_settings
from tandem.catalog.ownership import LOCK, Ownership
from tandem.errors import TandemError
from tandem.protocols import Embedder
from tandem.schema import infer_schema
from tandem.settings import Settings

EMBEDDINGS = "embeddings.sqlite"


def parser(description: str) -> argparse.ArgumentParser:
    """A command line with ``--json``."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--json", action="store_true", help="print an object instead of a table")
    return made


def benchmark_settings(name: str) -> Settings:
    """Default settings, whatever the working folder's say, with a data folder of their own.

    Only where models are cached, and what runs them, is taken from the settings in force.
    """
    chosen = all_settings.load()
    return Settings.model_construct(
        cache_dir=chosen.cache_dir,
        embedding=chosen.embedding,
        data_dir=chosen.cache_dir / "benchmarks" / name,
        collection="benchmark",
    )


def forget(folder: Path, *, embeddings: bool) -> None:
    """Remove the indexes and the log of an earlier run; the cached embeddings only if told to.

    Raises:
        OwnedElsewhere: the earlier run is still going on.
    """
    ownership = Ownership(folder, "a benchmark")
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != LOCK and (embeddings or not entry.name.startswith(EMBEDDINGS)):
            entry.unlink()
    ownership.release()


def leave_with(main: Callable[[], None]) -> None:
    """Run a benchmark; an error is told in a line, as on the command line."""
    try:
        main()
    except TandemError as error:
        sys.exit(report_error(error))


@contextmanager
def house(settings: Settings, embedder: Embedder | None = None) -> Iterator[House]:
    """The house over a benchmark's data folder."""
    with open_house(settings, "a benchmark", embedder=embedder) as opened:
        yield opened


def index_folder(opened: House, folder: Path) -> tuple[OpenCollection, IndexReport]:
    """Index a BEIR folder through the same path as ``tandem index``."""
    name = opened.settings.collection
    if not opened.has_collection(name):
        opened.create_collection(name, infer_schema([]))
    target = opened.collection(name)
    with RejectsFile(opened.settings.data_dir / "rejects.jsonl") as rejects:
        intake = Intake(Validator(target.generation.schema), rejects)
        source = NamedSource(str(folder), open_source(str(folder), "beir"))
        report = target.indexer.index([source], intake)
    for leg in report.failed_legs:
        raise SystemExit(f"{leg.name}: {leg.error}")
    return target, report


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile."""
    return {"p50": round(median(values), 3), "p99": round(p99(values), 3)}


def p99(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return quantiles(values, n=100)[98]


def print_json(data: Mapping[str, Any]) -> None:
    """The figures, for a program."""
    print(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def show(figures: Mapping[str, Any], *, as_json: bool) -> None:
    """The figures, for a program or as a table."""
    if as_json:
        print_json(figures)
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}} {value}")
