"""What people decided about given queries: which documents are pinned, hidden or boosted.

rules_file    reads the file, and again when it changes
rules         which rules and synonyms a text calls up
arrangement   what they do to a ranking
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from query.synonyms import Rewritten, Synonyms, Thesaurus
from query.wording import Phrases
from tandem.errors import FilterError
from tandem.filters import Filter, parse_filters
from tandem.schema import Schema
from tandem.suggestions import words
from tandem.telemetry import logger


class Boost(NamedTuple):
    """Multiplies the scores of given documents, and of what a filter leaves, by ``by``. The filter
    is data (``tandem.filters``); ``None`` where there is none.
    """

    by: float
    documents: frozenset[str] = frozenset()
    filters: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule for the texts that consist of ``phrase``, or hold it where ``is_part``: folded
    words, as in the file. ``pin`` are the first places, in order.
    """

    name: str
    phrase: str
    is_part: bool = False
    pin: tuple[str, ...] = ()
    hide: frozenset[str] = frozenset()
    boosts: tuple[Boost, ...] = ()


class InForce(NamedTuple):
    """A rule that a text calls up, with the typed filters of its boosts, one each."""

    rule: Rule
    filters: tuple[tuple[Filter, ...] | None, ...]


class Rules:
    """All the rules and synonyms of a collection, as they stand in one file. Thread-safe."""

    def __init__(self, rules: Iterable[Rule] = (), synonyms: Iterable[Synonyms] = ()) -> None:
        self._thesaurus = Thesaurus(synonyms)
        self._phrases = Phrases(
            (words(rule.phrase), (place, rule)) for place, rule in enumerate(rules)
        )
        self._told: set[tuple[str, str]] = set()

    def rewrite(self, text: str) -> Rewritten:
        """What synonyms make of a text."""
        return self._thesaurus.rewrite(text)

    def hidden(self, text: str, schema: Schema) -> frozenset[str]:
        """The documents that a text's rules hide."""
        return frozenset[str]().union(*(kept.rule.hide for kept in self.for_text(text, schema)))

    def for_text(self, text: str, schema: Schema) -> tuple[InForce, ...]:
        """The rules that a text calls up, in the order of the file. One with a filter that does not
        fit the schema is left out, which is logged once.
        """
        in_force = []
        for rule in self._called_up(text):
            try:
                in_force.append(InForce(rule, _filters(rule, schema)))
            except FilterError as error:
                self._tell(rule.name, schema, error)
        return tuple(in_force)

    def _called_up(self, text: str) -> Sequence[Rule]:
        folded = words(text)
        found: dict[int, Rule] = {}
        for run in self._phrases.found_in(folded):
            place, rule = run.held
            if rule.is_part or run.end - run.first == len(folded):
                found[place] = rule
        return [found[place] for place in sorted(found)]

    def _tell(self, name: str, schema: Schema, error: FilterError) -> None:
        told = (name, schema.fingerprint)
        if told not in self._told:
            self._told.add(told)
            logger("query").warning("the rule %r is left out: %s", name, error)


def _filters(rule: Rule, schema: Schema) -> tuple[tuple[Filter, ...] | None, ...]:
    return tuple(
        None if boost.filters is None else parse_filters(boost.filters, schema)
        for boost in rule.boosts
    )


NO_RULES = Rules()
"""For collections that have none."""
