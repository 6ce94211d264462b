"""The demo learns: simulated readers search and click, a model is trained on it and held against
the order without one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api.collection import OpenCollection
from api.demo.judgments import load_judgments
from api.demo.readers import SEED, draw_readers
from api.demo.simulation import Report, Simulated, Simulation, catch_up, simulate
from query.configurations import DEFAULT
from query.retrieval import search_pools
from relevance_eval.execution import run_queries
from relevance_eval.measures import measure
from rerank.manifest import Manifest, Measured, Proof
from tandem.protocols import Searcher

READERS = 160
ROUNDS = 8

ASKED, UNASKED = "tune", "test"
"""The halves of the judgments: simulated readers ask the queries of the first; the second shows
what becomes of queries that nobody asked.
"""

TRAINING: Mapping[str, Any] = {"overridden": [], "seed": SEED, "newest_share": 0.0}
"""As ``tandem train`` does, but proved by other people of the same time: to simulated readers one
day is as another, and there are not many.
"""

MODELS = {
    "random": "by lot",
    "untrained": "without a model",
    "popularity": "by popularity",
    "without_personal": "without personal features",
    "model": "with personal features",
}
"""What is measured on held-out readers, as it is shown."""

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Taught:
    """What came of it. ``proof`` is of held-out simulated readers. ``before`` and ``after`` measure
    the default order on judged queries that no reader asked, of nobody in particular, without the
    model and with it; the latter is ``None`` if it is not live.
    """

    model: int
    proof: Proof
    before: Scores
    after: Scores | None

    def as_data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "model": self.model,
            "is_live": self.after is not None,
            "held_out": {"people": self.proof.users, "searches": self.proof.groups},
            "models": {name: _plain(self.proof.models[name]) for name in MODELS if self._has(name)},
            "lift_by_personal": _plain(self.proof.lifts.get("without_personal", {})),
            "unasked_queries": {"without_model": self.before, "with_model": self.after},
        }

    def lines(self) -> Iterator[str]:
        """For a person to read."""
        proof = self.proof
        yield (
            f"\nsimulated readers, {proof.users} of whom were held out: how good the order is by "
            f"what they clicked in {proof.groups:,} searches"
        )
        yield "(clicks count the more, the less their position is looked at; 95 % intervals):"
        for name, told in MODELS.items():
            if self._has(name):
                yield f"  {told:<26} {_told(proof.models[name])}"
        if lift := proof.lifts.get("without_personal"):
            yield f"  personal features add      {_told(lift, '+')}"
        yield "judged queries that no reader asked, searched by nobody in particular:"
        yield f"  without the model          {_figures(self.before)}"
        if self.after is not None:
            yield f"  with it                    {_figures(self.after)}"

    def _has(self, name: str) -> bool:
        return name in self.proof.models


def _plain(measured: Measured) -> dict[str, Any]:
    return {name: value._asdict() for name, value in measured.items()}


def _told(measured: Measured, sign: str = "") -> str:
    return "  ".join(
        f"{name} {value.mean:{sign}.3f} ({value.low:{sign}.3f} to {value.high:{sign}.3f})"
        for name, value in measured.items()
    )


def _figures(scores: Scores) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in scores.items())


def have_read(target: OpenCollection, now: datetime, report: Report) -> Simulated | None:
    """Have simulated readers search and click, up to now; ``None`` where no judged query has an
    answer in the collection. What they did before is not done again.

    Raises:
        TandemError: see ``simulate``.
    """
    judged = load_judgments(known_ids(target), split=ASKED)
    if not judged.queries:
        return None
    ids = sorted({name for grades in judged.qrels.values() for name in grades})
    documents = target.catalog.documents.documents(target.name, ids)
    attributes = {name: document.attributes for name, document in documents.items()}
    readers = draw_readers(READERS, SEED)
    return simulate(target, Simulation(readers, judged, attributes, ROUNDS, now, SEED), report)


def taught(target: OpenCollection) -> Taught | None:
    """How good the demo's newest model proved; ``None`` without one."""
    models = target.catalog.models.list(target.name)
    if not models:
        return None
    newest = models[0]
    judged = load_judgments(known_ids(target), split=UNASKED)

    def measured(searcher: Searcher) -> Scores:
        return measure(judged.qrels, run_queries(searcher, judged.queries))

    with without_model(target) as untrained:
        before = measured(untrained)
    after = None
    if target.release.model == newest.number:
        target.searching.begin()
        catch_up(target)
        after = measured(target.searcher(DEFAULT))
    return Taught(newest.number, Manifest.read(newest.manifest).proof, before, after)


def known_ids(target: OpenCollection) -> set[str]:
    """The documents that can be found."""
    return {document_id for document_id, _ in target.lexical.index.versions()}


@contextmanager
def without_model(target: OpenCollection, configuration: str = DEFAULT) -> Iterator[Searcher]:
    """What searches the live generation as if no model were live."""
    pools = search_pools()
    try:
        with target.held() as (release, opened):
            yield target.searching.pipeline_apart(
                replace(release, model=None), opened, target.configuration(configuration), pools
            )
    finally:
        pools.close()
