"""Where the order of a search knows who asks: profiles are read in time, or the order is as it is.

The event log may be on a server that hangs, so it is read in a pool of its own with a breaker, as
the legs are: a search loses its personal order then, says so, and loses nothing else.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import NamedTuple

from query.retrieval import Deadline, LegPools
from rerank.personal_order import PROFILE, PersonalOrder
from rerank.profiles import Profile, ProfileReader, keyword_fields
from tandem.catalog.catalog import Catalog
from tandem.documents import Document
from tandem.protocols import Reranker
from tandem.queries import Query
from tandem.rankings import Degradation
from tandem.schema import Schema
from tandem.sections import SearchSettings
from tandem.telemetry import logger

THREADS = 2
"""Each may hold a connection to the catalogue while that hangs."""

READING_SECONDS = 0.3
"""The longest that a search waits for a profile; a read takes a few thousandths."""

ENOUGH_SECONDS = 0.05
"""A profile that does not come within so long counts as missing, as ``query.breaker`` says."""

KEPT_SECONDS = 1.0
"""What somebody does changes their next search no later than that."""

MOST_KEPT = 1_000

ReadProfile = Callable[[str, Collection[str]], Profile]
"""The profile of a user, over fields."""


class _Kept(NamedTuple):
    profile: Profile
    until: float


class RememberedProfiles:
    """Profiles, read in time and kept for a moment. Thread-safe."""

    def __init__(self, read: ReadProfile, kept_seconds: float = KEPT_SECONDS) -> None:
        self._read = read
        self._kept_seconds = kept_seconds
        self._pools = LegPools({PROFILE: THREADS}, enough_seconds=ENOUGH_SECONDS)
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, tuple[str, ...]], _Kept] = {}
        self._told = ""

    def of(
        self, user_id: str, fields: tuple[str, ...], timeout_seconds: float
    ) -> Profile | Degradation:
        """The profile, or why it cannot be had within that time."""
        key = user_id, fields
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept.until:
            return kept.profile
        deadline = Deadline.after_ms(1_000 * min(READING_SECONDS, timeout_seconds))
        call = partial(self._attempt, user_id, fields)
        answers = self._pools.ask({PROFILE: call}, deadline)
        if answers.degraded:
            (missing,) = answers.degraded
            self._tell(f"the event log: {missing.reason}")
            return missing
        profile = answers.by_leg[PROFILE]
        if isinstance(profile, Profile):
            self._keep(key, profile)
        return profile

    def _attempt(self, user_id: str, fields: tuple[str, ...]) -> Profile | Degradation:
        try:
            return self._read(user_id, fields)
        except Exception as error:  # whatever it is, the search has its answers already
            self._tell(f"{type(error).__name__}: {error}")
            return Degradation(PROFILE, "error")

    def _keep(self, key: tuple[str, tuple[str, ...]], profile: Profile) -> None:
        with self._lock:
            self._told = ""
            self._kept.pop(key, None)
            self._kept[key] = _Kept(profile, time.monotonic() + self._kept_seconds)
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]

    def _tell(self, said: str) -> None:
        """Once, until a profile could be read again: a search that hurries, or one a second that
        tries again, says nothing new.
        """
        with self._lock:
            before, self._told = self._told, said
        if not before:
            logger("api").warning("searches have no personal order: %s", said)

    def close(self) -> None:
        """Read no more."""
        self._pools.close()


class AskersProfiles:
    """``Profiles`` over the keyword fields of one schema."""

    def __init__(self, remembered: RememberedProfiles, fields: tuple[str, ...]) -> None:
        self._remembered = remembered
        self._fields = fields

    def of(self, query: Query, timeout_seconds: float) -> Profile | Degradation:
        """See ``Profiles``."""
        if query.user_id is None:
            return Profile()
        return self._remembered.of(query.user_id, self._fields, timeout_seconds)


class PersonalOrders:
    """Puts a person's order around another one, where the settings want it."""

    def __init__(self, catalog: Catalog, collection: str, search: SearchSettings) -> None:
        """Nothing is opened before somebody asks."""
        self._share = search.personal_share

        def documents(ids: Collection[str]) -> Mapping[str, Document]:
            return catalog.documents.documents(collection, list(ids))

        def read(user_id: str, fields: Collection[str]) -> Profile:
            return ProfileReader(catalog.events, collection, documents).read(user_id, fields)

        self._remembered = RememberedProfiles(read)

    def over(self, inner: Reranker, schema: Schema) -> Reranker:
        """The personal order over documents of that schema; ``inner`` itself without a share."""
        if self._share == 0:
            return inner
        fields = keyword_fields(schema)
        profiles = AskersProfiles(self._remembered, fields)
        return PersonalOrder(inner, profiles, self._share)

    def close(self) -> None:
        """Read no more."""
        self._remembered.close()
