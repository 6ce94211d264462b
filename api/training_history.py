"""More to train on, out of ratings alone: what people rated last, asked of what they rated before.

What is held out is in no table and in nobody's past; see ``rerank.training.history``.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from api.training_tables import deeds_of, known_of
from rerank.facts import FactsSource
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


def history(
    schema: Schema,
    log: BehaviourLog,
    facts: FactsSource,
    worth: Worth,
    tell: Callable[[int, int], None],
) -> tuple[Group, ...]:
    """One group for each person with enough ratings, graded by what they are.

    Raises:
        EngineUnavailable: the documents do not come.
        InputError: the ratings are not of the scale of the label definition.
    """
    deeds = [*deeds_of(log)]
    known = known_of(deeds, facts)
    kept, held = hold_out(deeds, known, HistoryOptions())
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
