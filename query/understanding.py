"""From what somebody typed to what the legs are asked."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from tandem.documents import MAXIMUM_ID_BYTES
from tandem.errors import FieldError, FilterError, QueryError
from tandem.filters import Filter, check_text, parse_filters
from tandem.queries import (
    MAXIMUM_BUDGET_MS,
    MAXIMUM_LIMIT,
    MAXIMUM_TEXT_CHARACTERS,
    Query,
    Sort,
)
from tandem.schema import Schema, facet_fields, sort_field

FORCED = "the key's filter"
"""What errors call a filter that who asks has not chosen."""

NAMES = ("user_id", "client_id", "session_id", "seed_document_id")
"""What a query holds of ids."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A text fit for every leg, typed filters, and fields that can be counted. ``sort`` is set
    where nothing is searched for: the collection is browsed. The text is blank then, and where a
    document is searched with in its place. ``forced`` are those of the filters that who asks has
    not chosen: what they do not leave is not there.
    """

    text: str
    filters: tuple[Filter, ...]
    facets: tuple[str, ...] = ()
    sort: Sort | None = None
    forced: tuple[Filter, ...] = ()


def understand(query: Query, schema: Schema) -> Understood:
    """Check the query, compose its characters (NFC) and fold white space.

    Raises:
        QueryError: too much text, none that can be seen, a limit or budget out of range, an id that
            is none, or a field that cannot be counted or sorted by.
        FilterError: a filter that the schema does not allow.
    """
    check_bounds(query)
    text = folded(query.text)
    forced = forced_filters(query, schema)
    filters = parse_filters(query.filters, schema) + forced
    facets = _facets(query.facets, schema)
    _check_seed(query, text)
    if text or query.surface == "similar":
        _check_unsorted(query)
        return Understood(text, filters, facets, None, forced)
    return Understood("", filters, facets, _sort(query.sort or Sort(), schema), forced)


def forced_filters(query: Query, schema: Schema) -> tuple[Filter, ...]:
    """What is there for who asks.

    Raises:
        FilterError: the schema does not allow it.
    """
    return parse_filters(query.forced, schema, FORCED)


def _check_seed(query: Query, text: str) -> None:
    """A document is searched with on its own surface, and there in place of a text."""
    is_similar, is_seeded = query.surface == "similar", query.seed_document_id is not None
    if is_similar != is_seeded:
        raise QueryError(
            "similar documents are asked for with the surface 'similar' and a document, "
            f"found the surface {query.surface!r} and {'one' if is_seeded else 'none'}",
            field="seed_document_id",
        )
    if is_similar and text:
        raise QueryError(
            "similar documents are found by a document, not by a text",
            field="text",
            hint="leave the text empty, or search for it",
        )


def check_searchable(text: str) -> None:
    """Refuse what cannot be searched for: an empty text would browse.

    Raises:
        QueryError: it is empty, too long, or no text.
    """
    check_bounds(Query(text))
    if not folded(text):
        raise QueryError("the query is empty", field="text", hint="give at least one word")


def check_bounds(query: Query) -> None:
    """Refuse what no schema is needed to see.

    Raises:
        QueryError: too much text, a limit or budget out of range, or an id that is none.
    """
    if len(query.text) > MAXIMUM_TEXT_CHARACTERS:
        raise QueryError(
            f"the query has {len(query.text):,} characters, at most {MAXIMUM_TEXT_CHARACTERS:,} "
            "are allowed",
            field="text",
        )
    if not 1 <= query.limit <= MAXIMUM_LIMIT:
        raise QueryError(f"limit is {query.limit}, expected 1 to {MAXIMUM_LIMIT:,}", field="limit")
    if query.budget_ms is not None and not 0 < query.budget_ms <= MAXIMUM_BUDGET_MS:
        raise QueryError(
            f"budget_ms is {query.budget_ms}, expected more than 0 and at most "
            f"{MAXIMUM_BUDGET_MS:,}",
            field="budget_ms",
        )
    for name in NAMES:
        _check_name(name, getattr(query, name))


def folded(text: str) -> str:
    """The text with composed characters and single spaces; blank where there was nothing.

    Raises:
        QueryError: it holds a lone surrogate, or something but nothing that can be seen.
    """
    _check_characters(text, "query", "text")
    plain = " ".join(unicodedata.normalize("NFC", text).replace("\0", " ").split())
    if plain and not any(character.isprintable() and character != " " for character in plain):
        raise QueryError(
            "the query is empty: it holds nothing that can be seen",
            field="text",
            hint="give at least one word, or no text at all to browse",
        )
    return plain


def _check_characters(text: str, place: str, field: str) -> None:
    try:
        check_text(text, place)
    except FilterError as error:
        raise QueryError(str(error), field=field) from None


def _check_name(field: str, name: str | None) -> None:
    if name is None:
        return
    _check_characters(name, field, field)
    if not name.strip():
        raise QueryError(f"{field} is blank", field=field, hint="leave it out where there is none")
    if len(name.encode()) > MAXIMUM_ID_BYTES:
        raise QueryError(
            f"{field} has {len(name.encode()):,} bytes, at most {MAXIMUM_ID_BYTES} of UTF-8 are "
            "allowed",
            field=field,
        )


def _facets(names: Sequence[str], schema: Schema) -> tuple[str, ...]:
    """The names, each once."""
    try:
        return tuple(dict.fromkeys(field.name for field in facet_fields(schema, names)))
    except FieldError as error:
        raise QueryError(f"facets: {error}", field="facets", hint=error.hint) from None


def _check_unsorted(query: Query) -> None:
    if query.sort is not None:
        raise QueryError(
            "sort orders what is browsed, a search stands in the order of its relevance",
            field="sort",
            hint="leave the text empty to browse what a filter leaves, or leave sort out",
        )


def _sort(sort: Sort, schema: Schema) -> Sort:
    if sort.field is not None:
        try:
            sort_field(schema, sort.field)
        except FieldError as error:
            raise QueryError(f"sort: {error}", field="sort", hint=error.hint) from None
    return sort
