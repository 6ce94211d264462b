"""OpenSearch and tantivy make the same words of the same text."""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tantivy import TextAnalyzer

from tandem.analysis import ANALYSES, STOP_WORDS, Analysis
from tandem.engines.opensearch_client import Server
from tandem.engines.opensearch_mapping import (
    ANALYZER,
    QUERY_ANALYZER,
    UNSTEMMED_ANALYZER,
)
from tandem.engines.opensearch_stemming import EXCEPTIONS
from tandem.engines.tantivy_mapping import build_analyzer, build_words_analyzer
from tandem.schema import Schema
from tests.contracts.opensearch_stores import emptied, namespace_of, server, store_for
from tests.texts import varied_texts

FAMILIES = (
    "universe universal emerge emergency organ organic intern internal later lateral past paste"
)
"""Words of the families that are told to OpenSearch one by one."""

STEMS = (
    "nation national nationality nationally relate relational relation hope hoping hopeful hopped "
    "run runner running cry cries crying cried happy happily happiness argue argument arguing "
    "generate generous general generically commune communism communication arsenal arsenic skis "
    "skies dying lying tying idly gently ugly early only singly news howe atlas cosmos bias andes "
    "inning outing canning herring earring proceed exceed succeed yield yellow say boy enjoyed "
    "knackeries sensibility sensational conditional valency hesitancy operator feudalism "
    "decisiveness hopefulness callousness formality sensitivity triplicate formative formalize "
    "electrical goodness revival allowance inference airliner adjustable defensible irritant "
    "replacement dependent adoption communion homologous effective bowdlerize probate rate cease "
    "controlling rolling geologist mythologists apologist's zoologist geology "
    "lately abilities abs abyss caresses ponies ties gas kiwis"
)


def letters() -> str:
    """Every letter and digit of the Basic Multilingual Plane that is old enough, apart."""
    old = unicodedata.ucd_3_2_0
    kept = [
        chr(code)
        for code in range(0x80, 0x10000)
        if old.category(chr(code))[0] in "LN" and not 0x3400 <= code < 0xD7A4
    ]
    return " ".join(kept)


def mixtures(count: int) -> list[str]:
    """Texts of odd words: a word, and cases, accents, apostrophes, digits and scripts around it."""
    chance = random.Random(4)
    plain = [*STEMS.split(), *STOP_WORDS[::9]]
    odd = ["", "", *"'\u2019-ÉßİΣﬁøЖ½²\u200b_\0🙂日", "42", "a\u0301", "'s", "\u2019S"]
    made = []
    for _ in range(count):
        words = [chance.choice(odd) + chance.choice(plain) + chance.choice(odd) for _ in range(12)]
        made.append(" ".join(word.upper() if chance.random() < 0.2 else word for word in words))
    return made


LENGTHS = (12, 15, 16, 17, 20, 21, 22, 31, 32, 33, 62, 63, 64, 65, 2_000)
LONG = [f"{sign * count} end" for sign in "aéЖ日𐐷" for count in LENGTHS]
"""Words around the longest that are kept, of one to four bytes a sign."""


@pytest.fixture(scope="module", params=ANALYSES.values(), ids=lambda analysis: analysis.name)
def analysis(request: pytest.FixtureRequest) -> Analysis:
    """Each that there is."""
    assert isinstance(request.param, Analysis)
    return request.param


@pytest.fixture(scope="module")
def tantivy(analysis: Analysis) -> TextAnalyzer:
    """What tantivy goes by."""
    return build_analyzer(analysis)


@pytest.fixture(scope="module")
def aliases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An empty index for each analysis, to analyse with."""
    folder: Path = tmp_path_factory.mktemp("analysis")
    store = store_for(folder)
    for name, analysis in ANALYSES.items():
        store.create(name, "1", Schema(), analysis).close()
    yield {name: f"tandem-{namespace_of(folder)}-{name}" for name in ANALYSES}
    emptied(store)


@pytest.fixture
def alias(aliases: dict[str, str], analysis: Analysis) -> str:
    """The one that was built with this analysis."""
    return aliases[analysis.name]


@pytest.fixture(scope="module")
def asked() -> Iterator[Server]:
    """The server itself."""
    opened = server()
    yield opened
    opened.close()


def analysed(asked: Server, alias: str, text: str, analyzer: str = ANALYZER) -> list[str]:
    """The words that OpenSearch makes of a text."""
    body = {"analyzer": analyzer, "text": text}
    answer = asked.ask(f"POST /{alias}/_analyze", body, seconds=60)
    return [token["token"] for token in answer["tokens"]]


@pytest.mark.parametrize(
    "texts",
    [
        varied_texts(120),
        mixtures(120),
        [STEMS, FAMILIES, " ".join(EXCEPTIONS), " ".join(STOP_WORDS)],
        LONG,
    ],
    ids=["texts", "mixtures", "stems", "long words"],
)
def test_the_same_words(
    asked: Server, alias: str, tantivy: TextAnalyzer, texts: Sequence[str]
) -> None:
    """Word for word, in order."""
    for text in texts:
        sent = text.encode("utf-8", "replace").decode()
        assert analysed(asked, alias, sent) == tantivy.analyze(sent), sent[:80]


def test_the_same_words_unstemmed(asked: Server, alias: str, analysis: Analysis) -> None:
    """What misspelt words are compared with."""
    unstemmed = build_words_analyzer(analysis)
    for text in (*mixtures(40), STEMS, FAMILIES, *LONG):
        assert analysed(asked, alias, text, UNSTEMMED_ANALYZER) == unstemmed.analyze(text), text[
            :80
        ]


def test_every_letter_is_folded_alike(asked: Server, alias: str, tantivy: TextAnalyzer) -> None:
    """Letters of all scripts that are in Unicode since 2002."""
    whole = letters().split(" ")
    for start in range(0, len(whole), 4_000):
        text = " ".join(whole[start : start + 4_000])
        assert analysed(asked, alias, text) == tantivy.analyze(text)


def test_a_query_holds_each_word_once(asked: Server, aliases: dict[str, str]) -> None:
    """A word that is said twice counts once, as in tantivy."""
    text = "Zebra running zebras, the zebra's run"
    for analysis, words in {
        "english-1": ["zebra", "run"],
        "plain-1": ["zebra", "running", "zebras", "the", "zebra's", "run"],
    }.items():
        assert analysed(asked, aliases[analysis], text, QUERY_ANALYZER) == words
    assert analysed(asked, aliases["plain-1"], "run Run RUN", QUERY_ANALYZER) == ["run"]


def test_endless_words_do_no_harm(asked: Server, alias: str) -> None:
    """Java's matcher would overflow its stack, and take the node down, on a repeated group."""
    text = "a'" * 200_000 + " end"
    assert analysed(asked, alias, text) == ["end"]
