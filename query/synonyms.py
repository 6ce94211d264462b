"""Synonyms: other wordings of a text, for the lexical leg alone (meaning needs none)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import NamedTuple, TypeVar

from query.wording import Part, Phrases, Run, parts
from tandem.suggestions import line, words

Item = TypeVar("Item")

MOST_VARIANTS = 8
"""Each is searched for with the text, in one go."""

MOST_TRIED = 64
"""Replacements, and combinations of them: two may come to the same wording, hardly ever many."""

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


class _Target(NamedTuple):
    """What may be put in place of a phrase, and the set that says so."""

    text: str
    name: str


_Targets = tuple[_Target, ...]


class _Swap(NamedTuple):
    """Words ``first`` up to ``end`` of the text may be replaced by ``target``."""

    first: int
    end: int
    target: str
    name: str


class Thesaurus:
    """All the synonyms of a collection. Immutable."""

    def __init__(self, synonyms: Iterable[Synonyms] = ()) -> None:
        knowing: dict[tuple[str, ...], list[Synonyms]] = {}
        for entry in synonyms:
            for source in entry.sources:
                knowing.setdefault(tuple(words(source)), []).append(entry)
        targets = ((phrase, _targets(phrase, entries)) for phrase, entries in knowing.items())
        self._phrases = Phrases((phrase, held) for phrase, held in targets if held)

    def rewrite(self, text: str) -> Rewritten:
        """At most ``MOST_VARIANTS`` other wordings: those with one run of words replaced first,
        then those with two, and so on; what is not replaced stays as it was typed. Runs take turns,
        and so do the sets that know the same one: none keeps the others out.
        """
        if len(text) > LONGEST_TEXT:
            return Rewritten()
        found = parts(text)
        folded = [word for part in found for word in part.words]
        runs = list(self._phrases.found_in(folded))
        if not runs:
            return Rewritten()
        starts, ends = _edges(found)
        fitting = [run for run in runs if run.first in starts and run.end in ends]
        variants: dict[str, str] = {}
        applied: dict[str, None] = {}
        for chosen in islice(_combinations(_swaps(fitting)), MOST_TRIED):
            variant = _replaced(text, chosen, starts, ends)
            if line(variant) != line(text) and line(variant) not in variants:
                variants[line(variant)] = variant
                applied.update((swap.name, None) for swap in chosen)
            if len(variants) == MOST_VARIANTS:
                break
        covered = {word for run in runs for word in folded[run.first : run.end]}
        return Rewritten(tuple(variants.values()), tuple(applied), frozenset(covered))


def _targets(phrase: Sequence[str], entries: Iterable[Synonyms]) -> _Targets:
    """What may be put in a phrase's place, no more of it than there are wordings of a text. Of two
    sets that say the same, the first is named.
    """
    known = {" ".join(phrase)}
    said: list[list[_Target]] = []
    for entry in entries:
        new = {put: text for text in reversed(entry.targets) if (put := line(text)) not in known}
        said.append([_Target(text, entry.name) for text in reversed(new.values())])
        known |= new.keys()
    return tuple(islice(_in_turn(said), MOST_VARIANTS))


def _swaps(runs: Iterable[Run[_Targets]]) -> list[_Swap]:
    swaps = _in_turn([[_Swap(run.first, run.end, *target) for target in run.held] for run in runs])
    return list(islice(swaps, MOST_TRIED))


def _in_turn(lists: Sequence[Sequence[Item]]) -> Iterator[Item]:
    """The first item of each list, then the second of each, and so on."""
    for items in zip_longest(*lists):
        yield from (item for item in items if item is not None)


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
