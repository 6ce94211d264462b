"""From what somebody typed to what the legs are asked."""

import unicodedata
from dataclasses import dataclass

from tandem.errors import FilterError, QueryError
from tandem.filters import Filter, check_text, parse_filters
from tandem.queries import MAXIMUM_BUDGET_MS, MAXIMUM_LIMIT, MAXIMUM_TEXT_CHARACTERS, Query
from tandem.schema import Schema


@dataclass(frozen=True, slots=True)
class Understood:
    """A text fit for every leg, and typed filters."""

    text: str
    filters: tuple[Filter, ...]


def understand(query: Query, schema: Schema) -> Understood:
    """Check the query, compose its characters (NFC) and fold white space.

    Raises:
        QueryError: no text, too much of it, or a limit or budget out of range.
        FilterError: a filter that the schema does not allow.
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
    try:
        check_text(query.text, "query")
    except FilterError as error:
        raise QueryError(str(error), field="text") from None
    text = " ".join(unicodedata.normalize("NFC", query.text).replace("\0", " ").split())
    if not any(character.isprintable() and character != " " for character in text):
        raise QueryError("the query is empty", field="text", hint="give at least one word")
    return Understood(text, parse_filters(query.filters, schema))
