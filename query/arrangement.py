"""Arrangement: what rules do to a ranking, after everything else has had its say."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from query.rules import Boost, InForce
from tandem.documents import Document
from tandem.filters import Filter, matches
from tandem.rankings import Hit, Ranking

Fetch = Callable[[Collection[str]], Mapping[str, Document]]
"""The documents of those ids that can be had in time."""


class Arrangement(NamedTuple):
    """A ranking as rules leave it. ``notes`` tell of a document what was done with it, ``applied``
    names the rules that did something, and ``hidden`` is shown and counted nowhere.
    """

    ranking: Ranking
    notes: Mapping[str, tuple[str, ...]]
    applied: tuple[str, ...]
    hidden: frozenset[str]


class _Notes:
    """What is done, while it is done: of each document, and the names of the rules."""

    def __init__(self) -> None:
        self.told: dict[str, list[str]] = {}
        self.names: set[str] = set()

    def boosted(self, document_id: str, name: str, by: float) -> None:
        """The rule ``name`` multiplied a score."""
        self.told.setdefault(document_id, []).append(f"{name}: boosted by {by:g}")
        self.names.add(name)

    def pinned(self, document_id: str, name: str) -> None:
        """The rule ``name`` gave a place: the first thing to know of a document."""
        self.told.setdefault(document_id, []).insert(0, f"{name}: pinned")
        self.names.add(name)


def arrange(
    ranking: Ranking, rules: Sequence[InForce], filters: Sequence[Filter], fetch: Fetch
) -> Arrangement:
    """Take out what is hidden, boost and order anew, then put what is pinned first.

    A pinned document that was no candidate comes in if it is there and the query's ``filters``
    leave it, with a score of 0 and no evidence: no leg said anything about it. A pinned one keeps
    its score, so that scores fall from the first hit on that is not pinned. Whatever ``fetch`` does
    not give is neither pinned nor boosted by a filter.
    """
    if not rules:
        return Arrangement(ranking, {}, (), frozenset())
    hidden = frozenset[str]().union(*(kept.rule.hide for kept in rules))
    notes = _Notes()
    shown = [hit for hit in ranking.hits if hit.document_id not in hidden]
    boosted = _boosted(shown, rules, fetch, notes)
    pinned = _pinned(boosted, rules, hidden, lambda ids: _fitting(ids, filters, fetch))
    for document_id, name in pinned.items():
        notes.pinned(document_id, name)
    by_id = {hit.document_id: hit for hit in boosted}
    first = [by_id.get(document_id, Hit(document_id, 0, 0.0)) for document_id in pinned]
    ordered = (*first, *(hit for hit in boosted if hit.document_id not in pinned))
    hits = tuple(hit._replace(rank=rank) for rank, hit in enumerate(ordered, start=1))
    return Arrangement(
        Ranking(ranking.name, hits),
        {document_id: tuple(told) for document_id, told in notes.told.items()},
        tuple(kept.rule.name for kept in rules if kept.rule.hide or kept.rule.name in notes.names),
        hidden,
    )


def _boosted(
    hits: Sequence[Hit], rules: Sequence[InForce], fetch: Fetch, notes: _Notes
) -> list[Hit]:
    boosts = [
        (kept.rule.name, boost, filters)
        for kept in rules
        for boost, filters in zip(kept.rule.boosts, kept.filters, strict=True)
    ]
    if not boosts:
        return list(hits)
    needs_documents = any(filters is not None for _, _, filters in boosts)
    documents = fetch([hit.document_id for hit in hits]) if needs_documents else {}
    changed = []
    for hit in hits:
        score = hit.score
        for name, boost, filters in boosts:
            if _is_meant(hit.document_id, boost, filters, documents):
                score = multiplied(score, boost.by)
                notes.boosted(hit.document_id, name, boost.by)
        changed.append(hit._replace(score=score))
    if not notes.told:
        return changed
    return sorted(changed, key=lambda hit: (-hit.score, hit.document_id))


def _is_meant(
    document_id: str,
    boost: Boost,
    filters: Sequence[Filter] | None,
    documents: Mapping[str, Document],
) -> bool:
    if document_id in boost.documents:
        return True
    document = documents.get(document_id)
    return filters is not None and document is not None and matches(document, filters)


def multiplied(score: float, by: float) -> float:
    """A score boosted. One below 0, as cosines may be, is divided: else what lifts the others would
    push it down.
    """
    return score * by if score >= 0 else score / by


def _pinned(
    hits: Iterable[Hit],
    rules: Sequence[InForce],
    hidden: Collection[str],
    fitting: Callable[[Collection[str]], Collection[str]],
) -> dict[str, str]:
    """document_id -> the rule that pins it, in order."""
    wanted: dict[str, str] = {}
    for kept in rules:
        for document_id in kept.rule.pin:
            if document_id not in hidden:
                wanted.setdefault(document_id, kept.rule.name)
    known = {hit.document_id for hit in hits}
    others = [document_id for document_id in wanted if document_id not in known]
    there = known.union(fitting(others)) if others else known
    return {document_id: name for document_id, name in wanted.items() if document_id in there}


def _fitting(
    document_ids: Collection[str], filters: Sequence[Filter], fetch: Fetch
) -> Collection[str]:
    found = fetch(document_ids)
    return {document_id for document_id, document in found.items() if matches(document, filters)}
