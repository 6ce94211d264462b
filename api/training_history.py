"""More to train on, out of ratings alone: what people rated last, asked of what they rated before.

What is held out is in no table and in nobody's past; see ``rerank.training.history``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from api.training_tables import deeds_of, known_of
from rerank.facts import Facts, FactsSource
from rerank.scenes import Asked
from rerank.signals.registry import features
from rerank.training.clicks import Answer, Worth, labelled
from rerank.training.groups import Group
from rerank.training.history import Held, HistoryOptions, hold_out
from rerank.training.kept_log import KeptLog
from rerank.training.replay import Replay
from rerank.training.splits import HISTORY
from rerank.training.sweep import Wanted
from rerank.training.tables import fit_tables
from tandem.behaviour import BehaviourLog
from tandem.queries import Query
from tandem.rankings import Hit, Ranking
from tandem.schema import Schema

MOST_WORDS = 4
"""A value of more words is not looked for."""


class Ratings(NamedTuple):
    """Where they are, and what they are worth."""

    log: BehaviourLog
    worth: Worth


def history(
    schema: Schema,
    ratings: Ratings,
    facts: FactsSource,
    tell: Callable[[int, int], None],
    asked: Collection[str] = (),
) -> tuple[Group, ...]:
    """Groups of people with enough ratings, graded by what they are: for each person one of each
    value of the field that ``asked``, the texts of queries, name most; else one of all.

    Raises:
        EngineUnavailable: the documents do not come.
        InputError: the ratings are not of the scale of the label definition.
    """
    deeds, worth = [*deeds_of(ratings.log)], ratings.worth
    known = known_of(deeds, facts)
    kept, held = hold_out(deeds, known, HistoryOptions(field=named_field(known, asked)))
    past = KeptLog(kept)
    worth.check_scale([rating for item in held for rating in item.ratings.values()])
    wanted = [Wanted(_asked(item, schema), past.head) for item in held]
    grades = {
        _name(item): {name: worth.of_rating(rating) for name, rating in item.ratings.items()}
        for item in held
    }
    chosen = features(schema)
    replay = Replay(past, chosen, fit_tables(kept, known), facts=facts)

    def answers() -> Iterator[Answer]:
        for done, (item, found) in enumerate(replay.of(wanted)):
            tell(done, len(wanted))
            yield Answer(item.asked.query, item.asked.candidates, found)

    made = labelled(answers(), tuple(feature.name for feature in chosen), grades)
    return tuple(replace(group, positions=None, origin=HISTORY) for group in made.data.groups)


def named_field(known: Mapping[str, Facts], asked: Collection[str]) -> str | None:
    """The keyword field whose values most queries name, a value being in the text as words; of
    several the first by name. ``None`` where fewer than half name one.
    """
    values: dict[str, set[str]] = {}
    for facts in known.values():
        for field, held in facts.keywords.items():
            values.setdefault(field, set()).update(value.casefold() for value in held)
    naming = {
        field: sum(_names_one(text.casefold().split(), of_field) for text in asked)
        for field, of_field in sorted(values.items())
    }
    best = max(naming, key=lambda field: naming[field], default=None)
    return best if best is not None and 2 * naming[best] >= len(asked) > 0 else None


def _names_one(words: Sequence[str], values: AbstractSet[str]) -> bool:
    pieces = (
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + MOST_WORDS, len(words)) + 1)
    )
    return any(piece in values for piece in pieces)


def _name(item: Held) -> str:
    return f"history of {item.user_id} {item.label}".rstrip()


def _asked(item: Held, schema: Schema) -> Asked:
    query = Query(
        item.label,
        _name(item),
        user_id=item.user_id,
        issued_at=datetime.fromtimestamp(item.seconds, UTC),
    )
    hits = tuple(Hit(name, rank, 1 / rank) for rank, name in enumerate(sorted(item.ratings), 1))
    return Asked(query, schema, Ranking("history", hits))
