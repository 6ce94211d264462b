"""A ``BehaviourLog`` in memory, and random ones."""

from collections.abc import Sequence
from random import Random

from tandem.behaviour import Deed, Rows, Shown, Who

NOW = 1_780_000_000.0
"""When the first row of a random log happened."""


class MemoryBehaviour:
    """Rows in order of sequence; ``rows`` may grow."""

    def __init__(self, rows: Sequence[Deed | Shown] = ()) -> None:
        self.rows_held = [*rows]

    def rows(self, after: int, limit: int) -> Rows:
        """See ``BehaviourLog``."""
        found = [row for row in self.rows_held if row.sequence > after]
        if not found:
            return Rows((), after)
        page = tuple(found[:limit])
        return Rows(page, page[-1].sequence)

    def deeds_of(self, who: Who, *, as_of: int, limit: int) -> Sequence[Deed]:
        """See ``BehaviourLog``."""
        found = [
            row
            for row in self.rows_held
            if isinstance(row, Deed)
            and row.sequence <= as_of
            and row.document_id is not None
            and _is_theirs(row, who)
        ]
        return found[-limit:]


def _is_theirs(deed: Deed, who: Who) -> bool:
    if who.session_id is not None and deed.session_id == who.session_id:
        return True
    if who.user_id is None:
        return who.client_id is not None and deed.client_id == who.client_id
    return deed.user_id == who.user_id


def random_rows(
    seed: int, count: int, *, documents: int = 40, people: int = 12
) -> list[Deed | Shown]:
    """A seeded log in which anything happens: clicks and ratings with and without their query,
    deeds on no document, times out of order, at 1970 and far ahead, and pages of answers.
    """
    random = Random(seed)
    rows: list[Deed | Shown] = []
    for sequence in range(1, count + 1):
        seconds = random.choice([0.0, 9e9] + 18 * [NOW + 60 * sequence + random.gauss(0, 3_600)])
        user, client, session = _somebody(random)
        query_id = random.choice([None, f"q{random.randrange(count)}"])
        if random.random() < 0.25:
            shown = random.sample(range(documents), random.randrange(12))
            first = random.choice([1, 1, 1, 11, 45])
            rows.append(
                Shown(
                    sequence,
                    query_id or f"p{sequence}",
                    seconds,
                    tuple(f"d{number}" for number in shown),
                    tuple(range(first, first + len(shown))),
                    (1.0,) * len(shown),
                    "search",
                    user,
                    client,
                    session,
                )
            )
            continue
        action = random.choice(["click", "click", "rating", "add_to_cart", "purchase", "view"])
        rows.append(
            Deed(
                sequence,
                action,
                random.choice([None, *9 * [f"d{random.randrange(documents)}"]]),
                seconds,
                random.choice([None, 1.7e308, 0.5, 3.0, 4.5]) if action == "rating" else None,
                user,
                client,
                session,
                query_id,
                random.choice([None, random.randrange(1, 60)]),
            )
        )
    return rows


def _somebody(random: Random) -> tuple[str | None, str | None, str | None]:
    number = random.randrange(12)
    return (
        random.choice([None, f"u{number}", f"u{number}"]),
        random.choice([None, f"c{number % 7}"]),
        random.choice([None, f"s{number % 5}"]),
    )
