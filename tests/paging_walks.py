"""Collections, questions and ways through the pages of their answers, for properties of paging."""

from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tandem.documents import Document
from tests.builders import schema_of
from tests.paging_oracle import Question

SCHEMA = schema_of(kind="keyword", year="integer", price="float", at="datetime")
WORDS = ("snow", "rain", "sun", "wind", "fog", "mist")
ERRORS = ("snwo", "raim")
OFTEN = 0.7
IDS = tuple(f"d{number}" for number in range(24))

Write = tuple[list[Document], list[str]]

ATTRIBUTES: dict[str, tuple[Any, ...]] = {
    "kind": ("a", "b"),
    "year": (1990, 1991, 1992, 1993),
    "price": (-0.5, 0.0, 2.0, 1e300),
    "at": ("1969-07-20T20:17:40.000001Z", "2026-11-26T00:00:00Z"),
}
SEEDS = st.integers(0, 2**32)
"""Hypothesis draws few large things, and much alike: what is in documents is left to chance."""


def document(name: str, chance: Random) -> Document:
    """Any that has a text."""
    title, body = (" ".join(chance.choices(WORDS, k=chance.randint(1, 4))) for _ in "12")
    attributes = {
        field: chance.choice(values)
        for field, values in ATTRIBUTES.items()
        if chance.random() < OFTEN
    }
    return Document(name, title if chance.random() < OFTEN else "", body, attributes)


def collection(size: int, seed: int) -> list[Document]:
    """So many documents."""
    chance = Random(seed)
    return [document(name, chance) for name in IDS[:size]]


def writes(count: int, seed: int) -> list[Write]:
    """So many times some are written, old or new, and some deleted."""
    chance, ids = Random(seed), [*IDS, "new1", "new2"]
    return [
        (
            [document(name, chance) for name in chance.sample(ids, chance.randint(0, 2))],
            chance.sample(ids, chance.randint(0, 3)),
        )
        for _ in range(count)
    ]


def some(ids: tuple[str, ...], most: int) -> st.SearchStrategy[list[str]]:
    """So many of them at most."""
    return st.lists(st.sampled_from(ids), max_size=most, unique=True)


COLLECTIONS = st.builds(collection, st.sampled_from((24, 22, 20, 16, 12, 2)), SEEDS)
WRITES = st.builds(writes, st.integers(0, 8), SEEDS)


class Walk(NamedTuple):
    """How somebody goes from page to page: the sizes in turn, and what is written and deleted
    meanwhile: all the time, or (``is_calm``) once the first page is there. Before the pages
    ``promoted`` another release goes live, and from the page ``hidden`` on rules hide ``hides``.
    """

    limits: list[int]
    writes: list[Write]
    is_calm: bool
    promoted: set[int]
    hidden: int
    hides: list[str]

    def limit(self, page: int) -> int:
        """That of a page, the first one being 0."""
        return self.limits[page % len(self.limits)]


PAGES = st.integers(1, 3)
WALKS = st.builds(
    Walk,
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    WRITES,
    st.booleans(),
    st.sets(PAGES, max_size=2),
    PAGES,
    some(IDS, 4),
)
FILTERS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {"kind": "a"}, {"not": {"kind": "a"}}, {"year": {"gte": 1991}}]
)
QUESTIONS = st.builds(
    Question,
    st.lists(st.sampled_from((*WORDS, *ERRORS)), min_size=1, max_size=4).map(" ".join),
    FILTERS,
    st.sampled_from(["lexical", "semantic", "rrf", "hybrid"]),
    st.sampled_from([*[None] * 5, IDS[0], IDS[23]]),
    some(IDS[:6], 2),
    some(IDS[6:], 2),
)
