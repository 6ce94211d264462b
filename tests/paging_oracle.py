"""What a search has to count, in plain Python over the versions of the documents that it may have
seen.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tandem.documents import Document
from tandem.queries import Query
from tandem.rankings import Hit, SearchResult
from tests.versions_seen import Seen, Version

Counts = Callable[[str, Version], bool]
"""Whether a version of a document is counted."""

DEPTH = 15
"""How many hits can be paged through: of some searches not all."""

FACETS = ("kind", "year")
SYNONYMS = ("fog", "mist")


class Question(NamedTuple):
    """A search for a text, or for what is similar to ``seed``. While the text is asked, rules
    pin and hide documents.
    """

    text: str
    filters: dict[str, Any]
    configuration: str
    seed: str | None
    pins: list[str]
    hides: list[str]

    def query(self, limit: int) -> Query:
        """Its first page."""
        if self.seed is None:
            return Query(self.text, filters=self.filters, facets=FACETS, limit=limit)
        return replace(self.next(None, limit), filters=self.filters, facets=FACETS)

    def next(self, cursor: str | None, limit: int) -> Query:
        """A later one."""
        return Query(
            "",
            surface="search" if self.seed is None else "similar",
            seed_document_id=self.seed,
            cursor=cursor,
            limit=limit,
        )

    def hiding(self, others: Sequence[str]) -> list[str]:
        """What is hidden once those are too: what is pinned is not."""
        if self.seed is not None:
            return []
        return [*self.hides, *(name for name in others if name not in (*self.pins, *self.hides))]

    def rules(self, hides: Sequence[str] | None = None) -> str:
        """The file of rules."""
        sections = {"pin": self.pins, "hide": self.hides if hides is None else hides}
        told = "".join(f"{key} = {json.dumps(ids)}\n" for key, ids in sections.items() if ids)
        rule = f'[[rules]]\nname = "r"\nquery = "{self.text}"\n{told}' if told else ""
        return f'[[synonyms]]\nname = "s"\nwords = {json.dumps(SYNONYMS)}\n{rule}'

    def words(self, page: SearchResult) -> set[str]:
        """Those that make a document one of the found: as typed, corrected and replaced."""
        if self.configuration == "semantic":
            return set()
        correction = page.correction
        words = {*self.text.split(), *(correction.text.split() if correction else ())}
        return words.union(SYNONYMS) if words.intersection(SYNONYMS) else words


def leaves(filters: Mapping[str, Any], document: Document) -> bool:
    """Whether the filter leaves the document; of a value, a bound below and ``not`` alone."""

    def holds(name: str, condition: Any) -> bool:
        value = document.attributes.get(name)
        if name == "not":
            return not leaves(condition, document)
        if isinstance(condition, Mapping):
            return value is not None and bool(value >= condition["gte"])
        return bool(value == condition)

    return all(holds(name, condition) for name, condition in filters.items())


def check_counts(page: SearchResult, hits: Sequence[Hit], seen: Seen, question: Question) -> None:
    """``total`` and facets are those of the documents that hold a word, and of those that came in
    without one, under the filter; each document as it was at some moment while the page was made.
    """
    ids = {hit.document_id for hit in hits}
    assert page.total is not None
    assert page.facets is not None
    assert {*page.facets} == {*FACETS}
    if question.seed is not None:
        assert question.seed not in ids
        return
    assert ids.isdisjoint(question.hides)
    words = question.words(page)
    others = {hit.document_id for hit in hits if not _is_by_words(hit)}

    def found(name: str, version: Version) -> bool:
        return (
            version is not None
            and name not in question.hides
            and leaves(question.filters, version)
            and (name in others or _holds(version, words))
        )

    least, most = _bounds(seen, found)
    told = (words, others, {name: seen.of(name) for name in seen.ids()}, hits, page.degraded)
    assert least <= page.total <= most, (page.total, told)
    for field, values in page.facets.items():
        for value in {*values, *_values(seen, field)}:
            least, most = _bounds(seen, _with_value(found, field, value))
            assert least <= values.get(value, 0) <= most
        assert [*values] == sorted(values, key=lambda value: (-values[value], value))
    always = {name for name in seen.ids() if all(found(name, item) for item in seen.of(name))}
    ever = {name for name in seen.ids() if any(found(name, item) for item in seen.of(name))}
    assert ids <= ever
    assert always <= ids or len(ids) >= DEPTH


def _with_value(found: Counts, field: str, value: str) -> Counts:
    return lambda name, version: found(name, version) and _value(version, field) == value


def _is_by_words(hit: Hit) -> bool:
    return any(part.leg == "lexical" and part.rank is not None for part in hit.evidence)


def _holds(document: Document, words: Collection[str]) -> bool:
    return not {*document.title.split(), *document.body.split()}.isdisjoint(words)


def _value(version: Version, field: str) -> str | None:
    value = None if version is None else version.attributes.get(field)
    return None if value is None else str(value)


def _values(seen: Seen, field: str) -> Iterator[str]:
    for name in seen.ids():
        for version in seen.of(name):
            value = _value(version, field)
            if value is not None:
                yield value


def _bounds(seen: Seen, counts: Counts) -> tuple[int, int]:
    """How many documents count at least and at most, whichever of its versions each was."""
    told = [[counts(name, version) for version in seen.of(name)] for name in seen.ids()]
    return sum(map(all, told)), sum(map(any, told))
