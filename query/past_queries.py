"""What people searched for, told to others while they type: only what several asked.

A fold over impressions, in memory. A text becomes public when ``PEOPLE`` different people have
asked it and were shown something; until then a keyed hash of each is held, afterwards none.
"""

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest
from unicodedata import normalize

from query.completions import Completions
from tandem.events import CORRECTED, Impression
from tandem.suggestions import LONGEST_TITLE, words

PEOPLE = 5
"""Who may be recognised by what they ask is not told to others. A person is a user or a device; not
a session, of which one browser begins as many as it likes.
"""

MOST_TEXTS = 100_000
SHARE_FORGOTTEN = 0.1
"""How much of the texts goes at once when there are too many: the rarest."""


@dataclass(slots=True)
class _Asked:
    """One text. ``people`` are hashes of those who asked it, or ``None`` once it is public;
    ``times`` is how often it was asked.
    """

    people: tuple[int, ...] | None = ()
    times: int = 0


class PastQueries:
    """The texts that were searched for. Thread-safe."""

    def __init__(self, most_texts: int = MOST_TEXTS) -> None:
        self._most_texts = most_texts
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._asked: dict[str, _Asked] = {}
        self._public = Completions()

    def add(self, impressions: Iterable[Impression]) -> None:
        """Count what they tell. Who is not known counts as nobody, also one that is known by a
        session alone; further pages do not count, nor empty ones, other surfaces, texts with a
        typing error that was corrected, and those longer than a suggestion.
        """
        for impression in impressions:
            person, text = self._person(impression), asked_text(impression.query_text)
            if (
                person is not None
                and impression.surface == "search"
                and impression.first_position == 1
                and CORRECTED not in impression.details
                and len(text) <= LONGEST_TITLE
                and words(text)
            ):
                with self._lock:
                    self._count(text, person)

    def completing(self, prefix: str, limit: int) -> list[str]:
        """At most ``limit`` public texts that begin with what was typed, the most frequent first,
        then those that hold its words; where there are fewer, then those with a typing error.
        """
        with self._lock:
            return self._public.best(prefix, limit)

    def _person(self, impression: Impression) -> int | None:
        """Whoever asked: a user, else a device."""
        for kind in ("user_id", "client_id"):
            name = getattr(impression, kind)
            if name is not None:
                named = f"{kind}:{name}".encode()
                return int.from_bytes(blake2b(named, digest_size=8, key=self._key).digest())
        return None

    def _count(self, text: str, person: int) -> None:
        asked = self._asked.setdefault(text, _Asked())
        asked.times += 1
        if asked.people is not None and person not in asked.people:
            asked.people = (*asked.people, person)
            if len(asked.people) == PEOPLE:
                asked.people = None
        if asked.people is None:
            self._public.put(text, asked.times)
        if len(self._asked) > self._most_texts:
            self._forget_rarest()

    def _forget_rarest(self) -> None:
        count = max(1, int(self._most_texts * SHARE_FORGOTTEN))
        rarest = nsmallest(count, self._asked, key=self._rarity)
        for text in rarest:
            if self._asked.pop(text).people is None:
                self._public.discard(text)

    def _rarity(self, text: str) -> tuple[int, int]:
        asked = self._asked[text]
        return PEOPLE if asked.people is None else len(asked.people), asked.times


def asked_text(text: str) -> str:
    """What makes a text a different one, and is shown of it: all of it, but for case and space."""
    return " ".join(normalize("NFC", text).lower().split())
