"""``tandem demo``: index what every machine has, say how good it finds, and show it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.commands.index import index_into, warn_of_rebuilds
from api.commands.index_report import exit_code, tell, tell_problems
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.commands.search import show
from api.commands.serve import serve as serve_until_stopped
from api.console import FOUND, note, say, say_json
from api.demo.judgments import load_judgments
from api.demo.people import COLLECTION, PEOPLE, choices, seed_people
from api.demo.records import DemoRecords
from indexer.indexing import IndexReport, NamedSource
from indexer.rejects import RejectsFile
from indexer.validation import sample_attributes
from query.configurations import CONFIGURATIONS, DEFAULT
from relevance_eval.execution import run_queries
from relevance_eval.measures import measure
from tandem.errors import InputError
from tandem.queries import Query
from tandem.schema import infer_schema
from tandem.settings import Settings

SHOWN_QUERIES = (
    "read a csv file as dictionaries",
    "find files matching a pattern recursively",
    "undo percent encoding in a url",
)
SHOWN_HITS = 3

PERSONAL_SHARE = 0.5
"""So much that the order of the page's first answers changes with the person; chosen by eye."""

QUERIES_OF_PEOPLE = {
    "Ada": "read lines from a stream",
    "Ben": "open a connection",
    "Cleo": "copy",
    "Dara": "compare two values",
}
"""What each of the demo's people finds in another order than everybody else."""


def run(
    serve: Annotated[
        bool, typer.Option("--serve", help="Then serve the demo's page and the API.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(
            "--host", help="With --serve: address to listen on, instead of the settings'."
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="With --serve: port, instead of the settings'.")
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Index the documentation of Python's standard library, measure, and show a few searches.

    With --serve it goes on as tandem serve does, and asks nothing again that is indexed already:
    the page at / then lets one choose an invented person, and shows what their clicks change.
    """
    place = {"host": host, "port": port}
    _check(place, serve=serve, as_json=as_json)
    chosen = settings(config, data_dir, COLLECTION, place)
    code = _prepared(chosen, serve=serve, as_json=as_json)
    if serve and code == FOUND:
        shown = with_personal_order(chosen)
        people = choices() if shown.search.personal_share else []
        serve_until_stopped(shown, "tandem demo --serve", _invite, people)
    return code


def _check(place: Mapping[str, object], *, serve: bool, as_json: bool) -> None:
    if serve and as_json:
        raise InputError("--json: expected without --serve", hint="ask for one after the other")
    for name, value in place.items():
        if value is not None and not serve:
            raise InputError(f"--{name}: expected only with --serve", hint="leave it out")


def _prepared(chosen: Settings, *, serve: bool, as_json: bool) -> int:
    """Everything but serving. What is to be served, and was indexed before, is not measured."""
    with open_house(chosen, "tandem demo", notify=note) as house:
        target, report = _index(house, quiet=as_json)
        seed_people(house.catalog, datetime.now(UTC))
        code = exit_code(report)
        if serve and not (report.accepted - report.unchanged or report.deleted):
            return code
        figures = measure_configurations(target)
        if as_json:
            say_json({"documents": target.catalog.documents.count(COLLECTION), **figures})
            return code
        _show_figures(figures)
        for text in SHOWN_QUERIES:
            say(f'\n$ tandem search --collection {COLLECTION} "{text}"')
            show(target.searcher(DEFAULT).search(Query(text, limit=SHOWN_HITS)))
        if not serve:
            note(f'\nyour turn: tandem search --collection {COLLECTION} "…"')
            note("next, the page and the API: tandem demo --serve")
    return code


def with_personal_order(chosen: Settings) -> Settings:
    """The settings with the demo's personal share, unless they name one themselves."""
    if "personal_share" in chosen.search.model_fields_set:
        return chosen
    search = chosen.search.model_copy(update={"personal_share": PERSONAL_SHARE})
    return chosen.model_copy(update={"search": search})


def _invite(address: str) -> None:
    note(f"serving the demo at {address}; stop with Ctrl-C")
    note("open it, choose one of its invented people, and see what their clicks change:")
    for person in PEOPLE:
        note(f"  {person.name}, who {person.about}: {QUERIES_OF_PEOPLE[person.name]}")


def _index(house: House, *, quiet: bool) -> tuple[OpenCollection, IndexReport]:
    note("reading the documentation of Python's standard library")
    records = DemoRecords()
    is_known = house.has_collection(COLLECTION)
    if not is_known:
        house.create_collection(COLLECTION, infer_schema(sample_attributes(records)))
    target = house.collection(COLLECTION)
    warn_of_rebuilds(target)
    with RejectsFile(house.settings.data_dir / "demo-rejects.jsonl") as rejected:
        report = index_into(
            target,
            [NamedSource(records.location, records)],
            rejected,
            delete_missing=is_known,  # another version of Python documents other names
            force=True,  # how many, nobody knows
            show_bars=not quiet,
        )
    if quiet:
        tell_problems(report, target)
    else:
        tell(report, rejected, target, as_json=False)
    return target, report


def measure_configurations(target: OpenCollection) -> dict[str, Mapping[str, float]]:
    """nDCG@10 and R@100 of every configuration over the bundled judgment list."""
    judgments = load_judgments(_known_ids(target))
    if judgments.missing:
        note(f"{len(judgments.missing)} judged names do not exist in this Python: left out")
    return {
        name: measure(judgments.qrels, run_queries(target.searcher(name), judgments.queries))
        for name in CONFIGURATIONS
    }


def _known_ids(target: OpenCollection) -> set[str]:
    return {document_id for document_id, _ in target.lexical.index.versions()}


def _show_figures(figures: Mapping[str, Mapping[str, float]]) -> None:
    say("\nhow good it finds, over the bundled judgments:")
    for name, values in figures.items():
        say(f"  {name:<9} " + "  ".join(f"{label} {value:.3f}" for label, value in values.items()))
