"""A person's own order, until a model is trained: another order, moved by what the person likes."""

import time
from collections.abc import Mapping
from typing import Final, Protocol

from rerank.profiles import Profile
from rerank.time_left import time_left
from tandem.documents import Document
from tandem.protocols import Reranker
from tandem.queries import Query
from tandem.rankings import Contribution, Degradation, Hit, Ranking, Reranked

FEATURE = "personal affinity"
"""What ``explain`` calls it."""

PROFILE: Final = "profile"
"""What a reply lacks where the order is everybody's because the person's could not be had."""

SHARE_FOR_PROFILE = 0.5
"""How much of its time reading the profile may use up: the rest is for documents."""


class Profiles(Protocol):
    """Where profiles come from."""

    def of(self, query: Query, timeout_seconds: float) -> Profile | Degradation:
        """The profile of whoever asks, in time, or why it could not be had."""
        ...


class PersonalOrder:
    """A ``Reranker`` around another: score + ``share`` x ``Profile.affinity_to`` the document.

    ``share`` is from 0 to 1, and so is the affinity. A query without a person, or of one about whom
    nothing is known, keeps the other's order as it is.
    """

    def __init__(self, inner: Reranker, profiles: Profiles, share: float) -> None:
        self._inner = inner
        self._profiles = profiles
        self._share = share

    def rerank(
        self,
        query: Query,
        candidates: Ranking,
        documents: Mapping[str, Document],
        *,
        timeout_seconds: float,
    ) -> Reranked:
        """See ``Reranker``."""
        until = time.monotonic() + timeout_seconds
        before = self._inner.rerank(query, candidates, documents, timeout_seconds=timeout_seconds)
        ranking, missing = before.ranking, before.degraded
        if query.user_id is None or not ranking.hits:
            return before
        profile = self._profiles.of(query, SHARE_FOR_PROFILE * time_left(until))
        if isinstance(profile, Degradation):
            return Reranked(ranking, (*missing, profile))
        if profile.is_empty:
            return before
        moved = {
            hit.document_id: self._moved(hit, profile, documents.get(hit.document_id))
            for hit in ranking.hits
        }
        ordered = Ranking.from_scores(
            ranking.name,
            [(document_id, hit.score) for document_id, hit in moved.items()],
            evidence=lambda document_id: moved[document_id].evidence,
            contributions=lambda document_id: moved[document_id].contributions,
        )
        return Reranked(ordered, missing)

    def _moved(self, hit: Hit, profile: Profile, document: Document | None) -> Hit:
        """The hit with what the person's profile adds to it; a document that could not be read
        stays where it is.
        """
        affinity = None if document is None else profile.affinity_to(document)
        added = self._share * (affinity or 0.0)
        part = Contribution(FEATURE, affinity, added)
        return hit._replace(score=hit.score + added, contributions=(*hit.contributions, part))
