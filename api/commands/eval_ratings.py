"""``tandem eval ratings``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.eval_findings import tell_findings
from api.commands.eval_pool import DEFAULT_NAME
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.console import FOUND, PROBLEM, note, printable, say, say_json
from api.judging import desk_of
from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.formats.registry import write_judgments
from relevance_eval.judging.agreement import WEIGHTS, Agreement, Grades, Kappa, agreements
from relevance_eval.judging.desk import within
from relevance_eval.judging.pool import Pool
from relevance_eval.judging.verdicts import Verdicts, verdicts
from tandem.errors import InputError


def run(
    name: Annotated[str, typer.Argument(help="The pool's name.")] = DEFAULT_NAME,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the judgments to this new file.")
    ] = None,
    format_name: Annotated[
        str | None, typer.Option("--format", help="Of the file; default: by its name.")
    ] = None,
    rater: Annotated[
        list[str] | None,
        typer.Option("--rater", help="Count only this one's ratings; may be given again."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the intervals.")] = 0,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Tell how far raters are and how far they agree; write judgments with --out.

    Agreement is Cohen's kappa over what both graded, with a 95 % bootstrap interval over queries.
    Of several raters the median grade is written, the lower of the middle two. Leaves with 1 where
    nothing is rated yet.
    """
    if out is not None and out.exists():
        raise InputError(f"{out}: is there already", hint="name a new one, or remove it")
    desk = desk_of(settings(config, data_dir, collection))
    pool = desk.pool(name)
    said = _chosen(within(pool, desk.ratings(name)), rater or ())
    judged = verdicts(pool, said)
    agreed = agreements(said, seed=seed)
    if out is not None and judged.qrels:
        texts = {query_id: pool.queries[query_id].text for query_id in judged.qrels}
        tell_findings(write_judgments(JudgedQueries(name, texts, judged.qrels), out, format_name))
        note(f"written: {out}")
    if as_json:
        say_json(_data(name, pool, said, judged, agreed))
    else:
        _tell(name, pool, said, judged, agreed)
    return FOUND if judged.qrels else PROBLEM


def _chosen(said: Mapping[str, Grades], raters: Sequence[str]) -> Mapping[str, Grades]:
    missing = [name for name in raters if name not in said]
    if missing:
        known = ", ".join(said) or "nobody"
        raise InputError(
            f"{missing[0]!r} has rated nothing of this pool", hint=f"who has: {printable(known)}"
        )
    return {name: said[name] for name in raters} if raters else said


def _data(
    name: str,
    pool: Pool,
    said: Mapping[str, Grades],
    judged: Verdicts,
    agreed: Sequence[Agreement],
) -> dict[str, Any]:
    return {
        "pool": name,
        "queries": len(pool.queries),
        "documents": pool.document_count,
        "raters": {
            rater: {
                "rated": len(grades),
                "unjudged": sum(grade is None for grade in grades.values()),
            }
            for rater, grades in said.items()
        },
        "graded": judged.graded,
        "disputed": judged.disputed,
        "agreement": [
            each._asdict() | {"kappas": {how: k._asdict() for how, k in each.kappas.items()}}
            for each in agreed
        ],
    }


def _tell(
    name: str,
    pool: Pool,
    said: Mapping[str, Grades],
    judged: Verdicts,
    agreed: Sequence[Agreement],
) -> None:
    say(f"pool {name}: {pool.document_count:,} documents of {len(pool.queries):,} queries")
    for rater, grades in said.items():
        left = sum(grade is None for grade in grades.values())
        unjudged = f", {left:,} of them left unjudged" if left else ""
        say(f"  {printable(rater)}: {len(grades):,} rated{unjudged}")
    say(f"graded: {judged.graded:,} documents, {judged.disputed:,} with different grades")
    for each in agreed:
        _tell_agreement(each)
    if not said:
        note("  next: tandem serve, and open /judge there")


def _tell_agreement(each: Agreement) -> None:
    both = f"{printable(each.first)} and {printable(each.second)}"
    if each.same is None:
        say(f"{both}: no document that both graded")
        return
    say(
        f"{both}: the same grade for {each.same:.0%} of {each.pairs:,} documents of "
        f"{each.queries:,} queries"
    )
    for how in WEIGHTS:
        say(f"  kappa, {how}: {_kappa(each.kappas[how])}")


def _kappa(kappa: Kappa) -> str:
    if kappa.value is None:
        return "none: both gave one and the same grade throughout"
    if kappa.low is None or kappa.high is None:
        return f"{kappa.value:.2f}, too few queries for an interval"
    return f"{kappa.value:.2f} [{kappa.low:.2f}, {kappa.high:.2f}]"
