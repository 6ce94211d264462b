"""How a search by words scores: the weights of the fields, and what words that stand together add.

score = BM25 over all text fields together
      + ``FIELDS_SHARE`` x the disjunction max of BM25 over the fields, each with its weight
      + ``phrase`` x the sum of BM25 over the text's pairs of neighbouring words, as phrases
      + ``proximity`` x the same, where the words of a pair need but be near each other

A plain sum of weighted fields would count a word of a short title several times over: it costs 0.06
nDCG@10 on SciFact (decision 0004).

A whole text is hardly ever found as a phrase, so its pairs are looked for: the ordered and the
unordered dependences of Metzler and Croft, "A Markov random field model for term dependencies",
SIGIR 2005. Pairs add to the score of what matches anyway; nothing is found by them alone.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tandem.errors import FieldError
from tandem.fields import Field

FIELDS_SHARE = 0.3
"""Weight of the fields' disjunction max beside the all-field; from SciFact's train queries."""

TIE_BREAKER = 0.3
"""What the fields besides the best one add in the disjunction max."""

MOST_PAIRS = 64
"""Pairs that a search looks for, those of all its wordings together."""

NEAR_SLOP = 6
"""How many places a pair's words may be moved to meet. A window of eight words, if they stand in
the text's order: six others between them; in the other order four.
"""


@dataclass(frozen=True, slots=True)
class LexicalScoring:
    """What a search may choose of its scores. ``weights`` are pairs of a text field and its weight,
    in place of the schema's; ``of`` puts them in order, so that equal scorings are equal. Each
    number is 0 to 10.
    """

    weights: tuple[tuple[str, float], ...] = ()
    phrase: float = 0.0
    proximity: float = 0.0

    @classmethod
    def of(
        cls, weights: Mapping[str, float], phrase: float = 0.0, proximity: float = 0.0
    ) -> "LexicalScoring":
        """The scoring with those weights, field -> weight."""
        return cls(tuple(sorted(weights.items())), phrase, proximity)

    def weight(self, field: Field) -> float:
        """A text field's weight: the one given here, else its own."""
        return dict(self.weights).get(field.name, field.weight)

    def check(self, fields: Iterable[Field]) -> None:
        """See that every weight is one of these text fields'.

        Raises:
            FieldError: one is of something else.
        """
        known = [field.name for field in fields]
        for name, _ in self.weights:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                raise FieldError(
                    f"search.lexical.weights.{name}",
                    f"the collection has no text field {name!r}",
                    hint=f"did you mean {close[0]!r}?" if close else f"it has {', '.join(known)}",
                )

    def among(self, fields: Iterable[Field]) -> "LexicalScoring":
        """The same for a collection that has these text fields: a weight of what is none of them
        counts for nothing, and is left out.
        """
        known = {field.name for field in fields}
        return replace(self, weights=tuple(pair for pair in self.weights if pair[0] in known))

    def __str__(self) -> str:
        told = [f"{name} {weight:g}" for name, weight in self.weights]
        for name in ("phrase", "proximity"):
            told += [f"{name} {worth:g}"] if (worth := getattr(self, name)) else []
        return ", ".join(told) or "the fields' own weights"

    @property
    def counts_pairs(self) -> bool:
        """Whether it matters which words stand together."""
        return self.phrase > 0 or self.proximity > 0

    def without_pairs(self) -> "LexicalScoring":
        """The weights alone: for words that are no sentence."""
        return replace(self, phrase=0.0, proximity=0.0)


DEFAULT = LexicalScoring()
"""The weights that the schema says, and no pairs."""
