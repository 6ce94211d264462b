"""``tandem demo``: index what every machine has, say how good it finds, and show it."""

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.commands.index import index_into, warn_of_rebuilds
from api.commands.index_report import exit_code, tell, tell_problems
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.commands.search import show
from api.commands.serve import serve as serve_until_stopped
from api.commands.train import DrawnReading
from api.console import FOUND, bars, note, printable, say, say_json
from api.demo.judgments import load_judgments
from api.demo.people import COLLECTION, PEOPLE, choices, seed_people
from api.demo.records import DemoRecords
from api.demo.teaching import ROUNDS, TRAINING, have_read, known_ids, taught, without_model
from api.engines import open_catalog
from api.orders import Order, have_done
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
    "Ada": "open a connection",
    "Ben": "open a connection",
    "Cleo": "copy",
    "Dara": "write a log message",
}
"""What each of the demo's people finds in another order than everybody else, with a model and
without one.
"""


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
    no_readers: Annotated[
        bool, typer.Option("--no-readers", help="Simulate no readers, and train nothing.")
    ] = False,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Index the documentation of Python's standard library, measure, and show a few searches.

    Then simulated readers search and click, once, and a model is trained on that. With --serve it
    goes on as tandem serve does, and asks nothing again that is indexed already: the page at /
    then lets one choose an invented person, and shows what their clicks change.
    """
    place = {"host": host, "port": port}
    _check(place, serve=serve, as_json=as_json)
    chosen = settings(config, data_dir, COLLECTION, place)
    code, told = _prepared(chosen, only_serves=serve, quiet=as_json)
    if code == FOUND and not no_readers:
        told = {**told, **_learned(chosen, is_shown=bool(told), quiet=as_json)}
    if as_json:
        say_json(told)
    elif told and not serve:
        note(f'\nyour turn: tandem search --collection {COLLECTION} "…"')
        note("next, the page and the API: tandem demo --serve")
    if serve and code == FOUND:
        shown = with_personal_order(chosen)
        serve_until_stopped(shown, "tandem demo --serve", _invite, _people(shown))
    return code


def _people(chosen: Settings) -> list[dict[str, str]]:
    """Whom one may be on the page: nobody else, where the order does not know who asks."""
    with closing(open_catalog(chosen)) as catalog:
        live = catalog.releases.live(COLLECTION)
    is_learned = live is not None and live.model is not None
    if not (is_learned or chosen.search.personal_share):
        return []
    return choices(with_readers=is_learned)


def _check(place: Mapping[str, object], *, serve: bool, as_json: bool) -> None:
    if serve and as_json:
        raise InputError("--json: expected without --serve", hint="ask for one after the other")
    for name, value in place.items():
        if value is not None and not serve:
            raise InputError(f"--{name}: expected only with --serve", hint="leave it out")


def _prepared(chosen: Settings, *, only_serves: bool, quiet: bool) -> tuple[int, Mapping[str, Any]]:
    """The exit code, and what was measured: nothing where it is served and was indexed before."""
    with open_house(chosen, "tandem demo", notify=note) as house:
        target, report = _index(house, quiet=quiet)
        seed_people(house.catalog, datetime.now(UTC))
        code = exit_code(report)
        if only_serves and not (report.accepted - report.unchanged or report.deleted):
            return code, {}
        figures = measure_configurations(target)
        if not quiet:
            _show_figures(figures)
            for text in SHOWN_QUERIES:
                say(f'\n$ tandem search --collection {COLLECTION} "{text}"')
                show(target.searcher(DEFAULT).search(Query(text, limit=SHOWN_HITS)))
        return code, {"documents": target.catalog.documents.count(COLLECTION), **figures}


def _learned(chosen: Settings, *, is_shown: bool, quiet: bool) -> Mapping[str, Any]:
    """Have a model learned from simulated readers, unless there is one; how good it is."""
    with open_house(chosen, "tandem demo", notify=note) as house:
        is_new = not house.catalog.models.list(COLLECTION)
        if is_new and not _simulated(house.collection(COLLECTION), quiet=quiet):
            return {}
    if is_new and not _trained(chosen, quiet=quiet):
        return {}
    if not (is_new or is_shown):
        return {}
    with open_house(chosen, "tandem demo", notify=note) as house:
        found = taught(house.collection(COLLECTION))
    assert found is not None, "it was trained"
    if not quiet:
        for line in found.lines():
            say(line)
    return {"simulated_readers": found.as_data()}


def _simulated(target: OpenCollection, *, quiet: bool) -> bool:
    """Whether simulated readers could find anything."""
    note("simulated readers search and click; nobody of them lives")
    with bars(wanted=not quiet) as shown:
        shown.add("rounds", "simulated rounds", ROUNDS)
        done = have_read(target, datetime.now(UTC), lambda: shown.advance("rounds", 1))
    if done is None:
        note("no judged query has an answer here: there is nothing that readers would look for")
        return False
    note(f"they made {done.searches:,} searches and {done.clicks:,} clicks")
    return True


def _trained(chosen: Settings, *, quiet: bool) -> bool:
    """Whether a model was trained; that a gate refuses it is told."""
    with bars(wanted=not quiet) as shown:
        try:
            outcome = have_done(
                chosen, Order(COLLECTION, "train", TRAINING), DrawnReading(shown), note
            )
        except InputError as error:
            note(f"no model was trained: {printable(str(error))}")
            return False
    refusal = outcome["refusal"]
    if refusal is None:
        note(f"model {outcome['model']}, trained on them, is live as release {outcome['release']}")
    else:
        note(f"the model is kept, and nothing went live: {printable(refusal['message'])}")
    return True


def with_personal_order(chosen: Settings) -> Settings:
    """The settings with the demo's personal share, unless they name one themselves."""
    if "personal_share" in chosen.search.model_fields_set:
        return chosen
    search = chosen.search.model_copy(update={"personal_share": PERSONAL_SHARE})
    return chosen.model_copy(update={"search": search})


def _invite(address: str) -> None:
    note(f"serving the demo at {address}; stop with Ctrl-C")
    note(
        "open it, choose one of its invented people or simulated readers, and see what their clicks"
    )
    note("change, such as for")
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
    """nDCG@10 and R@100 of every configuration, without a model, over the bundled judgments."""
    judgments = load_judgments(known_ids(target))
    if judgments.missing:
        note(f"{len(judgments.missing)} judged names do not exist in this Python: left out")
    figures: dict[str, Mapping[str, float]] = {}
    for name in CONFIGURATIONS:
        with without_model(target, name) as searcher:
            figures[name] = measure(judgments.qrels, run_queries(searcher, judgments.queries))
    return figures


def _show_figures(figures: Mapping[str, Mapping[str, float]]) -> None:
    say("\nhow good it finds, over the bundled judgments:")
    for name, values in figures.items():
        say(f"  {name:<9} " + "  ".join(f"{label} {value:.3f}" for label, value in values.items()))
