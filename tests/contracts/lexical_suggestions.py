"""What is suggested while somebody types. The rules stand in ``tandem.suggestions``."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem import suggestions
from tandem.analysis import ENGLISH
from tandem.lexical import LexicalIndex
from tandem.stores import LexicalStore
from tests.builders import deletion, document, filters, upserts
from tests.contracts import suggestions_oracle as oracle
from tests.contracts.lexical_base import (
    FAMILY,
    IDENTITY,
    NAME,
    SCHEMA,
    TIMEOUT,
    LexicalContract,
    write,
)

MANY = 3 * suggestions.CANDIDATES


def suggest(index: LexicalIndex, prefix: str, limit: int = 10, **keywords: Any) -> Sequence[str]:
    """Suggestions without the arguments that do not matter here."""
    return index.suggest(prefix, limit=limit, timeout_seconds=TIMEOUT, **keywords)


class SuggestionsContract(LexicalContract):
    """Suggested titles."""

    @pytest.fixture(scope="class")
    @classmethod
    def titled(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LexicalIndex]:
        """An index of the oracle's titles, in several commits, some of them deleted again."""
        store = cls.make_store(tmp_path_factory.mktemp("titled"))
        opened = store.create(NAME, IDENTITY, SCHEMA, ENGLISH)
        changes = upserts(oracle.documents())
        for start in range(0, len(changes), 100):
            write(opened, changes[start : start + 100])
        write(opened, upserts([document("gone", title="database gone")], 1_001))
        write(opened, [deletion(1_002, "gone")])
        yield opened
        opened.close()

    @given(prefix=oracle.prefixes(), limit=st.integers(1, 12), genre=st.sampled_from(["", "a"]))
    @settings(
        max_examples=120,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_suggestions_are_the_oracles(
        self, titled: LexicalIndex, prefix: str, limit: int, genre: str
    ) -> None:
        """The same titles in the same order as plain Python over all of them."""
        wanted = filters(SCHEMA, {"genre": genre}) if genre else ()
        titles = [
            item.title
            for item in oracle.documents()
            if not genre or item.attributes["genre"] == genre
        ]
        expected = oracle.suggested(titles, prefix, limit)
        assert list(suggest(titled, prefix, limit, filters=wanted)) == expected

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("d", {"Database systems", "Systems of databases", "Don't panic", "The Døde of Łódź"}),
            ("data", {"Database systems", "Systems of databases"}),
            ("DATABASE sys", {"Database systems", "Systems of databases"}),
            ("systems data", {"Database systems", "Systems of databases"}),
            ("database", {"Database systems", "Systems of databases"}),
            ("systems of databases", {"Systems of databases"}),
            ("cafe", {"Café Crème"}),
            ("CAFÉ CRE", {"Café Crème"}),
            ("cafe\u0301", {"Café Crème"}),
            ("the", {"The Døde of Łódź", "State-of-the-art: C++ & C#"}),
            ("dode lodz", {"The Døde of Łódź"}),
            ("dont", {"Don't panic"}),
            ("don\u2019t", {"Don't panic"}),
            ("panic don't", {"Don't panic"}),
            ("state of the", {"State-of-the-art: C++ & C#"}),
            ("art c", {"State-of-the-art: C++ & C#"}),
            ("日本", {"日本語"}),
            ("が", {"がき"}),
            ("हिन", {"हिन्दी भाषा"}),
            ("ОДЕ", {"Одесса"}),
            ("strasse", {"Straße"}),
            ("oeu", {"Œuvre"}),
            ("systems run", set()),
            ("abase", set()),
            ("本", set()),
        ],
    )
    def test_words_typed_stand_in_the_title(
        self, index: LexicalIndex, prefix: str, expected: set[str]
    ) -> None:
        """Whole words in any order, the last one perhaps unfinished; nothing is stemmed."""
        titles = [
            "Database systems", "Systems of databases", "Café Crème", "The Døde of Łódź",
            "Don't panic", "State-of-the-art: C++ & C#", "日本語", "がき", "हिन्दी भाषा", "Одесса",
            "Straße", "Œuvre",
        ]  # fmt: skip
        write(index, upserts(document(f"d{n}", title=title) for n, title in enumerate(titles)))
        assert set(suggest(index, prefix)) == expected

    def test_other_texts_are_not_suggested(self, index: LexicalIndex) -> None:
        """Only titles are."""
        write(index, upserts([document("a", "zebra", abstract="zebra", genre="zebra")]))
        assert list(suggest(index, "zebra")) == []

    def test_order(self, index: LexicalIndex) -> None:
        """Beginnings first, then the shorter, then by letter; what is misspelt comes last."""
        expected = [
            "zebra", "zebras", "Zebra x", "zebra y", "A zebra", "B zebra", "The zebra", "Zebro",
            "The zebro",
        ]  # fmt: skip
        shuffled = random.Random(5).sample(expected, len(expected))
        for sequence, title in enumerate(shuffled, start=1):
            write(index, upserts([document(f"d{sequence}", title=title)], sequence))
        assert list(suggest(index, "zebra")) == expected
        for limit in range(1, 10):
            assert list(suggest(index, "zebra", limit)) == expected[:limit]

    def test_each_title_once(self, index: LexicalIndex) -> None:
        """Titles that differ in case or white space are one; accents make another."""
        titles = ["Resume", "resume", "  RESUME ", "Résumé", "Resume\n again", "resume   again"]
        write(index, upserts(document(f"d{n}", title=title) for n, title in enumerate(titles)))
        assert list(suggest(index, "resume")) == ["RESUME", "Résumé", "Resume again"]

    def test_one_title_of_many_documents_hides_no_other(self, index: LexicalIndex) -> None:
        """However many documents share a title, the others are suggested too."""
        same = [document(f"s{number:04}", title="Home") for number in range(MANY)]
        other = [document("other", title="Home and away"), document("last", title="At home again")]
        write(index, upserts([*same, *other]))
        assert list(suggest(index, "home")) == ["Home", "Home and away", "At home again"]

    def test_the_best_of_very_many(self, index: LexicalIndex) -> None:
        """The order is right among more titles than an engine hands over."""
        numbers = random.Random(2).sample(range(10_000, 10_000 + MANY), MANY)
        titles = [f"zebra {number}" for number in numbers]
        write(index, upserts(document(title, title=title) for title in titles))
        assert list(suggest(index, "zeb", 5)) == [f"zebra {10_000 + n}" for n in range(5)]

    @pytest.mark.parametrize(
        ("prefix", "finds"),
        [
            ("databse", True), ("dtaabase", True), ("datavase", True), ("dataabase", True),
            ("xdatabase", True), ("atabase", True), ("datbas", True), ("datavas", True),
            ("datbase sys", True), ("database sytsem", True), ("datbase sytse", True),
            ("dtabse", False), ("databases", True), ("databasess", False),
            ("systems datavase", True), ("sys datavase", False),
            ("oz", True), ("ox", False), ("oox", False), ("database ozz", False),
            ("database oz", True), ("daxxbase", False),
        ],
    )  # fmt: skip
    def test_typing_errors(self, index: LexicalIndex, prefix: str, finds: bool) -> None:
        """A word of four letters or more may be one edit away, an unfinished one too."""
        write(index, upserts([document("a", title="Database systems of Oz")]))
        assert list(suggest(index, prefix)) == ["Database systems of Oz"] * finds

    def test_filters_and_changes(self, index: LexicalIndex) -> None:
        """Filtered, replaced and deleted titles are not suggested."""
        sent = [document(f"d{n}", title=f"zebra {n}", genre="ab"[n % 2]) for n in range(6)]
        write(index, upserts(sent))
        even = filters(SCHEMA, {"genre": "a"})
        assert list(suggest(index, "zeb", filters=even)) == ["zebra 0", "zebra 2", "zebra 4"]
        assert list(suggest(index, "zeba", filters=even)) == ["zebra 0", "zebra 2", "zebra 4"]
        write(index, [*upserts([document("d0", title="horse", genre="a")], 7), deletion(8, "d2")])
        assert list(suggest(index, "zeb", filters=even)) == ["zebra 4"]
        assert list(suggest(index, "hor", filters=even)) == ["horse"]

    @pytest.mark.parametrize(
        "prefix", ["", "  ", "\n", "!?", "'", "-", "…", "\0", "\ufe0f", "\u0301", "😀", FAMILY, "_"]
    )
    def test_nothing_typed_suggests_nothing(self, index: LexicalIndex, prefix: str) -> None:
        """A prefix without a word gives nothing, and is no error."""
        write(
            index, upserts([document("a", title="alpha"), document("b"), document("c", title="!")])
        )
        assert list(suggest(index, prefix)) == []

    @pytest.mark.parametrize(
        ("prefix", "finds"),
        [
            ("alpha*", True), ("alp.*", True), ('"alpha', True), ("alpha:", True), ("(alpha", True),
            ("al\0pha", False), ("[a-z]", False), ("a|b", False), ("alpha \\", True),
            ("alpha\t", True), ("alpha " * 30, True), ("alpha" + "x" * 10_000, False),
            ("a b " * 5_000, False), ("\ud800alpha", True), (f"{FAMILY} alpha", True),
            ("alpha AND", False), ("ａｌｐｈａ", True),  # noqa: RUF001 - full width is meant
        ],
    )  # fmt: skip
    def test_odd_prefixes_are_only_words(
        self, index: LexicalIndex, prefix: str, finds: bool
    ) -> None:
        """No prefix is a syntax, and none is an error."""
        write(index, upserts([document("a", title="Alpha, beta"), document("b", title="gamma")]))
        assert list(suggest(index, prefix)) == ["Alpha, beta"] * finds

    def test_long_titles_are_not_suggested(self, index: LexicalIndex) -> None:
        """A title of 250 characters is, a longer one is not; either is indexed."""
        longest = "zebra " + "x" * (suggestions.LONGEST_TITLE - 6)
        longer = "zebra " + "y" * (suggestions.LONGEST_TITLE - 5)
        endless = "zebra " * 20_000
        titles = {"a": longest, "b": longer, "c": endless}
        assert not write(index, upserts(document(key, title=titles[key]) for key in titles))
        assert list(suggest(index, "zebra")) == [longest]
        assert index.documents(["c"])["c"].title == endless

    def test_suggestions_survive_reopening(self, store: LexicalStore) -> None:
        """An index that was closed suggests what it suggested."""
        index = store.create(NAME, IDENTITY, SCHEMA, ENGLISH)
        write(index, upserts([document("a", title="Zebra crossing")]))
        index.close()
        reopened = store.open(NAME, SCHEMA, ENGLISH)
        assert list(suggest(reopened, "zebra cr")) == ["Zebra crossing"]
        reopened.close()
