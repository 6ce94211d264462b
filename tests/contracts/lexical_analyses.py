"""What a text analysis makes of documents and queries, and several of them beside each other."""

from collections.abc import Iterator

import pytest

from tandem.analysis import ANALYSES, ENGLISH, PLAIN, Analysis
from tandem.lexical import LexicalIndex, Matching
from tandem.rankings import Ranking
from tandem.stores import LexicalStore
from tests.builders import document, schema_of, upserts
from tests.contracts.lexical_base import (
    IDENTITY,
    NAME,
    TIMEOUT,
    LexicalContract,
    found,
    search,
    write,
)
from tests.contracts.lexical_highlights import highlight, marks

SCHEMA = schema_of(kind="keyword")
BODIES = {
    "run": "She was running to the café",
    "name": "The Who",
    "code": "part A-12b, organs'",
    "shoes": "men\u2019s shoes",
    "long": "x" * 64,
}

FOUND: dict[str, dict[str, set[str]]] = {
    "english-1": {
        "run": {"run"},
        "RUNNING CAFE": {"run"},
        "the who": set(),
        "organ": {"code"},
        "12B": {"code"},
        "shoe of a man": {"shoes"},
        "men": {"shoes"},
        "men's": {"shoes"},
        "x" * 64: set(),
        "?!": set(),
    },
    "plain-1": {
        "run": set(),
        "RUNNING CAFE": {"run"},
        "the who": {"run", "name"},
        "organ": set(),
        "12B": {"code"},
        "shoe of a man": {"code"},
        "men": set(),
        "men's": {"shoes"},
        "x" * 64: set(),
        "?!": set(),
    },
}
"""What is found of ``BODIES``, by text."""

MARKED = {"english-1": ["running"], "plain-1": ["was", "running"]}
"""What is marked in the first one for ``he was running``."""


class AnalysesContract(LexicalContract):
    """Every analysis that there is, and more than one in a store."""

    @pytest.fixture(params=ANALYSES.values(), ids=lambda analysis: analysis.name)
    def analysis(self, request: pytest.FixtureRequest) -> Analysis:
        """Each of them."""
        assert isinstance(request.param, Analysis)
        return request.param

    @pytest.fixture
    def analysed(self, store: LexicalStore, analysis: Analysis) -> Iterator[LexicalIndex]:
        """An index of the bodies that was built with it."""
        opened = store.create(NAME, IDENTITY, SCHEMA, analysis)
        write(opened, upserts(document(name, body, kind="k") for name, body in BODIES.items()))
        yield opened
        opened.close()

    def test_an_analysis_decides_what_is_found(
        self, analysed: LexicalIndex, analysis: Analysis
    ) -> None:
        """Searches, scores and tallies go by one chain; what it drops finds nothing."""
        for text, names in FOUND[analysis.name].items():
            ranking = search(analysed, text)
            assert set(ranking.document_ids) == names, text
            if not names:
                assert ranking == Ranking("lexical")
            assert analysed.score(text, list(BODIES), timeout_seconds=TIMEOUT).keys() == names
            matching = Matching(text)
            counted = analysed.tally(matching, fields=["kind"], timeout_seconds=TIMEOUT)
            assert counted == (len(names), {"kind": {"k": len(names)} if names else {}})

    def test_an_analysis_decides_what_is_marked(
        self, analysed: LexicalIndex, analysis: Analysis
    ) -> None:
        """The words that the search has matched."""
        shown = highlight(analysed, "he was running", ["run"])
        assert marks(shown["run"]) == MARKED[analysis.name]

    def test_suggestions_are_the_same_under_every_analysis(
        self, store: LexicalStore, analysis: Analysis
    ) -> None:
        """Titles are compared as they are typed: neither stemmed nor rid of stop words."""
        index = store.create(NAME, IDENTITY, SCHEMA, analysis)
        write(index, upserts([document("a", title="The Running Man"), document("b", title="Run")]))
        for prefix, titles in {"the": ["The Running Man"], "the runner": []}.items():
            assert list(index.suggest(prefix, limit=5, timeout_seconds=TIMEOUT)) == titles
        index.close()

    def test_two_analyses_stand_beside_each_other(self, store: LexicalStore) -> None:
        """As the live generation and the next one do: each goes by its own, reopened too."""
        for name, analysis in (("live", ENGLISH), ("next", PLAIN)):
            made = store.create(name, IDENTITY, SCHEMA, analysis)
            write(made, upserts([document("a", "They ran, running")]))
            made.close()
        live, following = store.open("live", SCHEMA, ENGLISH), store.open("next", SCHEMA, PLAIN)
        for index in (live, following):
            write(index, upserts([document("b", "They run")], first=2))
        assert found(live, "they run") == {"a", "b"}
        assert found(following, "runs") == set()
        assert found(live, "runs") == {"a", "b"}
        assert found(live, "they") == set()
        assert found(following, "they") == {"a", "b"}
        live.close()
        following.close()
