"""Follows every retained generation of the collections, and does what is asked of who follows.

One process does it: with embedded engines the one that owns the data folder, with servers whoever
holds the leases. Others ask by a row in the catalogue, and watch it.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from api.aftermath import afterwards
from api.bootstrap import House
from api.candidates import ReindexOrder, candidate
from api.collection import OpenCollection
from api.followed import Followed, states
from api.generation import OpenGeneration
from api.leaving import leaving, part, stay
from api.live import ReleaseWatch
from api.model_fitness import put_live
from api.promotion import gates, judgments, left_ready, outlived
from api.retention import Retention
from api.tidying import publish, remove, sweep
from api.troubles import Troubles
from indexer.following import Following
from indexer.reindexing import Reindexing, ReindexOutcome, Report, unheard
from tandem.catalog.releases import Generation, Release
from tandem.errors import InputError, ReleaseConflict, TandemError
from tandem.protocols import Gate


@dataclass
class Owner:
    """The house at work: every generation of its collections is followed until ``close``."""

    house: House
    _followed: dict[int, Followed] = field(default_factory=dict)
    _watches: list[ReleaseWatch | Retention] = field(default_factory=list)
    is_stopping: bool = False
    _troubles: Troubles = field(default_factory=lambda: Troubles("is not followed"))
    _syncing: threading.RLock = field(default_factory=threading.RLock)

    def start(self) -> None:
        """Follow every collection there is, and whatever other processes make of them.

        Raises:
            TandemError: there are collections, and none of them can be followed.
        """
        sweep(self.house)
        self.house.on_growth = self.wake
        self._sync()
        if not self._followed:
            for error in self._troubles:
                raise error
        self._watches.append(ReleaseWatch(self._sync))
        self._watches.append(Retention(self.house, self.leading, self.drop_left))

    def _sync(self) -> bool:
        """Follow what is retained now and nothing else; whether something has changed."""
        with self._syncing:
            is_changed = False
            if self.is_stopping:
                return is_changed  # what began now, nobody would stop
            for name in self.house.catalog.releases.collections():
                if not self._troubles.may_try(name):
                    continue
                try:
                    is_changed |= self._sync_collection(name)
                    self._troubles.forget(name)
                except TandemError as error:  # one must not keep the others from being followed
                    self._troubles.note(name, error)
            return is_changed

    def _sync_collection(self, name: str) -> bool:
        collection = self.house.collection(name)
        is_changed = collection.refresh()
        followed = self._of(name)
        self._follow(collection.live)  # first: nothing about the others keeps it waiting
        retained = {opened.generation.number: opened for opened in collection.retained}
        is_changed |= not retained.keys() <= followed
        for opened in retained.values():
            self._follow(opened)
        for number in self._of(name) - retained.keys() - {collection.generation.number}:
            self._leave(collection, number, lambda: None)
            is_changed = True
        return is_changed

    def _of(self, name: str) -> set[int]:
        known = self._followed.items()
        return {number for number, item in known if item.opened.generation.collection == name}

    def stop(self) -> None:
        """Leave what is running to the next one."""
        self.is_stopping = True

    def leading(self) -> list[str]:
        """The collections whose live lexical index this process may write: it is asked first."""
        return [
            name
            for name in self.house.catalog.releases.collections()
            if name not in self._troubles and self.house.collection(name).lexical.holds()
        ]

    def states(self) -> dict[str, str]:
        """Index -> what this process does with it: following, standing by, or the error."""
        return states(list(self._followed.values()))

    def wake(self) -> None:
        """The log has grown: nobody who follows it here need wait for the next look."""
        for followed in list(self._followed.values()):
            followed.work.notify()

    def reindex(
        self, name: str, order: ReindexOrder, report: Report
    ) -> tuple[Generation, ReindexOutcome]:
        """A new generation of a collection, live at the end if it is fit and that is asked.

        Raises:
            GateFailed: it is not fit; it stays, ready to be promoted by hand.
            ReleaseConflict: another release went live meanwhile; it stays, ready as well.
            InputError: what was asked cannot be had: see ``candidate``.
            TandemError: an engine failed for too long.
        """
        collection = self.house.collection(name)
        collection.refresh()
        parent, before = collection.release.number, self._known(name)
        settings = order.settings or collection.settings
        keep = settings.retention.generations
        judged = judgments(settings.quality)  # before hours of work: they may not be readable
        generation, abandoned = candidate(self.house, collection, order, settings)
        for half_built in abandoned:
            self._drop(collection, half_built)
        reindexing = self._waiting(collection, generation, report, "tandem reindex --resume")

        def promote() -> Release:
            try:
                return self._go_live(collection, generation.number, parent, keep)
            except ReleaseConflict as conflict:
                raise left_ready(self.house.catalog.releases, generation, conflict) from conflict

        opened = collection.open_generation(generation)
        outcome = reindexing.run(
            gates(collection, opened, judged, lambda: self.is_stopping),
            order.overridden,
            promote if order.promote else None,
        )

        def tell_dropped() -> None:
            outcome.dropped = sorted(before.keys() - self._known(name).keys())

        if outcome.release is None:
            self.house.catalog.releases.set_state(generation.number, "ready")
            tell_dropped()
        else:
            afterwards(outcome.release, self.stop, tell_dropped)
        return generation, outcome

    def _known(self, name: str) -> dict[int, Generation]:
        return {item.number: item for item in self.house.catalog.releases.generations(name)}

    def promote(
        self, name: str, generation: int, report: Report = unheard, overridden: Sequence[str] = ()
    ) -> Release:
        """Make a generation live, once it has caught up with the log; drop what is too old then.
        One that is live already stays so, without a new release. One that has never passed the
        gates is examined before.

        Raises:
            GateFailed: it is not fit; nothing went live.
            InputError: there is no such generation.
            ReleaseConflict: something else went live meanwhile.
            TandemError: its engines failed for too long.
        """
        collection = self.house.collection(name)
        collection.refresh()
        known = self._known(name)
        if generation not in known:
            raise InputError(
                f"{name} has no generation {generation}; it has {', '.join(map(str, known))}",
                hint="see which is which: tandem releases",
            )
        live, keep = collection.release, collection.settings.retention.generations
        if generation == live.generation:
            return afterwards(live, self.stop, lambda: self._settle(collection, keep))
        chosen = known[generation]
        waiting = self._waiting(collection, chosen, report, f"tandem promote {generation}")
        examined: Sequence[Gate] = ()
        if chosen.state == "building":
            opened = collection.open_generation(chosen)
            judged = judgments(collection.settings.quality)
            examined = gates(collection, opened, judged, lambda: self.is_stopping)
        outcome = waiting.run(
            examined, overridden, lambda: self._go_live(collection, generation, live.number, keep)
        )
        assert outcome.release is not None, "it was to be promoted"
        return outcome.release

    def _go_live(self, collection: OpenCollection, number: int, parent: int, keep: int) -> Release:
        known = self.house.catalog.releases.generation(number)
        collection.open_generation(known).refresh()
        release = put_live(self.house.catalog, known, parent)
        return afterwards(release, self.stop, lambda: self._settle(collection, keep))

    def _settle(self, collection: OpenCollection, keep: int) -> None:
        """What follows from a release that is live; done again, it changes nothing."""
        collection.refresh()
        publish(self.house, collection)
        old = outlived(collection, keep, self.house.access, lambda: self.is_stopping)
        part(self.house.catalog, old, partial(self._drop, collection))

    def drop_left(self, name: str) -> None:
        """Drop what a promotion left to those who paged through it, and nobody does any more."""
        with self._syncing:
            if left := leaving(self.house.catalog, name):
                part(self.house.catalog, left, partial(self._drop, self.house.collection(name)))

    def rollback(self, name: str, report: Report = unheard) -> Release:
        """Make the release before the live one live again. It has followed the log all along; where
        it lags, it is waited for, but not for an engine that fails the live one too.

        Raises:
            ReleaseConflict: there is none, or its generation is dropped.
            TandemError: its engines failed for too long.
        """
        collection = self.house.collection(name)
        collection.refresh()
        releases, live = self.house.catalog.releases, collection.release
        before = None if live.parent is None else releases.release(live.parent)
        if before is None or before.generation not in self._known(name):
            raise ReleaseConflict(
                f"{name}: there is no release to go back to from {live.number}",
                hint="see tandem releases; a reindex makes a new one",
            )
        target = before.number

        def point() -> Release:
            collection.open_generation(releases.generation(before.generation)).refresh()
            pointed = releases.point(name, target, expected=live.number)
            shown = partial(publish, self.house, collection)
            return afterwards(pointed, self.stop, collection.refresh, shown)

        generation = releases.generation(before.generation)
        waiting = self._waiting(collection, generation, report, "tandem rollback")
        return waiting.go_live(point, self._follow(collection.live).applied)

    def _waiting(
        self, collection: OpenCollection, generation: Generation, report: Report, retry: str
    ) -> Reindexing:
        """What brings a generation to the live place; it is followed from now on."""
        with self._syncing:
            stay(self.house.catalog, generation)
        return Reindexing(
            self.house.catalog.documents,
            collection.name,
            self._follow(collection.open_generation(generation)),
            report=report,
            stopped=lambda: self.is_stopping,
            retry=retry,
        )

    def _follow(self, opened: OpenGeneration) -> Followed:
        number = opened.generation.number
        with self._syncing:
            if number not in self._followed:
                work = Following(opened.followers, persistent=True)
                work.start()
                self._followed[number] = Followed(opened, work)
            return self._followed[number]

    def _leave(self, collection: OpenCollection, number: int, then: Callable[[], None]) -> None:
        """Follow a generation no longer; close it after the last query that uses it."""
        self._stop_following(number)
        collection.close_generation(number, then)

    def _stop_following(self, number: int) -> None:
        followed = self._followed.pop(number, None)
        if followed is not None:
            followed.work.stop()

    def _drop(self, collection: OpenCollection, generation: Generation) -> None:
        """Remove both indexes of a generation, after the last query that uses them.

        The catalogue forgets it before the engines do: what a crash leaves on an engine is swept
        at the next start.
        """
        with self._syncing:
            self._stop_following(generation.number)
            self.house.catalog.releases.drop(generation.number)
            self._leave(collection, generation.number, lambda: remove(self.house, generation))

    def close(self) -> None:
        """Stop after the batches in hand."""
        self.is_stopping = True
        for watch in self._watches:
            watch.close()
        with self._syncing:  # one that is under way may begin to follow something
            for followed in self._followed.values():
                followed.work.stop()
            self._followed.clear()
