"""``tandem eval convert``."""

from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import require_data_folder
from api.commands.eval_findings import findings_data, tell_findings
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.console import FOUND, say, say_json
from api.engines import check_engines, open_catalog
from api.eval_running import unknown_documents
from relevance_eval.findings import Finding
from relevance_eval.formats.registry import (
    FORMATS,
    is_run,
    read_judgments,
    read_run,
    write_judgments,
    write_run,
)
from tandem.errors import CollectionNotFound, InputError
from tandem.judgments import Qrels

KNOWN = ", ".join(FORMATS)


def run(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Judgments or a run.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A new file or folder.")],
    source_format: Annotated[
        str | None, typer.Option("--from", help=f"Its format, of {KNOWN}; default: by its name.")
    ] = None,
    target_format: Annotated[
        str | None, typer.Option("--to", help="The new one's format; default: by its name.")
    ] = None,
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection", "-c", help="Look for the judged documents in this collection."
        ),
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Write judgments or a run in another format; tell what is odd in them, and what gets lost.

    By name: .jsonl is JSON lines, .csv Quepid's ratings, a folder or .tsv BEIR, all else TREC;
    .gz after it packs. An existing file is never written over.
    """
    if target.exists():
        raise InputError(f"{target}: is there already", hint="name a new one, or remove it")
    if is_run(source, source_format):
        if collection is not None:
            raise InputError(
                f"--collection: {source} is a run, expected judgments",
                hint="leave the option out",
            )
        read = read_run(source, source_format)
        findings = read.findings
        findings += write_run(read.run, target, target_format, name=read.name)
        kind, queries = "hits", len(read.run)
        lines = sum(len(ranking) for ranking in read.run.values())
    else:
        judged = read_judgments(source, source_format)
        findings = judged.findings
        if collection is not None:
            findings += _unknown(judged.qrels, config, data_dir, collection)
        findings += write_judgments(judged, target, target_format)
        kind, queries = "judgments", len(judged.qrels)
        lines = sum(len(grades) for grades in judged.qrels.values())
    if as_json:
        told = {"out": str(target), "queries": queries, kind: lines}
        say_json(told | {"findings": findings_data(findings)})
    else:
        tell_findings(findings)
        say(f"{target}: {queries:,} queries with {lines:,} {kind}")
    return FOUND


def _unknown(
    qrels: Qrels, config: Path | None, data_dir: Path | None, name: str
) -> tuple[Finding, ...]:
    """Which judged documents the collection lacks."""
    chosen = settings(config, data_dir, name)
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    try:
        if name not in catalog.releases.collections():
            raise CollectionNotFound(f"there is no collection {name!r}")
        return unknown_documents(catalog, name, qrels)
    finally:
        catalog.close()
