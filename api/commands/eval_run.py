"""``tandem eval run``."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.collection import OpenCollection
from api.commands.eval_findings import tell_findings
from api.commands.eval_told import summary, tell, tell_holes
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.search import check_served, prepare
from api.console import FOUND, PROBLEM, bars, say_json
from api.eval_running import Ran, check_documents, given_run, opened, run_source
from api.eval_sources import AS_RELEASED, Source, Wanted
from query.configurations import CONFIGURATIONS, DEFAULT, LEXICAL
from query.understanding import check_searchable
from relevance_eval.agreement import mismatches
from relevance_eval.baseline import NAME as BASELINE
from relevance_eval.formulas import parse
from relevance_eval.measured import measured
from relevance_eval.measures import DEFAULT_MEASURES
from relevance_eval.query_set import QuerySet, read_query_set
from relevance_eval.run_record import RunFile
from tandem.errors import InputError, OwnedElsewhere
from tandem.queries import MAXIMUM_LIMIT

MOST_WORKERS = 64

Judgments = Annotated[
    Path, typer.Argument(help="Judged queries with texts: a BEIR folder, JSONL or Quepid's CSV.")
]
Configurations = Annotated[
    list[str] | None,
    typer.Option("--configuration", help=f"Of {', '.join(CONFIGURATIONS)}; may be given again."),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model", help="Order hybrid by the model of this number, or none; may be given again."
    ),
]
GenerationNumber = Annotated[
    int | None,
    typer.Option(
        "--generation", help="Ask this generation, ready or live before, not the live one."
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option("--baseline", help="bm25: rank-bm25, which shares no code with Tandem."),
]
Url = Annotated[str | None, typer.Option("--url", help="Ask the server at this address.")]
Runs = Annotated[
    list[Path] | None,
    typer.Option("--run", help="Measure this run too, of any engine; may be given again."),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="The folder that the runs are written to.")]
Measures = Annotated[
    list[str] | None, typer.Option("--measure", help="Such as nDCG@10; may be given again.")
]
Depth = Annotated[int, typer.Option("--depth", min=1, max=MAXIMUM_LIMIT, help="Documents a query.")]
Sample = Annotated[
    int | None, typer.Option("--sample", min=1, help="Ask only so many queries, drawn at random.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Draws the sample.")]
Workers = Annotated[
    int, typer.Option("--workers", min=1, max=MOST_WORKERS, help="Queries under way at a time.")
]
FormatName = Annotated[
    str | None, typer.Option("--format", help="Of the judgments: beir, jsonl, quepid or trec.")
]
Anew = Annotated[bool, typer.Option("--anew", help="Begin again instead of going on.")]
AllowHoles = Annotated[
    bool, typer.Option("--allow-holes", help="Leave with 0 though answers are missing.")
]


def run(
    judgments: Judgments,
    configuration: Configurations = None,
    model: Models = None,
    generation: GenerationNumber = None,
    baseline: Baseline = None,
    url: Url = None,
    given: Runs = None,
    out: Out = Path("runs"),
    measure: Measures = None,
    depth: Depth = 100,
    sample: Sample = None,
    seed: Seed = 0,
    workers: Workers = 4,
    format_name: FormatName = None,
    anew: Anew = False,
    allow_holes: AllowHoles = False,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Ask judged queries, write down what was found, and measure it.

    By default the hybrid configuration is asked. The same command goes on with a run that was
    stopped. Leaves with 1 where answers are missing or incomplete.
    """
    chosen = settings(config, data_dir, collection)
    measures = _measures(measure)
    queries = read_query_set(judgments, format_name, check_searchable).drawn(sample, seed)
    reach = max(depth, chosen.search.depth)
    wanted = Wanted(
        configuration or ([] if baseline or given else [DEFAULT]),
        model or (AS_RELEASED,),
        depth,
        reach,
        _has_baseline(baseline),
        generation,
        {**queries.about(), "depth": depth, "reach": reach, "started_at": datetime.now(UTC)},
    )
    wanted.check()
    _check_names(wanted, given or ())
    tell_findings(queries.findings)
    ran = [given_run(path) for path in dict.fromkeys(given or ())]
    with opened(
        chosen,
        wanted,
        url,
        lambda target: _prepare(target, wanted),
        lambda owned: _served(owned, chosen.collection),
    ) as (catalog, sources):
        if catalog is not None:
            unknown = check_documents(catalog, chosen.collection, queries)
            tell_findings(unknown)
            queries = replace(queries, findings=queries.findings + unknown)
        files = [RunFile(out / f"{one.name}.jsonl", one.about, anew=anew) for one in sources]
        ran += _asked(sources, files, queries, workers, quiet=as_json)
        reach = max([reach, *(one.asking.reach for one in sources)])
    return _told(queries, ran, measures, reach, as_json=as_json, allowed=allow_holes)


def _measures(asked: Sequence[str] | None) -> Sequence[str]:
    """Refused before an hour is spent on asking."""
    for name in asked or ():
        parse(name)
    return asked or DEFAULT_MEASURES


def _check_names(wanted: Wanted, given: Sequence[Path]) -> None:
    """A run that is given is called by its path."""
    made = {name for name, _, _ in wanted.runs()} | ({BASELINE} if wanted.baseline else set())
    for path in given:
        if str(path) in made:
            raise InputError(
                f"--run {path}: a run that is made here has the same name",
                hint=f"write it as ./{path}, or give the file another name",
            )


def _has_baseline(asked: str | None) -> bool:
    if asked not in (None, BASELINE):
        raise InputError(f"--baseline is {asked!r}, expected {BASELINE}")
    return asked is not None


def _prepare(target: OpenCollection, wanted: Wanted) -> None:
    has_model = any(model.isdecimal() for model in wanted.models)
    if has_model:
        target.searching.begin()
    prepare(target, needs_model=any(name != LEXICAL for name in wanted.configurations))


def _served(owned: OwnedElsewhere, collection: str) -> str:
    if owned.address is None or owned.collection is None:
        raise owned
    check_served(owned, collection)
    return owned.address


def _asked(
    sources: Sequence[Source],
    files: Sequence[RunFile],
    queries: QuerySet,
    workers: int,
    *,
    quiet: bool,
) -> list[Ran]:
    ran = []
    with bars(wanted=not quiet) as shown:
        for source, file in zip(sources, files, strict=True):
            name = source.name
            shown.add(name, name, len(queries.queries))

            def progress(done: int, name: str = name) -> None:
                shown.advance(name, done)

            ran.append(run_source(source, queries, file, workers, progress))
    return ran


def _told(
    queries: QuerySet,
    ran: Sequence[Ran],
    measures: Sequence[str],
    reach: int,
    *,
    as_json: bool,
    allowed: bool,
) -> int:
    findings = tuple(found for one in ran for found in one.findings)
    findings += mismatches(queries.qrels, {one.name: one.run for one in ran})
    tell_findings(findings)
    figures = {
        one.name: measured(queries.qrels, one.run, one.lists, measures, reach) for one in ran
    }
    if as_json:
        say_json(summary(queries, ran, figures, queries.findings + findings))
    else:
        tell(queries, ran, figures, reach)
    for one in ran:
        tell_holes(one.name, one.holes)
    return FOUND if allowed or not any(one.holes for one in ran) else PROBLEM
