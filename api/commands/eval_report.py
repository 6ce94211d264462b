"""``tandem eval report``."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.bootstrap import require_data_folder
from api.commands.eval_findings import tell_findings
from api.commands.options import Collection, ConfigFile, DataDir, settings
from api.console import FOUND, printable, say
from api.engines import open_catalog
from api.judged_documents import JudgedDocuments
from api.run_files import named_runs, read_runs
from relevance_eval.comparison import compare
from relevance_eval.formats.judged import JudgedQueries
from relevance_eval.formats.registry import read_judgments
from relevance_eval.formats.text import written
from relevance_eval.measures import DEFAULT_MEASURES
from relevance_eval.report.as_html import as_html
from relevance_eval.report.as_json import as_json
from relevance_eval.report.as_markdown import as_markdown
from relevance_eval.report.contents import Told, contents, no_titles
from relevance_eval.run_record import about
from relevance_eval.slices import Slice, by_exact_match, by_length, by_warmth
from tandem.errors import CollectionNotFound, InputError, SourceError
from tandem.settings import Settings


def run(
    judgments: Annotated[Path, typer.Argument(help="Judgments, in any format of `eval convert`.")],
    runs: Annotated[list[Path], typer.Argument(help="Runs; the others are set against the first.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The HTML file; .md and .json are written beside it."),
    ] = Path("report.html"),
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", "-m", help="A measure, the first decides; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random draws.")] = 0,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> int:
    """Write what runs found, compared, as one HTML file that needs no host, with a Markdown and a
    JSON twin.

    Titles, and slices that need texts, come from the collection, if there is one.
    """
    chosen = settings(config, data_dir, collection)
    written_to = _outputs(output, [judgments, *runs])
    judged, read = read_judgments(judgments), read_runs(runs)
    named = {name: found.run for name, found in read.items()}
    findings = [*judged.findings, *(item for found in read.values() for item in found.findings)]
    comparison = compare(judged.qrels, named, measure or DEFAULT_MEASURES, seed=seed)
    is_named = data_dir is not None or collection is not None
    with _documents(chosen, must_be_there=is_named) as documents:
        told = Told(
            name=judged.name,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            texts=judged.queries,
            about={name: about(path) for name, path in named_runs(runs).items()},
            slices=_slices(judged, documents),
            notes=[finding.message for finding in findings],
            titles=no_titles if documents is None else documents.titles,
        )
        made = contents(comparison, judged.qrels, named, told)
    forms = (as_html(made), as_markdown(made), as_json(made).decode())
    for path, form in zip(written_to, forms, strict=True):
        with written(path) as file:
            file.write(form)
    tell_findings(findings)
    for found in comparison.of(comparison.primary):
        say(printable(found.sentence))
    say("written: " + printable(", ".join(map(str, written_to))))
    return FOUND


def _outputs(output: Path, read: Sequence[Path]) -> list[Path]:
    """The HTML file and its twins."""
    if output.suffix.lower() not in {".html", ".htm"}:
        raise InputError(
            f"--output {output}: expected a name that ends with .html",
            hint="its twins are named after it, with .md and .json",
        )
    if not output.absolute().parent.is_dir():
        raise SourceError(f"--output {output}: there is no folder {output.absolute().parent}")
    written_to = [output, output.with_suffix(".md"), output.with_suffix(".json")]
    for path in read:
        if path.resolve() in {made.resolve() for made in written_to}:
            raise InputError(
                f"--output {output}: {path} would be written over, which is to be read",
                hint="choose another --output",
            )
    return written_to


@contextmanager
def _documents(chosen: Settings, *, must_be_there: bool) -> Iterator[JudgedDocuments | None]:
    """Of the collection, where there is one: runs of other engines have none here, unless one is
    named.
    """
    with ExitStack() as opened:
        documents = None
        try:
            require_data_folder(chosen)
            catalog = opened.enter_context(closing(open_catalog(chosen)))
            if catalog.releases.live(chosen.collection) is None:
                raise CollectionNotFound(f"there is no collection {chosen.collection!r}")
            documents = JudgedDocuments(catalog, chosen.collection)
        except CollectionNotFound:
            if must_be_there:
                raise
        yield documents


def _slices(judged: JudgedQueries, documents: JudgedDocuments | None) -> Mapping[str, Slice]:
    """What is told apart, as far as texts and people are known."""
    texts, slices = judged.queries, dict[str, Slice]()
    if texts:
        slices["query length"] = by_length(texts)
    if texts and documents is not None:
        slices["exact match"] = by_exact_match(texts, judged.qrels, documents.texts)
    if documents is not None and documents.are_known:
        slices["cold documents"] = by_warmth(judged.qrels, documents.counts)
    return slices
