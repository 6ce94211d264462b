"""``tandem demo``: index what every machine has, say how good it finds, and show a few searches."""

from collections.abc import Mapping

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.commands.index import index_into, warn_of_rebuilds
from api.commands.index_report import exit_code, tell, tell_problems
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.commands.search import show
from api.console import note, say, say_json
from api.demo.judgments import load_judgments
from api.demo.records import DemoRecords
from indexer.indexing import NamedSource
from indexer.rejects import RejectsFile
from indexer.validation import sample_attributes
from query.configurations import DEFAULT
from relevance_eval.execution import run_queries
from relevance_eval.measures import measure
from tandem.queries import Query
from tandem.schema import infer_schema

COLLECTION = "demo"
CONFIGURATIONS = ("lexical", "semantic", "rrf", "hybrid")
SHOWN_QUERIES = (
    "read a csv file as dictionaries",
    "find files matching a pattern recursively",
    "undo percent encoding in a url",
)
SHOWN_HITS = 3


def run(data_dir: DataDir = None, config: ConfigFile = None, as_json: AsJson = False) -> int:
    """Index the documentation of Python's standard library, measure, and show a few searches."""
    chosen = settings(config, data_dir, COLLECTION)
    with open_house(chosen, "tandem demo", notify=note) as house:
        target, code = _index(house, quiet=as_json)
        figures = measure_configurations(target)
        if as_json:
            say_json({"documents": target.catalog.documents.count(COLLECTION), **figures})
            return code
        _show_figures(figures)
        for text in SHOWN_QUERIES:
            say(f'\n$ tandem search --collection {COLLECTION} "{text}"')
            show(target.searcher(DEFAULT).search(Query(text, limit=SHOWN_HITS)))
        note(f'\nyour turn: tandem search --collection {COLLECTION} "…"')
    return code


def _index(house: House, *, quiet: bool) -> tuple[OpenCollection, int]:
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
    return target, exit_code(report)


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
