"""A filter is data, checked against the schema before any engine sees it.

    {"genres": ["Comedy", "Drama"], "year": {"gte": 1990, "lt": 2000}, "not": {"seen": true}}

Every entry must hold. A value or a list of values means "one of these"; ``gt``, ``gte``, ``lt``,
``lte`` bound numbers and times; ``not`` excludes what its own filter matches, documents without
the field included among those kept. Engines receive the typed tree below and must all give the
same answer to it (``tests/contracts``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.documents import Document
from tandem.errors import FieldError, FilterError
from tandem.fields import Field, FieldType, TypedValue, typed_value
from tandem.schema import Schema
from tandem.strict_json import JsonFault, read_strictly

MAXIMUM_VALUES = 1_000
MAXIMUM_DEPTH = 5
MAXIMUM_CONDITIONS = 50
"""Engines bound how much one query may ask: OpenSearch 1,024 clauses, of which a condition takes up
to two and the words of the text the most.
"""

EXAMPLE = 'for example \'{"year": {"gte": 1990}}\''
"""A hint for who gave what is no filter at all."""

BOUNDS = ("gt", "gte", "lt", "lte")
ORDERED = (FieldType.INTEGER, FieldType.FLOAT, FieldType.DATETIME)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The field holds one of the values; a keyword list is matched by any of its items."""

    field: Field
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The field lies within every bound that is given."""

    field: Field
    gt: Any = None
    gte: Any = None
    lt: Any = None
    lte: Any = None


@dataclass(frozen=True, slots=True)
class Not:
    """The conjunction of ``filters`` does not hold."""

    filters: "tuple[Filter, ...]"


Filter = AnyOf | Range | Not


def parse_filters(
    data: Mapping[str, Any], schema: Schema, place: str = "filter"
) -> tuple[Filter, ...]:
    """The typed conjunction that ``data`` means under ``schema``; ``place`` is what errors call it.

    Raises:
        FilterError: an unknown field, a value that does not fit, or a filter too large.

    """
    filters = _parse(data, schema, place, 1)
    if (conditions := _conditions(filters)) > MAXIMUM_CONDITIONS:
        raise FilterError(
            f"{place}: {conditions} conditions, at most {MAXIMUM_CONDITIONS} are allowed",
            hint="a value, a list of values and each bound count as one",
        )
    return filters


def _conditions(filters: Sequence[Filter]) -> int:
    total = 0
    for condition in filters:
        match condition:
            case Not(excluded):
                total += _conditions(excluded)
            case AnyOf():
                total += 1
            case Range():
                total += sum(getattr(condition, bound) is not None for bound in BOUNDS)
    return total


def matches(document: Document, filters: Sequence[Filter]) -> bool:
    """Whether every filter leaves the document, as an engine that holds it would say.

    A value that does not fit its field is none: an engine would not hold it.
    """
    return all(_holds(document, condition) for condition in filters)


def _holds(document: Document, condition: Filter) -> bool:
    match condition:
        case Not(excluded):
            return not matches(document, excluded)
        case AnyOf(field, wanted):
            return any(value in wanted for value in field_values(document, field))
        case Range(field):
            return any(_is_within(value, condition) for value in field_values(document, field))


def field_values(document: Document, field: Field) -> tuple[Any, ...]:
    """What an engine would hold of the document's field: a list's items, or the one value, or none
    where it has none that fits.
    """
    try:
        typed = typed_value(field, document.attributes[field.name])
    except (KeyError, FieldError):
        return ()
    return typed if isinstance(typed, tuple) else (typed,)


def _is_within(value: Any, bounds: Range) -> bool:
    return (
        (bounds.gt is None or value > bounds.gt)
        and (bounds.gte is None or value >= bounds.gte)
        and (bounds.lt is None or value < bounds.lt)
        and (bounds.lte is None or value <= bounds.lte)
    )


def read_filter(text: str | None, place: str) -> dict[str, Any]:
    """A filter as data from its JSON text; none is the empty one. ``place`` is what it was given
    as, for errors.

    Raises:
        FilterError: it is not a JSON object, holds a name twice or is nested too deep.

    """
    if text is None:
        return {}
    try:
        data = read_strictly(text, below=1)
    except JsonFault as fault:
        where = f"{place}.{fault.place}:" if fault.place else place
        raise FilterError(f"{where} {fault}", hint=EXAMPLE) from None
    if not isinstance(data, dict):
        raise FilterError(
            f"{place}: expected a JSON object, found {type(data).__name__}", hint=EXAMPLE
        )
    return data


def _parse(data: object, schema: Schema, where: str, depth: int) -> tuple[Filter, ...]:
    if not isinstance(data, Mapping):
        raise FilterError(
            f'{where}: expected an object such as {{"year": {{"gte": 1990}}}}, '
            f"found {type(data).__name__}"
        )
    if depth > MAXIMUM_DEPTH:
        raise FilterError(f"{where}: 'not' may be nested {MAXIMUM_DEPTH} deep")
    filters: list[Filter] = []
    for name, condition in data.items():
        place = f"{where}.{name}"
        if name == "not":
            excluded = _parse(condition, schema, place, depth + 1)
            if not excluded:
                raise FilterError(f"{place}: an empty filter would exclude everything")
            filters.append(Not(excluded))
        else:
            filters.append(_condition(_field(name, schema, place), condition, place))
    return tuple(filters)


def _field(name: object, schema: Schema, place: str) -> Field:
    field = schema.by_name.get(name) if isinstance(name, str) else None
    if field is None:
        raise FilterError(
            f"{place}: no such field in this collection",
            hint=schema.near_miss(str(name), to_filter=True),
        )
    if field.type is FieldType.TEXT:
        raise FilterError(
            f"{place}: a text field is searched, not filtered",
            hint=schema.near_miss(field.name, to_filter=True),
        )
    return field


def _condition(field: Field, condition: object, place: str) -> Filter:
    if isinstance(condition, Mapping):
        return _range(field, condition, place)
    values = condition if isinstance(condition, Sequence) else [condition]
    if isinstance(condition, str):
        values = [condition]
    if not values:
        raise FilterError(f"{place}: an empty list would match nothing")
    if len(values) > MAXIMUM_VALUES:
        raise FilterError(f"{place}: {len(values)} values, at most {MAXIMUM_VALUES} are allowed")
    return AnyOf(field, tuple(_single(field, value, place) for value in values))


def _range(field: Field, bounds: Mapping[Any, object], place: str) -> Range:
    if field.type not in ORDERED:
        raise FilterError(
            f"{place}: a {field.type} field has no order to bound",
            hint=f'give a value or a list: {{"{field.name}": …}}',
        )
    unknown = [str(bound) for bound in bounds if bound not in BOUNDS]
    if unknown or not bounds:
        raise FilterError(
            f"{place}: {', '.join(unknown) or 'nothing'} given, "
            f"expected some of {', '.join(BOUNDS)}"
        )
    typed = {str(bound): _single(field, value, place) for bound, value in bounds.items()}
    return Range(field, **typed)


def _single(field: Field, value: object, place: str) -> TypedValue:
    try:
        typed = typed_value(field, value)
    except FieldError as error:
        raise FilterError(f"{place}: {error.reason}", hint=error.hint) from None
    if isinstance(typed, tuple):
        if len(typed) != 1:
            raise FilterError(f"{place}: expected one keyword, found a list in the list")
        return check_text(typed[0], place)
    return typed


def check_text(text: str, place: str) -> str:
    """``text`` itself, if it can be encoded.

    Raises:
        FilterError: it holds a lone surrogate.

    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FilterError(f"{place}: a lone surrogate at character {error.start + 1}") from None
    return text
