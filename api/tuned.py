"""A tuned search: the part of ``[search]`` that a judgment list can choose."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from relevance_eval.tuning.points import Leg, Point
from tandem.errors import InputError
from tandem.sections import LegSettings, SearchSettings

TUNABLE = ("fusion", "depth", "lexical", "vector")
"""What a release may have of its own."""


def current_point(settings: SearchSettings) -> Point:
    """The fusion that these settings say."""
    return Point(settings.fusion, settings.depth, _leg(settings.lexical), _leg(settings.vector))


def _leg(settings: LegSettings) -> Leg:
    return Leg(settings.k, settings.weight, settings.share)


def with_search(settings: SearchSettings, search: Mapping[str, Any] | None) -> SearchSettings:
    """The settings with what a release has of its own.

    Raises:
        ValidationError: one of them is unknown or out of range.
    """
    if not search:
        return settings
    given = settings.model_dump()
    for name, value in search.items():
        given[name] = {**given[name], **value} if isinstance(value, Mapping) else value
    return SearchSettings.model_validate(given)


def read_search(path: Path) -> dict[str, Any]:
    """The file that ``tandem eval tune --write`` wrote; every setting in it is checked.

    Raises:
        InputError: it cannot be read, says something else, or a value is out of range.
    """
    hint = "tandem eval tune JUDGMENTS --write FILE makes one"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", hint=hint) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}", hint=hint) from None
    search = data.get("search")
    others = [name for name in data if name != "search"]
    if others or not isinstance(search, dict) or not search:
        found = f"the table {others[0]!r}" if others else "none"
        raise InputError(f"{path}: expected a table [search] alone, found {found}", hint=hint)
    unknown = [name for name in search if name not in TUNABLE]
    if unknown:
        raise InputError(
            f"{path}: a release has no search.{unknown[0]} of its own, expected "
            f"{', '.join(TUNABLE)}",
            hint="what holds for every release stands in tandem.toml",
        )
    try:
        with_search(SearchSettings(), search)
    except (ValidationError, TypeError) as error:
        raise InputError(f"{path}: {_told(error)}", hint=hint) from None
    return search


def _told(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return "search.lexical and search.vector are tables"
    return "; ".join(
        f"search.{'.'.join(map(str, fault['loc']))}: {fault['msg']}, found {fault['input']!r}"
        for fault in error.errors()
    )
