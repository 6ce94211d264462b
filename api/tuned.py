"""A tuned search: the part of ``[search]`` that a judgment list can choose."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from relevance_eval.tuning.points import Leg, Point
from tandem.catalog.releases import Release
from tandem.errors import InputError
from tandem.scoring import LexicalScoring
from tandem.sections import LegSettings, SearchSettings

TUNABLE = ("fusion", "depth", "lexical", "vector")
"""What a release may have of its own."""


def current_point(settings: SearchSettings) -> Point:
    """The fusion that these settings say, and how they score words."""
    return Point(
        settings.fusion,
        settings.depth,
        _leg(settings.lexical),
        _leg(settings.vector),
        lexical_scoring(settings),
    )


def _leg(settings: LegSettings) -> Leg:
    return Leg(settings.k, settings.weight, settings.share)


def lexical_scoring(settings: SearchSettings) -> LexicalScoring:
    """How these settings score words."""
    own = settings.lexical
    return LexicalScoring.of(own.weights, own.phrase, own.proximity)


def with_search(settings: SearchSettings, search: Mapping[str, Any] | None) -> SearchSettings:
    """The settings with what a release has of its own.

    Raises:
        ValidationError: one of them is unknown, of another kind, or out of range.
    """
    if not search:
        return settings
    given = settings.model_dump()
    for name, value in search.items():
        own, is_table = given.get(name), isinstance(value, Mapping)
        given[name] = {**own, **value} if is_table and isinstance(own, Mapping) else value
    return SearchSettings.model_validate(given)


def search_of(release: Release) -> dict[str, Any] | None:
    """The settings that a release has of its own, as they were stored."""
    if release.search is None:
        return None
    found: dict[str, Any] = orjson.loads(release.search)
    return found


def search_told(search: Mapping[str, Any]) -> str:
    """The same in a line, for people: what is not said goes by the settings."""
    return ", ".join(f"{name} {value}" for name, value in _settings(search))


def _settings(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(name, value) of everything that is said, however deep."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _settings(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def read_search(path: Path) -> dict[str, Any]:
    """The file that ``tandem eval tune --write`` wrote; every setting in it is checked.

    Raises:
        InputError: it cannot be read, says something else, or a value is out of range.
    """
    hint = "tandem eval tune JUDGMENTS --write FILE makes one"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint=hint) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no UTF-8: {error}", hint=hint) from None
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
    except ValidationError as error:
        raise InputError(f"{path}: {_told(error)}", hint=hint) from None
    return search


def _told(error: ValidationError) -> str:
    return "; ".join(
        f"search.{'.'.join(map(str, fault['loc']))}: {fault['msg']}, found {fault['input']!r}"
        for fault in error.errors()
    )
