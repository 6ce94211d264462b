"""What a new generation must pass before it goes live, and which old ones go then."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from api.collection import OpenCollection
from api.examination import Judged, OwnQualityGate, VerifyGate
from api.generation import OpenGeneration
from api.model_fitness import carried
from indexer.seats import Access
from query.understanding import check_searchable
from relevance_eval.execution import DEPTH
from relevance_eval.formats.registry import read_askable
from relevance_eval.thresholds import Threshold, check_depth, read_thresholds
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation, Release, Releases
from tandem.errors import InputError, QueryError, ReleaseConflict, SettingsError, SourceError
from tandem.protocols import Gate, Verdict
from tandem.sections import QualitySettings

MEASURE = "nDCG@10"
"""What `quality.tolerance` is about."""

GATES = ("refused", "verify", "quality")
"""The names by which they are overridden."""

REFUSED_SHARE = 0.02
"""How large a share of the documents a new generation may refuse beyond what the live one does."""

GRACE_SECONDS = 5.0
"""How long a generation outlives a promotion on servers: other processes look for releases twice a
second, and the queries that they began before that are to end on what they began with.
"""


class RefusedGate:
    """A schema that cannot take much of what the log holds is likely a mistake."""

    name = "refused"

    def __init__(self, catalog: Catalog, live: OpenGeneration, candidate: OpenGeneration) -> None:
        self._catalog = catalog
        self._live = live
        self._candidate = candidate

    def examine(self) -> Verdict:
        """See ``Gate``."""
        before, after = map(self._refused, (self._live, self._candidate))
        documents = self._catalog.documents.count(self._live.generation.collection)
        detail = f"{after:,} of {documents:,} documents are left out, {before:,} by the live one"
        return Verdict(self.name, after - before <= REFUSED_SHARE * documents, detail)

    def _refused(self, opened: OpenGeneration) -> int:
        checkpoints = self._catalog.checkpoints
        return max(checkpoints.failure_count(name) for name in opened.index_names.values())


def judgments(quality: QualitySettings) -> Judged | None:
    """The judged queries that the settings name, if they do, with what they must reach.

    Raises:
        SourceError: they or the thresholds cannot be read, or a query cannot be asked.
        SettingsError: thresholds are named, and no judgments.
    """
    path = quality.judgments
    if path is None:
        if quality.thresholds is not None:
            raise SettingsError(
                "quality.thresholds is set, and quality.judgments is not",
                hint="name the judged queries that are to be measured, or unset both",
            )
        return None
    queries = read_askable(path)
    for query_id, text in queries.queries.items():
        try:
            check_searchable(text)
        except QueryError as error:
            raise SourceError(
                f"{path}: query {query_id!r} cannot be asked: {error}",
                hint="give it a text that can be searched, or leave out its judgments",
            ) from None
    return Judged(queries, _thresholds(quality))


def _thresholds(quality: QualitySettings) -> tuple[Threshold, ...]:
    if quality.thresholds is None:
        return (Threshold(MEASURE, "may_fall_by", quality.tolerance, "quality.tolerance"),)
    found = read_thresholds(quality.thresholds)
    check_depth(found, DEPTH)
    return found


def gates(
    collection: OpenCollection,
    candidate: OpenGeneration,
    judged: Judged | None,
    stopped: Callable[[], bool],
) -> Sequence[Gate]:
    """What a candidate of this collection must pass, the cheap ones first. What takes long asks
    ``stopped`` whether to go on.
    """
    chosen: list[Gate] = [
        RefusedGate(collection.catalog, collection.live, candidate),
        VerifyGate(collection, candidate, stopped),
    ]
    if judged is not None:
        model = carried(collection.catalog, collection.release, candidate.generation)
        made = replace(collection.release, model=model)
        chosen.append(OwnQualityGate(collection, candidate, made, judged, stopped))
    return chosen


def check_gates(overridden: Sequence[str], gates: Sequence[str] = GATES) -> None:
    """A name that none of the gates has would override nothing, hours later.

    Raises:
        InputError: there is no such gate.
    """
    for name in overridden:
        if name not in gates:
            raise InputError(
                f"--override: there is no gate {name!r}, expected {' or '.join(gates)}",
                hint="name the gate as the error that it gave does",
            )


def left_ready(
    releases: Releases, generation: Generation, conflict: ReleaseConflict
) -> ReleaseConflict:
    """What to tell where another release went live before a generation that has passed its gates:
    it is as ready as one that was not to be promoted.
    """
    releases.set_state(generation.number, "ready")
    return ReleaseConflict(
        f"{conflict}; generation {generation.number} is ready, and nothing was changed",
        hint="see what went live meanwhile: tandem releases; to promote it all the same: "
        f"tandem promote {generation.number}",
    )


def prune(collection: OpenCollection, keep: int) -> list[Generation]:
    """The generations that are neither live nor kept to go back to, nor newer than the live one:
    those are on their way, or ready to be promoted by hand. ``keep``: how many, the live one too.
    """
    releases, live = collection.catalog.releases, collection.release
    kept = [live.generation]
    before = live.parent
    while before is not None and len(kept) < keep:
        release = releases.release(before)
        if release.generation not in kept:
            kept.append(release.generation)
        before = release.parent
    known = releases.generations(collection.name)
    were_live = {release.generation for release in releases.history(collection.name)}
    awaited = {
        item.number for item in known if item.number not in were_live and _is_awaited(item, live)
    }
    return [item for item in known if item.number not in {*kept, *awaited}]


def outlived(
    collection: OpenCollection, keep: int, access: Access, is_stopping: Callable[[], bool]
) -> list[Generation]:
    """What is to be dropped after a promotion, once nobody searches it any more; nothing if this
    process ends before that: the next promotion sees to it.
    """
    if not prune(collection, keep) or not is_noticed(access, is_stopping):
        return []
    collection.refresh()  # another process may have gone back meanwhile
    return prune(collection, keep)


def is_noticed(access: Access, is_stopping: Callable[[], bool]) -> bool:
    """Wait until every process knows of a promotion and searches nothing older any more; whether it
    came to that before the end. Embedded engines are searched by this process alone: it knows.
    """
    if access is not Access.LEASED:
        return True
    until = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < until:
        if is_stopping():
            return False
        time.sleep(0.1)
    return True


def _is_awaited(item: Generation, live: Release) -> bool:
    return item.state == "building" or item.number > live.generation
