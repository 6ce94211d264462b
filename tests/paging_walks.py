"""Collections, queries and ways through their pages, and what they must find."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tandem.documents import Document
from tandem.filters import matches, parse_filters
from tandem.queries import Query
from tests.builders import schema_of

SCHEMA = schema_of(kind="keyword", year="integer", price="float", at="datetime")
WORDS = ("snow", "rain", "sun", "wind", "fog", "hail")
MISSPELT = {"snwo": "snow", "wnid": "wind"}
IDS = tuple(f"d{number}" for number in range(24))
FACETS = ("kind", "year")
BY_MEANING = ("semantic", "rrf", "hybrid")
"""The configurations whose candidates need not hold a word of the text."""

TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
TYPED = st.lists(st.sampled_from((*WORDS, *MISSPELT)), min_size=1, max_size=4).map(" ".join)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from("ab"),
        "year": st.integers(1990, 1993),
        "price": st.sampled_from([-0.5, 0.0, 2.0, 1e300]),
        "at": st.sampled_from(["1969-07-20T20:17:40.000001Z", "2026-11-26T00:00:00Z"]),
    },
)


def documents(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    """Any that have a text."""
    return st.builds(Document, ids, st.just("") | TEXTS, TEXTS, ATTRIBUTES)


def collections(least: int = 0) -> st.SearchStrategy[list[Document]]:
    """At least so many documents."""
    return st.lists(
        documents(st.sampled_from(IDS)),
        min_size=least,
        max_size=24,
        unique_by=lambda item: item.document_id,
    )


class Step(NamedTuple):
    """What happens before a page: writes, deletes, a rule that hides the last hits, a promotion."""

    written: list[Document]
    deleted: list[str]
    hides: bool
    promotes: bool


STEPS = st.builds(
    Step,
    st.lists(
        documents(st.sampled_from((*IDS, "new1", "new2"))),
        max_size=2,
        unique_by=lambda item: item.document_id,
    ),
    st.lists(st.sampled_from(IDS), max_size=3, unique=True),
    st.booleans(),
    st.booleans(),
)


class Walk(NamedTuple):
    """How somebody goes from page to page: the sizes in turn, and what happens before each of the
    next ones.
    """

    limits: list[int]
    steps: list[Step]

    def limit(self, page: int) -> int:
        """That of a page, the first one being 0."""
        return self.limits[page % len(self.limits)]


WALKS = st.builds(
    Walk, st.lists(st.integers(1, 9), min_size=1, max_size=4), st.lists(STEPS, max_size=8)
)
FILTERS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"kind": "a"}, {"not": {"kind": "a"}}, {"year": {"gte": 1991}}]
)


def found(
    held: Mapping[str, Document], query: Query, configuration: str, ranked: Collection[str]
) -> set[str]:
    """What a search finds, told without any engine: the documents that hold one of its words, with
    typing errors corrected, under its filters; and what was ``ranked`` by meaning.
    """
    by_meaning = {*ranked} if configuration in BY_MEANING else set()
    if configuration == "semantic":
        return by_meaning
    words = {MISSPELT.get(word, word) for word in query.text.split()}
    filters = parse_filters(query.filters, SCHEMA)
    return by_meaning | {
        name
        for name, document in held.items()
        if matches(document, filters) and words & {*f"{document.title} {document.body}".split()}
    }


def facets(held: Mapping[str, Document], names: Collection[str]) -> dict[str, dict[str, int]]:
    """The values that those documents have, counted."""
    told = [held[name].attributes for name in names]
    return {
        field: dict(Counter(str(values[field]) for values in told if field in values))
        for field in FACETS
    }
