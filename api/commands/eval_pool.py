"""``tandem eval pool``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from api.collection import OpenCollection
from api.commands.eval_findings import findings_data, tell_findings
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.search import check_served, prepare
from api.console import FOUND, Bars, bars, note, say, say_json
from api.eval_running import opened
from api.eval_sources import Source, Wanted
from api.judging import desk_of
from query.configurations import CONFIGURATIONS, LEXICAL
from query.understanding import check_searchable
from relevance_eval.execution import run_queries
from relevance_eval.findings import Finding
from relevance_eval.formats.registry import read_run
from relevance_eval.gates import Watched
from relevance_eval.judging.asked import read_to_judge
from relevance_eval.judging.pool import AskedQuery, Pool, Share, pool_runs, shares
from tandem.errors import InputError, OwnedElsewhere, QueryError
from tandem.judgments import Run
from tandem.rankings import Ranking
from tandem.settings import Settings

DEFAULT_NAME = "pool"
MOST_DEEP = 100


def run(
    queries: Annotated[
        Path, typer.Argument(help="Queries (JSONL with intents, BEIR), or judgments with texts.")
    ],
    configuration: Annotated[
        list[str] | None,
        typer.Option(
            "--configuration", help=f"Of {', '.join(CONFIGURATIONS)}; may be given again."
        ),
    ] = None,
    given: Annotated[
        list[Path] | None,
        typer.Option("--run", help="A run of any engine; may be given again."),
    ] = None,
    depth: Annotated[
        int, typer.Option("--depth", min=1, max=MOST_DEEP, help="Best documents of each.")
    ] = 10,
    name: Annotated[str, typer.Option("--name", help="The pool's name.")] = DEFAULT_NAME,
    add: Annotated[bool, typer.Option("--add", help="Add to the pool of that name.")] = False,
    unjudged: Annotated[
        bool, typer.Option("--unjudged", help="Leave out what the judgments have a grade for.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Shuffles for every rater.")] = 0,
    format_name: Annotated[
        str | None, typer.Option("--format", help="Of the judgments: beir, jsonl, quepid or trec.")
    ] = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Put the best documents of several configurations and runs together, to be judged at /judge.

    Raters see them shuffled, without what found them. The pool is kept in the data folder, and
    what raters say beside it.
    """
    if not configuration and not given:
        raise InputError(
            "there is nothing to pool",
            hint="--configuration lexical --configuration semantic, or --run FILE",
        )
    chosen = settings(config, data_dir, collection)
    desk = desk_of(chosen)
    desk.check_new(name, adds=add)
    told = read_to_judge(queries, format_name)
    _check_texts(queries, told.queries)
    runs, findings = _given(given or ())
    asked = Wanted(configuration or (), depth=depth, reach=depth)
    asked.check()
    runs |= _found(chosen, asked, told.queries, quiet=as_json)
    judged = told.qrels if unjudged else None
    new = pool_runs(told.queries, runs, depth=depth, seed=seed, judged=judged)
    given_by = shares(told.queries, runs, depth=depth)
    kept = desk.keep(name, new, adds=add)
    findings = (*told.findings, *findings)
    if as_json:
        _tell_json(name, kept, given_by, findings)
    else:
        _tell(name, kept, given_by, findings, len(told.queries) - len(new.queries))
    return FOUND


def _check_texts(path: Path, queries: Mapping[str, AskedQuery]) -> None:
    for query_id, asked in queries.items():
        try:
            check_searchable(asked.text)
        except QueryError as error:
            raise InputError(
                f"{path}: query {query_id!r} cannot be asked: {error}",
                hint="correct its text, or take it out of the list",
            ) from None


def _given(paths: Sequence[Path]) -> tuple[dict[str, Run], tuple[Finding, ...]]:
    runs: dict[str, Run] = {}
    findings: tuple[Finding, ...] = ()
    for path in dict.fromkeys(paths):
        read = read_run(path)
        runs[str(path)] = read.run
        findings += read.findings
    return runs, findings


def _found(
    chosen: Settings, wanted: Wanted, queries: Mapping[str, AskedQuery], *, quiet: bool
) -> dict[str, Run]:
    """What the configurations find, in this process or by the server that owns the engines."""
    if not wanted.configurations:
        return {}

    def ready(target: OpenCollection) -> None:
        prepare(target, needs_model=any(name != LEXICAL for name in wanted.configurations))

    def served(owned: OwnedElsewhere) -> str:
        if owned.address is None or owned.collection is None:
            raise owned
        check_served(owned, chosen.collection)
        return owned.address

    with opened(chosen, wanted, None, ready, served) as (_, sources), bars(wanted=not quiet) as bar:
        runs = {}
        for source in sources:
            bar.add(source.name, source.name, len(queries))
            runs[source.name] = _run_of(source, queries, wanted.depth, bar)
    return runs


def _run_of(source: Source, queries: Mapping[str, AskedQuery], depth: int, bar: Bars) -> Run:
    searcher = Watched(source.asking.searcher)
    run: dict[str, Ranking] = {}
    for query_id, asked in queries.items():
        run |= run_queries(searcher, {query_id: asked.text}, depth=depth)
        bar.advance(source.name, 1)
    for part, count in sorted(searcher.missing.items()):
        note(f"warning: {source.name}: {part} in {count:,} of {len(queries):,} answers")
    return run


def _tell_json(
    name: str, pool: Pool, given_by: Sequence[Share], findings: Sequence[Finding]
) -> None:
    say_json(
        {
            "pool": name,
            "queries": len(pool.queries),
            "documents": pool.document_count,
            "runs": [share._asdict() for share in given_by],
            "findings": findings_data(findings),
        }
    )


def _tell(
    name: str, pool: Pool, given_by: Sequence[Share], findings: Sequence[Finding], without: int
) -> None:
    tell_findings(findings)
    if without:
        note(f"warning: {without:,} queries have nothing to judge")
    say(f"pool {name}: {pool.document_count:,} documents of {len(pool.queries):,} queries")
    for share in given_by:
        say(f"  {share.run}: {share.documents:,}, {share.alone:,} of them found by no other")
        _warn(share)
    if not any(query.intent for query in pool.queries.values()):
        note("note: no query has an intent; raters then guess what is meant")
    note("  next: tandem serve, and open /judge there")


def _warn(share: Share) -> None:
    if share.lacking:
        note(f"warning: {share.run}: queries for which it has nothing: {share.lacking:,}")
    if share.unasked:
        note(
            f"warning: {share.run}: queries that are not among those to judge, left out: "
            f"{share.unasked:,}; compare the ids of both files"
        )
