"""A new generation beside the live one: it catches up with the log, is examined, and goes live.

Nothing here builds an index: two more followers do, from zero. This waits for them, asks the gates,
and moves the pointer. Killed anywhere, it is done again from where the followers stand.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from indexer.patience import PATIENCE_SECONDS, Patience, may_pass
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.releases import Release
from tandem.errors import (
    CatalogError,
    EngineUnavailable,
    GateFailed,
    ReleaseConflict,
    TandemError,
)
from tandem.protocols import Gate, Verdict
from tandem.telemetry import logger

POLL_SECONDS = 0.1
CLOSE_ENOUGH = 200
"""Changes behind at which a generation may go live: at most what one batch holds."""


@dataclass(frozen=True, slots=True)
class LegProgress:
    """How far one index of the new generation is: sequences of the log, ``applied`` of ``head``."""

    leg: str
    applied: int
    head: int


@dataclass(frozen=True, slots=True)
class ReindexProgress:
    """``stage`` is ``building``, ``examining``, ``promoting`` or ``done``. ``rate`` counts log
    entries a second of the slower leg; ``seconds_left`` is ``None`` while nobody can tell.
    """

    stage: str
    legs: tuple[LegProgress, ...] = ()
    rate: float = 0.0
    seconds_left: float | None = None


Report = Callable[[ReindexProgress], None]

Applied = Callable[[], Mapping[str, int]]
"""Leg -> everything up to this sequence is in a generation's index."""


def unheard(_progress: ReindexProgress) -> None:
    """Tell nobody."""


class Candidate(Protocol):
    """The new generation, as its followers leave it."""

    def applied(self) -> dict[str, int]:
        """Leg -> everything up to this sequence is in its index."""
        ...

    def error(self) -> TandemError | None:
        """Why a leg does not get on at the moment, if one does not."""
        ...

    def is_dropped(self) -> bool:
        """Whether another process has dropped it."""
        ...


@dataclass(slots=True)
class ReindexOutcome:
    """``release`` is ``None`` where nothing was promoted, as was asked. ``dropped`` are the
    generations that are gone since.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    overridden: list[str] = field(default_factory=list)
    release: Release | None = None
    dropped: list[int] = field(default_factory=list)
    seconds: float = 0.0


class Interrupted(TandemError):
    """The reindex was told to stop; it can be resumed."""

    code = "interrupted"


class Reindexing:
    """Brings one candidate to the live place."""

    def __init__(
        self,
        log: DocumentLog,
        collection: str,
        candidate: Candidate,
        *,
        report: Report,
        stopped: Callable[[], bool],
        retry: str = "tandem reindex --resume",
    ) -> None:
        """``retry`` is the command that goes on where this one had to end."""
        self._retry = retry
        self._log = log
        self._collection = collection
        self._candidate = candidate
        self._report = report
        self._stopped = stopped
        self._started = time.monotonic()

    def run(
        self,
        gates: Sequence[Gate],
        overridden: Collection[str],
        promote: Callable[[], Release] | None,
    ) -> ReindexOutcome:
        """Wait, examine, promote; without ``promote`` the generation is left ready.

        Raises:
            GateFailed: a gate that is not overridden was not passed; nothing went live.
            ReleaseConflict: something else was promoted meanwhile.
            TandemError: an engine or the catalogue failed for too long, or it was told to stop.
        """
        self._wait(0)
        outcome = ReindexOutcome()
        for gate in gates:
            self._tell(ReindexProgress("examining"))
            outcome.verdicts.append(gate.examine())
            self._check_stopped()  # what was cut short says nothing of fitness
        outcome.overridden = overruled(
            outcome.verdicts, overridden, "the new generation", self._retry
        )
        if promote is not None:
            self._wait(CLOSE_ENOUGH)  # what was written while it was examined
            self._tell(ReindexProgress("promoting"))
            outcome.release = promote()
        outcome.seconds = time.monotonic() - self._started
        self._tell(ReindexProgress("done"))
        return outcome

    def go_live(self, promote: Callable[[], Release], live: Applied) -> Release:
        """Wait for what the log holds now, and promote what nobody needs to examine. Where its
        engine fails, as far as the ``live`` generation has come is enough: that one is no better.

        Raises:
            ReleaseConflict: something else was promoted meanwhile.
            TandemError: an engine or the catalogue failed for too long, or it was told to stop.
        """
        self._wait(0, live)
        release = promote()
        self._tell(ReindexProgress("done"))
        return release

    def _tell(self, progress: ReindexProgress) -> None:
        """News that may get lost: nothing fails of it, least of all what is live already."""
        try:
            self._report(progress)
        except CatalogError as error:
            if not may_pass(error) and progress.stage != "done":
                raise
            logger("indexer").warning("%s: progress is not told: %s", self._collection, error)

    def _wait(self, behind: int, live: Applied | None = None) -> None:
        """Until both legs are at most ``behind`` changes behind what is in the log now, or, where
        one fails, no further behind than ``live``. Another short failure is waited out, be it of an
        engine or of the catalogue.
        """
        target: int | None = None
        pace: _Pace | None = None
        failing, unread = Patience(PATIENCE_SECONDS), Patience(PATIENCE_SECONDS)
        while True:
            self._check_stopped()
            try:
                applied = self._candidate.applied()
                if target is None or pace is None:
                    target, pace = self._log.head(), _Pace(applied)
                if pace.has_moved(applied):
                    failing.restore()
                self._report(pace.progress(applied, target))
                self._check_dropped()
                if self._is_close(applied, target, behind):
                    return
                if live is not None and self._is_as_far(applied, live()):
                    return
                unread.restore()
            except CatalogError as error:
                if not may_pass(error):
                    raise
                self._bear(unread, error, "the catalogue")
            self._check_legs(failing)
            time.sleep(POLL_SECONDS)

    def _check_stopped(self) -> None:
        if self._stopped():
            raise Interrupted(
                "stopped before anything went live; the live release stays as it is",
                hint=f"go on with {self._retry}",
            )

    def _is_close(self, applied: dict[str, int], target: int, behind: int) -> bool:
        slowest = min(applied.values())
        if slowest >= target:
            return True
        return behind > 0 and self._log.behind(self._collection, slowest) <= behind

    def _is_as_far(self, applied: dict[str, int], live: Mapping[str, int]) -> bool:
        error = self._candidate.error()
        if error is None or any(applied[leg] < live[leg] for leg in applied):
            return False
        logger("indexer").warning(
            "%s: not waited for what the live generation has not applied either: %s",
            self._collection,
            error,
        )
        return True

    def _check_dropped(self) -> None:
        if self._candidate.is_dropped():
            raise ReleaseConflict(
                f"{self._collection}: another process has dropped the generation meanwhile; the "
                "live release stays as it is",
                hint="see what is there now: tandem releases; tandem reindex builds a new one",
            )

    def _check_legs(self, failing: Patience) -> None:
        error = self._candidate.error()
        if error is None:
            failing.restore()
        else:
            self._bear(failing, error, "the generation")

    def _bear(self, patience: Patience, error: TandemError, what: str) -> None:
        if patience.is_over():
            raise EngineUnavailable(
                f"{what} does not get on: {error}", hint=f"mend it and go on with {self._retry}"
            ) from error


class _Pace:
    """Rate and time left, from where it began."""

    def __init__(self, applied: dict[str, int]) -> None:
        self._first = dict(applied)
        self._last = dict(applied)
        self._since = time.monotonic()

    def has_moved(self, applied: dict[str, int]) -> bool:
        """Whether a leg is elsewhere than the last time this was asked."""
        before, self._last = self._last, dict(applied)
        return before != applied

    def progress(self, applied: dict[str, int], target: int) -> ReindexProgress:
        seconds = max(time.monotonic() - self._since, 1e-3)
        rate = min(applied[leg] - self._first[leg] for leg in applied) / seconds
        left = max(target - min(applied.values()), 0)
        legs = tuple(LegProgress(leg, done, target) for leg, done in applied.items())
        seconds_left = left / rate if rate > 0 else (0.0 if left == 0 else None)
        return ReindexProgress("building", legs, rate, seconds_left)


def overruled(
    verdicts: Sequence[Verdict], overridden: Collection[str], what: str, retry: str | None
) -> list[str]:
    """The gates that were not passed, and are overridden. ``retry`` is the command that promotes
    ``what`` was examined all the same, with overrides behind it; ``None`` where none can.

    Raises:
        GateFailed: one was not passed and is not overridden.
    """
    failed = [verdict for verdict in verdicts if not verdict.is_passed]
    refused = [verdict for verdict in failed if verdict.gate not in overridden]
    if refused:
        told = "; ".join(f"{verdict.gate}: {verdict.detail}" for verdict in refused)
        names = " ".join(f"--override {verdict.gate}" for verdict in refused)
        forced = "" if retry is None else f"; to promote it all the same: {retry} {names}"
        raise GateFailed(f"{what} is not fit to go live: {told}", hint=f"look into it{forced}")
    return [verdict.gate for verdict in failed]
