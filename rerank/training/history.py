"""More training groups, out of what people did: their later ratings, asked of their earlier deeds.

Every person's last ratings are held out; what is left of the log is the past that these are asked
of. It holds what others did afterwards, as a log that goes on would; it holds nothing that was held
out, neither the person's nor anybody else's. Of the person it holds nothing later either, nor
anything that they did with what is asked: whoever rates a document has often clicked it, and the
click would tell. Clicks are not asked for: what was not clicked may never have been seen, and
impressions say so better.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rerank.deeds import is_rating
from rerank.facts import Facts
from tandem.behaviour import Deed


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """``share`` of a person's ratings is held out, the last ones. They make a group for each value
    of the keyword field ``field`` that at least ``smallest`` of them have, as somebody would search
    for it; without a field, one group a person.
    """

    share: float = 0.3
    smallest: int = 5
    field: str | None = None


class Held(NamedTuple):
    """What somebody rated later: ``ratings`` by document. ``label`` names the value that all have;
    ``seconds`` is when the first was rated.
    """

    user_id: str
    label: str
    seconds: float
    ratings: Mapping[str, float]


class History(NamedTuple):
    """What is left as the past, in order of sequence, and what is asked of it."""

    kept: tuple[Deed, ...]
    held: tuple[Held, ...]


def hold_out(deeds: Iterable[Deed], facts: Mapping[str, Facts], options: HistoryOptions) -> History:
    """Hold out every known person's last ratings, by when they happened."""
    past = list(deeds)
    held = _last_ratings(past, options.share)
    asked = {
        user_id: _AskedOf(_moment(ratings[0]), frozenset(deed.document_id for deed in ratings))
        for user_id, ratings in held.items()
    }
    groups = [
        group
        for user_id, ratings in held.items()
        for group in _groups(user_id, ratings, facts, options)
        if len(group.ratings) >= options.smallest
    ]
    kept = tuple(deed for deed in past if not _tells(deed, asked.get(deed.user_id or "")))
    return History(kept, tuple(groups))


class _AskedOf(NamedTuple):
    """What is held out of a person: the moment of the first, and the documents."""

    first: tuple[float, int]
    document_ids: frozenset[str | None]


def _moment(deed: Deed) -> tuple[float, int]:
    return deed.seconds, deed.sequence


def _tells(deed: Deed, asked: _AskedOf | None) -> bool:
    """Whether a deed of the person may say what they thought of what they are asked."""
    if asked is None:
        return False
    return _moment(deed) >= asked.first or deed.document_id in asked.document_ids


def _last_ratings(deeds: Iterable[Deed], share: float) -> dict[str, list[Deed]]:
    """user_id -> the last of their ratings, oldest first."""
    by_user: dict[str, list[Deed]] = {}
    for deed in deeds:
        if deed.user_id is not None and deed.document_id is not None and is_rating(deed):
            by_user.setdefault(deed.user_id, []).append(deed)
    return {
        user_id: sorted(rated, key=_moment)[int(len(rated) * (1.0 - share)) :]
        for user_id, rated in by_user.items()
    }


def _groups(
    user_id: str, rated: Iterable[Deed], facts: Mapping[str, Facts], options: HistoryOptions
) -> Iterable[Held]:
    by_label: dict[str, dict[str, float]] = {}
    first = min(deed.seconds for deed in rated)
    for deed in rated:
        if deed.document_id is None or deed.value is None:
            continue
        known = facts.get(deed.document_id)
        labels: tuple[str, ...] = ("",)
        if options.field is not None:
            labels = known.keywords.get(options.field, ()) if known is not None else ()
        for label in labels:
            by_label.setdefault(label, {})[deed.document_id] = deed.value
    return [Held(user_id, label, first, ratings) for label, ratings in by_label.items()]
