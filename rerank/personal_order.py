"""A person's own order, until a model is trained: another order, moved by what the person likes."""

from collections.abc import Mapping
from typing import Protocol

from rerank.profiles import Profile
from tandem.documents import Document
from tandem.protocols import Reranker
from tandem.queries import Query
from tandem.rankings import Contribution, Hit, Ranking

FEATURE = "personal affinity"
"""What ``explain`` calls it."""


class Profiles(Protocol):
    """Where profiles come from."""

    def of(self, query: Query) -> Profile | None:
        """The profile of whoever asks, in time; ``None`` where it could not be had."""
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
        self, query: Query, candidates: Ranking, documents: Mapping[str, Document]
    ) -> Ranking:
        """See ``Reranker``."""
        ranking = self._inner.rerank(query, candidates, documents)
        if query.user_id is None or not ranking.hits:
            return ranking
        profile = self._profiles.of(query)
        if profile is None or profile.is_empty:
            return ranking
        moved = {
            hit.document_id: self._moved(hit, profile, documents.get(hit.document_id))
            for hit in ranking.hits
        }
        return Ranking.from_scores(
            ranking.name,
            [(document_id, hit.score) for document_id, hit in moved.items()],
            evidence=lambda document_id: moved[document_id].evidence,
            contributions=lambda document_id: moved[document_id].contributions,
        )

    def _moved(self, hit: Hit, profile: Profile, document: Document | None) -> Hit:
        """The hit with what the person's profile adds to it; a document that could not be read
        stays where it is.
        """
        affinity = None if document is None else profile.affinity_to(document)
        added = self._share * (affinity or 0.0)
        part = Contribution(FEATURE, affinity, added)
        return hit._replace(score=hit.score + added, contributions=(*hit.contributions, part))
