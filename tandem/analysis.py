"""The text analysis chains, once, so that every lexical engine stems and drops alike.

    english   words -> at most 64 bytes -> lower case -> ASCII folding -> stop words -> stemmer
    plain     words -> at most 64 bytes -> lower case -> ASCII folding

A word is a run of letters and digits, with an inner apostrophe kept: the English stemmer (Snowball,
"Porter2", https://snowballstem.org/algorithms/english/stemmer.html) takes a possessive 's off, so
"men's" finds "men". Folding turns "Café" into "cafe" and a typographic apostrophe into a plain one.

A chain that is changed gets another number and stands beside the one it was: there are indexes that
were built with that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

WORD_PATTERN = r"[\p{L}\p{N}]+(?:['’][\p{L}]+)*"  # noqa: RUF001 - the typographic apostrophe is meant

# Closed-class English words: they carry grammar, not subject. Grouped by class, so that a reader
# can see what is in and argue with it.
_ARTICLES = "a an the"
_PRONOUNS = (
    "i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his "
    "himself she her hers herself it its itself they them their theirs themselves "
    "this that these those who whom whose which what"
)
_AUXILIARIES = (
    "am is are was were be been being have has had having do does did doing done can could may "
    "might must shall should will would ought cannot"
)
_PREPOSITIONS = (
    "about above across after against along among around as at before behind below beneath beside "
    "between beyond by down during for from in inside into near of off on onto out outside over "
    "since through throughout to toward towards under until up upon via with within without"
)
_CONJUNCTIONS = (
    "and or but nor so yet if then else than because while although though unless whether"
)
_ADVERBS = (
    "not no again also any both each either every few further here how just more most much neither "
    "now once only other own same some such there too very when where why however therefore thus"
)
_CONTRACTIONS = (
    "i'm you're we're they're i've you've we've they've i'll you'll he'll she'll it'll we'll "
    "they'll i'd you'd he'd she'd we'd they'd isn't aren't wasn't weren't hasn't haven't hadn't "
    "doesn't don't didn't can't couldn't mustn't shouldn't won't wouldn't it's he's she's that's "
    "who's what's there's here's let's"
)

STOP_WORDS: tuple[str, ...] = tuple(
    sorted(
        {
            word
            for group in (
                _ARTICLES,
                _PRONOUNS,
                _AUXILIARIES,
                _PREPOSITIONS,
                _CONJUNCTIONS,
                _ADVERBS,
                _CONTRACTIONS,
            )
            for word in group.split()
        }
    )
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A named chain. A generation records the name, so that an index is never searched with a
    chain it was not built with. Without a ``stemmer`` words stay as they are.
    """

    name: str
    word_pattern: str
    maximum_word_bytes: int
    stop_words: tuple[str, ...]
    stemmer: str | None


ENGLISH = Analysis("english-1", WORD_PATTERN, 64, STOP_WORDS, "english")
PLAIN = Analysis("plain-1", WORD_PATTERN, 64, (), None)

ANALYSES: Mapping[str, Analysis] = MappingProxyType(
    {analysis.name: analysis for analysis in (ENGLISH, PLAIN)}
)
"""Every chain that an index may have been built with, by the name that is recorded."""

AnalysisSetting = Literal["english", "plain"]

NEWEST: Mapping[AnalysisSetting, Analysis] = MappingProxyType({"english": ENGLISH, "plain": PLAIN})
"""What a new generation is built with."""
