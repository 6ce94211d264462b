"""Whom an evaluation asks: configurations in this process or of a server, and a baseline."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from api.bootstrap import House
from api.collection import OpenCollection
from api.engines import analyser
from api.eval_about import about_release, versions
from api.generation import OpenGeneration, analysis_of
from api.model_fitness import usable
from indexer.indexing import catch_up
from query.configurations import CONFIGURATIONS, LEXICAL, VECTOR, is_reranked
from query.retrieval import search_pools
from relevance_eval.baseline import NAME as BASELINE
from relevance_eval.baseline import Bm25Baseline
from relevance_eval.running import CANDIDATES, Asking, Stage
from rerank.manifest import Manifest
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation, Release
from tandem.documents import Document
from tandem.errors import InputError, QueryError
from tandem.protocols import Searcher
from tandem.scoring import LexicalScoring

if TYPE_CHECKING:
    from tandem.client import Client

STAGES: Mapping[Stage, str] = {LEXICAL: "lexical", VECTOR: "semantic", CANDIDATES: "rrf"}
"""Which configuration shows a stage's own list, of those that have more than one stage."""

WITHOUT, AS_RELEASED = "none", ""
"""No model, and the live release's, whichever that is."""

CHANGES = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """One run to be: its ``name`` is that of its file, ``about`` what its header says besides."""

    name: str
    asking: Asking
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are wanted: every configuration, where a model orders it with each of the models
    (numbers, ``none``, or empty for the release's); over which generation, if not the live one; and
    how deep.
    """

    configurations: Sequence[str]
    models: Sequence[str] = (AS_RELEASED,)
    depth: int = 100
    reach: int = 100
    baseline: bool = False
    generation: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse what is nowhere, before anything is opened.

        Raises:
            QueryError: a configuration is unknown.
            InputError: a model is neither a number nor ``none``, or nothing is ordered by one.
        """
        for name in self.configurations:
            if name not in CONFIGURATIONS:
                raise QueryError(
                    f"there is no configuration {name!r}, expected one of "
                    f"{', '.join(CONFIGURATIONS)}",
                    field="configuration",
                )
        for model in self.models:
            if model not in (WITHOUT, AS_RELEASED) and not model.isdecimal():
                raise InputError(f"--model is {model!r}, expected a model's number, or none")
        if list(self.models) != [AS_RELEASED] and not any(map(is_reranked, self.configurations)):
            raise InputError(
                "--model is given, but no configuration that a model orders",
                hint="add --configuration hybrid",
            )

    def runs(self) -> Iterator[tuple[str, str, str]]:
        """(name, configuration, model) of each run."""
        for configuration in dict.fromkeys(self.configurations):
            for model in dict.fromkeys(self.models if is_reranked(configuration) else [""]):
                yield self._named(configuration, model), configuration, model

    def _named(self, configuration: str, model: str) -> str:
        parts = [configuration]
        if model != AS_RELEASED:
            parts.append("without-model" if model == WITHOUT else f"model-{model}")
        if self.generation is not None:
            parts.append(f"generation-{self.generation}")
        return "-".join(parts)


@contextmanager
def in_process(house: House, target: OpenCollection, wanted: Wanted) -> Iterator[list[Source]]:
    """Sources over the live release, or over another generation in its place, held until the block
    ends, with pools that nobody's searches wait for.

    Raises:
        InputError: there is no such generation or model, or the model knows another embedder or
            analysis.
    """
    pools = search_pools()
    try:
        with _held(target, wanted.generation) as (release, opened):
            pipelines: dict[tuple[str, int | None], Searcher] = {}

            def searcher(configuration: str, model: int | None) -> Searcher:
                key = configuration, model
                if key not in pipelines:
                    scoring = target.searching.scoring_of(release)
                    _check_model(house.catalog, model, opened.generation, scoring)
                    pipelines[key] = target.searching.pipeline_apart(
                        replace(release, model=model),
                        opened,
                        target.configuration(configuration),
                        pools,
                    )
                return pipelines[key]

            reach = max(wanted.reach, target.searching.settings_of(release).depth)
            about = {
                **wanted.about,
                **about_release(target, release, opened.generation),
                "reach": reach,
            }
            sources = []
            for name, configuration, told in wanted.runs():
                model = _model(told, release) if is_reranked(configuration) else None
                shown = _stages(configuration)
                stages = {stage: searcher(own, None) for stage, own in shown.items()}
                asking = Asking(searcher(configuration, model), wanted.depth, stages, reach)
                own = {"name": name, "configuration": configuration, "model": model}
                sources.append(Source(name, asking, {**own, **about}))
            yield sources
    finally:
        pools.close()


@contextmanager
def _held(
    target: OpenCollection, generation: int | None
) -> Iterator[tuple[Release, OpenGeneration]]:
    with target.held() as (release, live):
        if generation is None:
            yield release, live
            return
        opened = target.open_generation(
            complete_generation(target.catalog, target.name, generation)
        )
        catch_up(opened.followers)
        with opened.in_use():
            yield release, opened


def complete_generation(catalog: Catalog, collection: str, number: int) -> Generation:
    """The generation of that number, ready or live before.

    Raises:
        InputError: there is none, or it is still being built.
    """
    known = catalog.releases.generations(collection)
    complete = {item.number: item for item in known if item.state != "building"}
    if number not in complete:
        listed = ", ".join(map(str, complete))
        raise InputError(
            f"there is no complete generation {number} of {collection}, expected one of {listed}",
            hint="tandem releases shows them; tandem reindex --no-promote builds one",
        )
    return complete[number]


def by_server(client: "Client", wanted: Wanted) -> list[Source]:
    """Sources that a server answers, by its live release.

    Raises:
        InputError: a model or a generation is named: a server has those that are live.
        ServerUnavailable, ServerFailed: it answers no searches.
    """
    if list(wanted.models) != [AS_RELEASED] or wanted.generation is not None:
        raise InputError(
            "--model or --generation is given, but a server answers by its live release",
            hint="leave them out, or stop the server that owns the data folder meanwhile",
        )
    from relevance_eval.served import ServedSearcher

    state = client.ready()
    served = {
        "collection": state.collection,
        "release": state.release,
        "legs": {leg: _engine(told) for leg, told in state.legs.items()},
        "versions": versions(),
    }

    def searcher(configuration: str) -> Searcher:
        return ServedSearcher(client, configuration, state.release)

    return [
        Source(
            name,
            Asking(
                searcher(configuration),
                wanted.depth,
                {stage: searcher(own) for stage, own in _stages(configuration).items()},
                wanted.reach,
            ),
            {"name": name, "configuration": configuration, **wanted.about, **served},
        )
        for name, configuration, _ in wanted.runs()
    ]


def _engine(told: Mapping[str, str]) -> dict[str, str]:
    """Without its state, which may be another one when the run is gone on with."""
    return {name: told[name] for name in ("engine", "version") if name in told}


def baseline(catalog: Catalog, collection: str, generation: Generation, wanted: Wanted) -> Source:
    """BM25 over all documents of the log, by the words that the generation's analysis makes.

    Raises:
        InputError: no document has a word.
    """
    log_head = catalog.documents.head()
    words = analyser(analysis_of(generation))
    searcher = Bm25Baseline(documents(catalog, collection), words)
    about = {
        "name": BASELINE,
        "configuration": BASELINE,
        **wanted.about,
        "collection": collection,
        "log_head": log_head,
        "generation": generation.number,
        "analysis": generation.analysis,
        "versions": versions(),
    }
    return Source(BASELINE, Asking(searcher, wanted.depth), about)


def documents(catalog: Catalog, collection: str) -> Iterator[Document]:
    """Every document of a collection that is not deleted, in the order of the log."""
    after = 0
    while True:
        batch = catalog.documents.changes(collection, after, CHANGES)
        for change in batch.changes:
            if change.document is not None:
                yield change.document
        if batch.through == after:
            return
        after = batch.through


def _stages(configuration: str) -> Mapping[Stage, str]:
    """The stages whose lists go into an order of more than one."""
    return STAGES if is_reranked(configuration) or configuration == "rrf" else {}


def _model(told: str, release: Release) -> int | None:
    if told == AS_RELEASED:
        return release.model
    return None if told == WITHOUT else int(told)


def _check_model(
    catalog: Catalog, number: int | None, generation: Generation, scoring: LexicalScoring
) -> None:
    if number is None:
        return
    manifest = Manifest.read(catalog.models.described(number, generation.collection).manifest)
    for verdict in usable(manifest, generation, scoring):
        if not verdict.is_passed:
            raise InputError(
                f"model {number} does not fit generation {generation.number}: {verdict.detail}",
                hint="take another one of tandem models, or order without: --model none",
            )
