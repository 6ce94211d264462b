"""Synonyms: other wordings of a text, for the lexical leg alone (meaning needs none)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from query.wording import Part, Phrases, parts
from tandem.suggestions import line, words

MOST_VARIANTS = 8
"""Each is searched for with the text, in one go."""

MOST_TRIED = 64
"""Combinations: two of them may come to the same wording, hardly ever many."""

LONGEST_TEXT = 400
"""Characters. In a longer text one word more decides nothing, and it would be searched for up to
nine times over.
"""


class Synonyms(NamedTuple):
    """A named set. Where one of ``sources`` stands in a text, each of ``targets`` is put in its
    place; words that find each other are both.
    """

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


class Rewritten(NamedTuple):
    """What synonyms make of a text: its other wordings, the names of the sets that took part, and
    the folded words that one of them knows.
    """

    variants: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    covered: frozenset[str] = frozenset()


Rewrite = Callable[[str], Rewritten]
"""What synonyms make of a text."""


class _Swap(NamedTuple):
    """Words ``first`` up to ``end`` of the text may be replaced by ``target``."""

    first: int
    end: int
    target: str
    name: str


class Thesaurus:
    """All the synonyms of a collection. Immutable."""

    def __init__(self, synonyms: Iterable[Synonyms] = ()) -> None:
        self._phrases = Phrases(
            (words(source), entry) for entry in synonyms for source in entry.sources
        )

    def rewrite(self, text: str) -> Rewritten:
        """At most ``MOST_VARIANTS`` other wordings: those with one run of words replaced first,
        then those with two, and so on; what is not replaced stays as it was typed.
        """
        if len(text) > LONGEST_TEXT:
            return Rewritten()
        found = parts(text)
        folded = [word for part in found for word in part.words]
        swaps = self._swaps(folded)
        if not swaps:
            return Rewritten()
        starts, ends = _edges(found)
        fitting = [swap for swap in swaps if swap.first in starts and swap.end in ends]
        variants: dict[str, str] = {}
        applied: dict[str, None] = {}
        for chosen in islice(_combinations(fitting), MOST_TRIED):
            variant = _replaced(text, chosen, starts, ends)
            if line(variant) != line(text) and line(variant) not in variants:
                variants[line(variant)] = variant
                applied.update((swap.name, None) for swap in chosen)
            if len(variants) == MOST_VARIANTS:
                break
        covered = {word for swap in swaps for word in folded[swap.first : swap.end]}
        return Rewritten(tuple(variants.values()), tuple(applied), frozenset(covered))

    def _swaps(self, folded: Sequence[str]) -> list[_Swap]:
        swaps: dict[tuple[int, int, str], _Swap] = {}
        for run in self._phrases.found_in(folded):
            source = " ".join(folded[run.first : run.end])
            for target in run.held.targets:
                if (put := line(target)) != source:
                    swap = _Swap(run.first, run.end, target, run.held.name)
                    swaps.setdefault((run.first, run.end, put), swap)
        return list(swaps.values())


def _edges(found: Sequence[Part]) -> tuple[dict[int, int], dict[int, int]]:
    """Number of the word that begins a part, or follows after its last one -> where in the text."""
    starts, ends, count = {}, {}, 0
    for part in found:
        starts[count] = part.start
        count += len(part.words)
        ends[count] = part.end
    return starts, ends


def _combinations(swaps: Sequence[_Swap]) -> Iterator[tuple[_Swap, ...]]:
    """One swap alone, each; then two that do not overlap, and so on."""
    waiting: deque[tuple[_Swap, ...]] = deque([()])
    while waiting:
        chosen = waiting.popleft()
        after = chosen[-1].end if chosen else 0
        for swap in swaps:
            if swap.first >= after:
                longer = (*chosen, swap)
                yield longer
                waiting.append(longer)


def _replaced(
    text: str, chosen: Iterable[_Swap], starts: dict[int, int], ends: dict[int, int]
) -> str:
    pieces, place = [], 0
    for swap in chosen:
        pieces += [text[place : starts[swap.first]], swap.target]
        place = ends[swap.end]
    return "".join([*pieces, text[place:]])
