"""A new generation beside the live one: it catches up with the log, is examined, and goes live.

Nothing here builds an index: two more followers do, from zero. This waits for them, asks the gates,
and moves the pointer. Killed anywhere, it is done again from where the followers stand.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tandem.catalog.document_log import DocumentLog
from tandem.catalog.releases import Release
from tandem.errors import EngineUnavailable, GateFailed, TandemError
from tandem.protocols import Gate, Verdict

POLL_SECONDS = 0.1
CLOSE_ENOUGH = 200
"""Changes behind at which a generation may go live: at most what one batch holds."""

PATIENCE_SECONDS = 60.0
"""How long an engine may fail before the reindex gives up; it can be resumed."""


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
            TandemError: an engine failed for too long, or it was told to stop.
        """
        self._wait(0)
        outcome = ReindexOutcome()
        for gate in gates:
            self._report(ReindexProgress("examining"))
            outcome.verdicts.append(gate.examine())
        failed = [verdict for verdict in outcome.verdicts if not verdict.is_passed]
        outcome.overridden = [verdict.gate for verdict in failed if verdict.gate in overridden]
        refused = [verdict for verdict in failed if verdict.gate not in overridden]
        if refused:
            raise _refusal(refused, self._retry)
        if promote is not None:
            self._wait(CLOSE_ENOUGH)  # what was written while it was examined
            self._report(ReindexProgress("promoting"))
            outcome.release = promote()
        outcome.seconds = time.monotonic() - self._started
        self._report(ReindexProgress("done"))
        return outcome

    def go_live(self, promote: Callable[[], Release]) -> Release:
        """Wait for what the log holds now, and promote what nobody needs to examine.

        Raises:
            ReleaseConflict: something else was promoted meanwhile.
            TandemError: an engine failed for too long, or it was told to stop.
        """
        self._wait(0)
        release = promote()
        self._report(ReindexProgress("done"))
        return release

    def _wait(self, behind: int) -> None:
        """Until both legs are at most ``behind`` changes behind what is in the log now."""
        target = self._log.head()
        pace = _Pace(self._candidate.applied())
        failing_since: float | None = None
        while True:
            if self._stopped():
                raise Interrupted(
                    "stopped before anything went live; the live release stays as it is",
                    hint=f"go on with {self._retry}",
                )
            applied = self._candidate.applied()
            self._report(pace.progress(applied, target))
            slowest = min(applied.values())
            if slowest >= target or (
                behind and self._log.behind(self._collection, slowest) <= behind
            ):
                return
            error = self._candidate.error()
            if error is None:
                failing_since = None
            else:
                failing_since = failing_since or time.monotonic()
                if time.monotonic() - failing_since > PATIENCE_SECONDS:
                    raise EngineUnavailable(
                        f"the generation does not get on: {error}",
                        hint=f"mend it and go on with {self._retry}",
                    ) from error
            time.sleep(POLL_SECONDS)


class _Pace:
    """Rate and time left, from where it began."""

    def __init__(self, applied: dict[str, int]) -> None:
        self._first = dict(applied)
        self._since = time.monotonic()

    def progress(self, applied: dict[str, int], target: int) -> ReindexProgress:
        seconds = max(time.monotonic() - self._since, 1e-3)
        rate = min(applied[leg] - self._first[leg] for leg in applied) / seconds
        left = max(target - min(applied.values()), 0)
        legs = tuple(LegProgress(leg, done, target) for leg, done in applied.items())
        seconds_left = left / rate if rate > 0 else (0.0 if left == 0 else None)
        return ReindexProgress("building", legs, rate, seconds_left)


def _refusal(refused: Sequence[Verdict], retry: str) -> GateFailed:
    told = "; ".join(f"{verdict.gate}: {verdict.detail}" for verdict in refused)
    names = " ".join(f"--override {verdict.gate}" for verdict in refused)
    return GateFailed(
        f"the new generation is not fit to go live: {told}",
        hint=f"look into it; to promote it all the same: {retry} {names}",
    )
