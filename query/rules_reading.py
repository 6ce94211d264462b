"""Reads a file of synonyms and rules. Every fault says where it is and what was expected.

[[synonyms]]
name = "television"
words = ["tv", "television", "telly"]        # each finds the others
[[synonyms]]
name = "notebooks"
from = ["laptop"]                            # one way
to = ["notebook computer"]
[[rules]]
name = "summer sale"
query = "sandals"                            # the whole query; or contains = "sandals"
pin = ["doc-1", "doc-2"]                     # first and second place
hide = ["doc-9"]
boost = [{ documents = ["doc-3"], by = 1.5 }, { filter = { brand = "acme" }, by = 0.5 }]

Words are compared as suggestions are: case and accents do not count.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from query.rules import Boost, Rule, Rules
from query.rules_values import Place, shown
from query.synonyms import MOST_VARIANTS, Synonyms
from tandem.errors import SettingsError

Entry = TypeVar("Entry", Rule, Synonyms)

MAXIMUM_BYTES = 2_000_000
MAXIMUM_ENTRIES = 10_000
MAXIMUM_FROM = 50
MAXIMUM_TO = MOST_VARIANTS
MAXIMUM_WORDS = 1 + MAXIMUM_TO
"""In place of one of a group the others are searched for: no more than a text has wordings."""

MAXIMUM_PINS = 100
MAXIMUM_DOCUMENTS = 1_000
MAXIMUM_BOOSTS = 20
SMALLEST_BOOST, LARGEST_BOOST = 0.01, 100.0

SECTIONS = ("synonyms", "rules")
SYNONYM_KEYS = ("name", "words", "from", "to")
RULE_KEYS = ("name", "query", "contains", "pin", "hide", "boost")
BOOST_KEYS = ("documents", "filter", "by")


def read_rules(content: bytes, file: str) -> Rules:
    """The rules and synonyms that stand in a file; ``file`` is its name, for errors.

    Raises:
        SettingsError: it is not TOML, too large, or an entry is not as it must be.
    """
    if len(content) > MAXIMUM_BYTES:
        raise SettingsError(f"{file}: more than {MAXIMUM_BYTES:,} bytes, the most that is read")
    try:
        data = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{file}: not TOML: {error}") from None
    place = Place(file)
    place.check_keys(data, SECTIONS)
    return Rules(
        list(_entries(data, "rules", place, _rule)),
        list(_entries(data, "synonyms", place, _synonyms)),
    )


def _entries(
    data: Mapping[str, Any],
    section: str,
    file: Place,
    read: Callable[[Mapping[str, Any], str, Place], Entry],
) -> Iterator[Entry]:
    entries = data.get(section, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise file.fault(f"{section}: expected entries that begin with [[{section}]]")
    if len(entries) > MAXIMUM_ENTRIES:
        raise file.fault(f"{section}: {len(entries):,} entries, at most {MAXIMUM_ENTRIES:,}")
    known: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        place = file.inside(f"{section} entry {number}")
        name = place.text(entry, "name")
        place = file.inside(f"{section} entry {number} ({name!r})")
        if name in known:
            raise place.fault(
                f"name: entry {known[name]} has it already, expected another one for each",
            )
        known[name] = number
        yield read(entry, name, place)


def _synonyms(entry: Mapping[str, Any], name: str, place: Place) -> Synonyms:
    place.check_keys(entry, SYNONYM_KEYS)
    if ("words" in entry) == ("from" in entry or "to" in entry):
        raise place.fault("expected either words, or from and to")
    if "words" in entry:
        group = place.phrases(entry, "words", MAXIMUM_WORDS)
        if len(group) < 2:
            raise place.fault("words: expected at least two that differ, so that one finds another")
        return Synonyms(name, group, group)
    return Synonyms(
        name,
        place.phrases(entry, "from", MAXIMUM_FROM),
        place.phrases(entry, "to", MAXIMUM_TO),
    )


def _rule(entry: Mapping[str, Any], name: str, place: Place) -> Rule:
    place.check_keys(entry, RULE_KEYS)
    if ("query" in entry) == ("contains" in entry):
        raise place.fault("expected either query, the whole of it, or contains, a part of it")
    is_part = "contains" in entry
    pin = place.ids(entry, "pin", MAXIMUM_PINS)
    hide = frozenset(place.ids(entry, "hide", MAXIMUM_DOCUMENTS))
    boosts = _boosts(entry, place)
    if not (pin or hide or boosts):
        raise place.fault("does nothing, expected pin, hide or boost")
    both = [document_id for document_id in pin if document_id in hide]
    if both:
        raise place.fault(f"hide: {both[0]!r} is pinned by the same rule")
    phrase = place.phrase(entry, "contains" if is_part else "query")
    return Rule(name, phrase, is_part, pin, hide, boosts)


def _boosts(entry: Mapping[str, Any], place: Place) -> tuple[Boost, ...]:
    boosts = entry.get("boost", [])
    if not isinstance(boosts, list) or not all(isinstance(boost, dict) for boost in boosts):
        raise place.fault('boost: expected a list such as [{ documents = ["id"], by = 1.5 }]')
    if len(boosts) > MAXIMUM_BOOSTS:
        raise place.fault(f"boost: {len(boosts)} boosts, at most {MAXIMUM_BOOSTS} are allowed")
    return tuple(
        _boost(boost, place.inside(f"boost {number}"))
        for number, boost in enumerate(boosts, start=1)
    )


def _boost(boost: Mapping[str, Any], place: Place) -> Boost:
    place.check_keys(boost, BOOST_KEYS)
    documents = frozenset(place.ids(boost, "documents", MAXIMUM_DOCUMENTS))
    filters = boost.get("filter")
    if "filter" in boost and not (isinstance(filters, dict) and filters):
        raise place.fault('filter: expected a table such as { brand = "acme" }')
    if bool(documents) == (filters is not None):
        raise place.fault("expected either documents or a filter")
    return Boost(_factor(boost, place), documents, filters)


def _factor(boost: Mapping[str, Any], place: Place) -> float:
    by = boost.get("by")
    if isinstance(by, int | float) and SMALLEST_BOOST <= by <= LARGEST_BOOST and by is not True:
        return float(by)
    raise place.fault(
        f"by: expected a number from {SMALLEST_BOOST:g} to {LARGEST_BOOST:g}, "
        f"{'found ' + shown(by) if 'by' in boost else 'none is given'}"
    )
