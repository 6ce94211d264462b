"""What people decided about given queries: which documents are pinned, hidden or boosted.

rules_file    reads the file, and again when it changes
rules         which rules and synonyms a text calls up
arrangement   what they do to a ranking
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """A rule that a text calls up, with the typed filters of its boosts, one each. It is without
    those boosts whose filter does not fit the schema: ``left_out`` says which, and why.
    """

    rule: Rule
    filters: tuple[tuple[Filter, ...] | None, ...]
    left_out: tuple[str, ...] = ()


class Rules:
    """All the rules and synonyms of a collection, as they stand in one file. Thread-safe."""

    def __init__(self, rules: Iterable[Rule] = (), synonyms: Iterable[Synonyms] = ()) -> None:
        self._thesaurus = Thesaurus(synonyms)
        self._rules = tuple(rules)
        self._phrases = Phrases(
            (words(rule.phrase), (place, rule)) for place, rule in enumerate(self._rules)
        )
        self._told: set[tuple[str, str]] = set()
        self._fitting: dict[str, bool] = {}

    def rewrite(self, text: str) -> Rewritten:
        """What synonyms make of a text."""
        return self._thesaurus.rewrite(text)

    def hidden(self, text: str, schema: Schema) -> frozenset[str]:
        """The documents that a text's rules hide."""
        return frozenset[str]().union(*(kept.rule.hide for kept in self.for_text(text, schema)))

    def for_text(self, text: str, schema: Schema) -> tuple[InForce, ...]:
        """The rules that a text calls up, in the order of the file. A boost whose filter does not
        fit the schema is left out, which is logged once.
        """
        return tuple(self._in_force(rule, schema) for rule in self._called_up(text))

    def fit(self, schema: Schema) -> bool:
        """Whether the filters of all boosts fit the schema. The first rule with one that does not
        is logged.
        """
        if schema.fingerprint not in self._fitting:
            self._fitting[schema.fingerprint] = not any(
                self._in_force(rule, schema).left_out for rule in self._rules
            )
        return self._fitting[schema.fingerprint]

    def _in_force(self, rule: Rule, schema: Schema) -> InForce:
        made = typed(rule, schema)
        if made.left_out:
            self._tell(made, schema)
        return made

    def _called_up(self, text: str) -> Sequence[Rule]:
        folded = words(text)
        found: dict[int, Rule] = {}
        for run in self._phrases.found_in(folded):
            place, rule = run.held
            if rule.is_part or run.end - run.first == len(folded):
                found[place] = rule
        return [found[place] for place in sorted(found)]

    def _tell(self, kept: InForce, schema: Schema) -> None:
        told = (kept.rule.name, schema.fingerprint)
        if told not in self._told:
            self._told.add(told)
            for reason in kept.left_out:
                logger("query").warning("left out of the rules: %s", reason)


def typed(rule: Rule, schema: Schema) -> InForce:
    """A rule as far as it fits the schema."""
    boosts, typed_filters, left_out = [], [], []
    for number, boost in enumerate(rule.boosts, start=1):
        try:
            filters = None if boost.filters is None else parse_filters(boost.filters, schema)
        except FilterError as error:
            left_out.append(f"{rule.name}: boost {number}: {error}")
            continue
        boosts.append(boost)
        typed_filters.append(filters)
    fitting = replace(rule, boosts=tuple(boosts)) if left_out else rule
    return InForce(fitting, tuple(typed_filters), tuple(left_out))


NO_RULES = Rules()
"""For collections that have none."""
