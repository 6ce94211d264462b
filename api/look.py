"""What can be known without opening an index: by the catalogue, and by asking the engines.

It writes nothing, so it works beside a process that owns the data folder.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from api.generation import analysis_of
from api.model_fitness import left_model
from api.tuned import search_of
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import reading
from tandem.catalog.releases import Generation, Release
from tandem.catalog.urls import shown
from tandem.errors import CatalogError, EngineError, SettingsError
from tandem.schema import describe
from tandem.stores import EngineHealth, LexicalStore, VectorStore

SHOWN_FAILURES = 10
CURRENT, BEHIND, MISSING, UNREACHABLE = "current", "behind", "missing", "unreachable"
"""What state an index is in. A missing one is gone, or another than the one that was built here."""

AT_WORK = {"ok", "degraded"}
"""The states of an engine that answers for all its indexes."""

UNUSABLE = "unusable"

AnyStore = LexicalStore | VectorStore
Found = TypeVar("Found")


class Lag(NamedTuple):
    """How far an index is behind the log: changes, and the age of the oldest of them, seconds."""

    changes: int
    seconds: float


def lag_of(catalog: Catalog, collection: str, applied: int) -> Lag:
    """Of an index that has applied the log up to that sequence."""
    since = catalog.documents.waiting_since(collection, applied)
    seconds = 0.0 if since is None else _seconds_since(since)
    return Lag(catalog.documents.behind(collection, applied), seconds)


@dataclass(frozen=True, slots=True)
class Look:
    """A look at everything that the catalogue knows."""

    catalog: Catalog
    lexical: LexicalStore
    vector: VectorStore

    def engines(self) -> dict[str, Any]:
        """How the engines are."""
        return {
            leg: store.health()._asdict()
            for leg, store in (("lexical", self.lexical), ("vector", self.vector))
        }

    def catalogue(self) -> dict[str, Any]:
        """Which database the catalogue is in; one that does not answer has raised before."""
        with reading(self.catalog.engine) as connection:
            version = connection.dialect.server_version_info or ()
        engine = self.catalog.engine
        told = ".".join(str(part) for part in version)
        return EngineHealth(engine.dialect.name, told, "ok", shown(engine.url))._asdict()

    def event_log(self) -> dict[str, Any]:
        """How the event log is, and how much room it takes; without one, none is made."""
        try:
            size = self.catalog.events.bytes_held() if self.catalog.has_events() else 0
        except CatalogError as error:  # whatever else there is to see is shown
            return {"state": UNUSABLE, "detail": str(error), "bytes": None}
        return {"state": "ok", "detail": "", "bytes": size}

    def collection(self, name: str, engines: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Everything that there is to know of one collection that has a live release.

        ``engines`` is what ``engines()`` told before, or else asked now: one that does not answer
        is asked nothing more.
        """
        told = self.engines() if engines is None else engines
        answering = {leg for leg, health in told.items() if health["state"] != UNREACHABLE}
        live = self.catalog.releases.live(name)
        assert live is not None, "collections() lists what is live"
        # by its number: where it was dropped since, the list has it no more
        generation = self.catalog.releases.generation(live.generation)
        generations = self.catalog.releases.generations(name)
        others = [item for item in generations if item.number != generation.number]
        return {
            "collection": name,
            "documents": self.catalog.documents.count(name),
            "head": self.catalog.documents.head(),
            **self._behaviour(name),
            "release": live.number,
            "released_at": live.created_at,
            "parent": live.parent,
            **self._model(live),
            "search": search_of(live),
            "generation": generation.number,
            "embedder": generation.embedder,
            "passage_tokens": generation.passage_tokens,
            "analysis": generation.analysis,
            "fields": describe(generation.schema),
            "indexes": self._indexes(generation, answering),
            "generations": [
                {
                    "generation": item.number,
                    "state": item.state,
                    "embedder": item.embedder,
                    "analysis": item.analysis,
                    "trouble": _trouble(item),
                    "indexes": self._indexes(item, answering),
                }
                for item in others
            ],
            "tasks": [
                {
                    "task": task.number,
                    "kind": task.kind,
                    "state": task.state,
                    "progress": dict(task.progress),
                }
                for task in self.catalog.tasks.unfinished(name)
            ],
        }

    def _model(self, live: Release) -> dict[str, Any]:
        """The live release's model, or what became of the one before."""
        if live.model is None:
            return {"model": None, "left_model": left_model(self.catalog, live)}
        found = self.catalog.models.described(live.model)
        told = {"model": found.number, "kind": found.manifest.get("kind", "unknown")}
        return {"model": told | {"created_at": found.created_at}, "left_model": None}

    def _behaviour(self, name: str) -> dict[str, int | None]:
        """How much of what people did is kept, of how many pages the features, with their size, and
        how many people are erased, and being erased; ``None`` where the event log cannot be used.
        """
        told = ("events", "impressions", "features", "feature_bytes", "erased", "erasing")
        try:
            if not self.catalog.has_events():
                return dict.fromkeys(told, 0)
            log = self.catalog.events
            counts = (log.event_count(name), log.impression_count(name))
            done = [noted.done_at is not None for noted in log.erasures.of(name)]
            erased = (done.count(True), done.count(False))
            return dict(zip(told, (*counts, *log.features.size(name), *erased), strict=True))
        except CatalogError:
            return dict.fromkeys(told)

    def _indexes(self, generation: Generation, answering: Collection[str]) -> dict[str, Any]:
        collection = generation.collection
        return {
            leg: self._index(collection, name, store if leg in answering else None)
            for leg, name, store in (
                ("lexical", generation.lexical_name, self.lexical),
                ("vector", generation.vector_name, self.vector),
            )
        }

    def _index(self, collection: str, name: str, store: AnyStore | None) -> dict[str, Any]:
        """What is known of an index; ``store`` is ``None`` where its engine does not answer."""
        checkpoints = self.catalog.checkpoints
        checkpoint, lease = checkpoints.read(name), checkpoints.observe(name)
        applied = checkpoint.applied if checkpoint else 0
        is_reachable, identity = _asked(store, lambda asked: asked.identity(name))
        size = _asked(store if is_reachable else None, lambda asked: asked.bytes_on_disk(name))[1]
        is_missing = (
            is_reachable
            and checkpoint is not None
            and applied > 0
            and identity != checkpoint.identity
        )
        if is_missing:
            applied = 0
        lag = lag_of(self.catalog, collection, applied)
        verified = self.catalog.verifications.last(name)
        refused = checkpoints.failure_count(name)
        newest = self.catalog.documents.count(collection, applied)
        return {
            "state": _state(is_reachable, is_missing, lag.changes),
            # those whose newest version is in it
            "documents": max(0, newest - refused),
            "applied": applied,
            "behind": lag.changes,
            "behind_seconds": round(lag.seconds, 1),
            "holder": lease.owner if lease else None,
            "bytes": size,
            "refused": refused,
            "failures": [
                {"document_id": failure.document_id, "reason": failure.reason}
                for failure in checkpoints.failures(name, SHOWN_FAILURES)
            ],
            "verified": None
            if verified is None
            else {
                "at": verified.at,
                "findings": dict(verified.findings),
                "repaired": verified.repaired,
            },
        }


def _state(is_reachable: bool, is_missing: bool, behind: int) -> str:
    if not is_reachable:
        return UNREACHABLE
    if is_missing:
        return MISSING
    return BEHIND if behind else CURRENT


def _trouble(generation: Generation) -> str | None:
    """Why a generation cannot be opened here, if that is known without trying."""
    try:
        analysis_of(generation)
    except SettingsError as error:
        return str(error)
    return None


def _asked(
    store: AnyStore | None, question: Callable[[AnyStore], Found]
) -> tuple[bool, Found | None]:
    """Whether the engine answered, and what; ``None`` is not asked."""
    if store is None:
        return False, None
    try:
        return True, question(store)
    except EngineError:
        return False, None


def _seconds_since(moment: datetime) -> float:
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())
