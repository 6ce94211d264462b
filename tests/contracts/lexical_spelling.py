"""The words of a text as the index knows them, and those that may be meant instead."""

import re
import time
from collections import Counter

import pytest

from tandem.analysis import PLAIN
from tandem.lexical import LexicalIndex, TextWord
from tandem.spelling import edits, edits_allowed
from tandem.stores import LexicalStore
from tests.builders import deletion, document, filters, upserts
from tests.contracts.lexical_base import (
    FAMILY,
    IDENTITY,
    NAME,
    SCHEMA,
    TIMEOUT,
    LexicalContract,
    write,
)

SENTENCES = (
    "Retrieval of relevant passages improves the quality of answers",
    "Dense retrieval and sparse retrieval are combined",
    "Retriever models retrieve passages for a question",
    "Connection pools reuse every connection",
    "The connector failed to connect; connections were dropped",
    "A horse and a house near the horses' river",
    "Houses, mouse holes and a moose",
    "Evaluation measures quality: precision, recall, relevance",
    "Elevation of the river bed, evolution of valuation",
    "Database systems and databases, a data base of stones",
)
TYPOS = (
    "retreival", "retrievl", "rettrieval", "connectoin", "conection", "hosre", "hause", "mose",
    "qualty", "evalution", "valuaton", "datebase", "pasages", "relevanse", "precison", "stomes",
)  # fmt: skip


def told(index: LexicalIndex, text: str) -> list[tuple[str, int]]:
    """The words of a text as they stand in it, and how many documents hold each."""
    words = index.words(text, timeout_seconds=TIMEOUT)
    assert all(isinstance(word, TextWord) for word in words)
    return [(text[word.start : word.end], word.documents) for word in words]


def resembling(index: LexicalIndex, word: str, limit: int = 10) -> list[str]:
    """What may be meant by a word."""
    return list(index.resembling(word, limit=limit, timeout_seconds=TIMEOUT))


def meant(documents: Counter[str], word: str) -> list[str]:
    """The same, from every word of the documents and how many of them hold it."""
    near = {other: edits(word, other, edits_allowed(word)) for other in documents if other != word}
    found = [(distance, -documents[other], other) for other, distance in near.items()
             if distance is not None]  # fmt: skip
    return [other for _, _, other in sorted(found)]


class SpellingContract(LexicalContract):
    """What a misspelt text is corrected by."""

    def test_words_and_how_many_documents_hold_them(self, index: LexicalIndex) -> None:
        """In order, a repeated word each time; unknown ones with 0, stop words not at all."""
        sent = [
            document("a", "running zebras", title="A zebra"),
            document("b", "they run"),
            document("c", "zebra zebra", abstract="stones"),
            document("d", "horse", genre="kind"),
        ]
        write(index, upserts(sent))
        assert told(index, "The runs of ZEBRA, zebras' stone & kind unheard") == [
            ("runs", 2), ("ZEBRA", 2), ("zebras", 2), ("stone", 1), ("kind", 0), ("unheard", 0),
        ]  # fmt: skip
        for nothing in ("", "  ", "the of", "!?", "\0"):
            assert told(index, nothing) == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (f"{FAMILY} zebra \U0001f600zebras", ["zebra", "zebras"]),
            ("Ünïcode Café, zebra", ["Ünïcode", "Café", "zebra"]),
            ("Cafe\u0301 zebra", ["Cafe", "zebra"]),
            ("日本語 the men\u2019s zebra's", ["日本語", "men\u2019s", "zebra's"]),
            ("línea\n\ttwo\u2028zebra", ["línea", "two", "zebra"]),
            ("\U00020000\U00020001 state-of-the-art", ["\U00020000\U00020001", "state", "art"]),
        ],
    )
    def test_places_are_counted_in_characters(
        self, index: LexicalIndex, text: str, expected: list[str]
    ) -> None:
        """Signs of several bytes count one, as Python counts them."""
        words = [word for word, _ in told(index, text)]
        assert words == expected

    def test_words_of_other_forms_are_the_same_word(self, index: LexicalIndex) -> None:
        """Case, accents, stems and possessives do not count, as in a search."""
        write(index, upserts([document("a", "Cafés"), document("b", "a man's cafe")]))
        assert told(index, "CAFÉ cafe men man\u2019s") == [
            ("CAFÉ", 2), ("cafe", 2), ("men", 0), ("man\u2019s", 1),
        ]  # fmt: skip

    def test_only_what_is_held_counts(self, index: LexicalIndex) -> None:
        """Words of deleted documents and replaced versions are held no more."""
        write(index, upserts(document(f"d{n}", "zebra stone") for n in range(4)))
        write(index, [deletion(5, "d0"), *upserts([document("d1", "stone")], 6)])
        assert told(index, "zebra stone") == [("zebra", 2), ("stone", 3)]
        write(index, [deletion(7, "d2"), deletion(8, "d3")])
        assert told(index, "zebra stone") == [("zebra", 0), ("stone", 1)]
        assert resembling(index, "zebrra") == []

    def test_words_of_some_documents(self, index: LexicalIndex) -> None:
        """Under filters the others are not there: neither counted nor proposed, not even as the
        form in which they write a word that those there have in another.
        """
        sent = [
            document("a", "zebras graze", genre="mine"),
            document("b", "zebra stables", genre="mine"),
            document("c", "zebra crossing, zebroid stables", genre="other"),
            document("d", "zebroids", genre="other"),
            document("e", "zebra"),
        ]
        write(index, upserts(sent))
        mine = filters(SCHEMA, {"genre": "mine"})
        asked = index.words("zebra zebroid stable", filters=mine, timeout_seconds=TIMEOUT)
        assert [word.documents for word in asked] == [2, 0, 1]
        assert told(index, "zebra zebroid stable") == [("zebra", 4), ("zebroid", 2), ("stable", 2)]
        for typed in ("zebrra", "zebrod", "zebroidss", "crosing"):
            found = index.resembling(typed, filters=mine, limit=10, timeout_seconds=TIMEOUT)
            assert {*found} <= {"zebra", "zebras"}
        near = index.resembling("zebrra", filters=mine, limit=10, timeout_seconds=TIMEOUT)
        assert list(near) == ["zebra"]
        none = filters(SCHEMA, {"genre": "nobody's"})
        assert not index.resembling("zebrra", filters=none, limit=10, timeout_seconds=TIMEOUT)

    def test_long_texts_are_no_burden(self, index: LexicalIndex) -> None:
        """Thousands of words, all different, are looked up in less than a second or two."""
        write(index, upserts([document("a", " ".join(f"word{n}" for n in range(0, 3_000, 2)))]))
        text = " ".join(f"word{n}" for n in range(3_000))
        started = time.perf_counter()
        words = told(index, text)
        assert time.perf_counter() - started < 4
        assert words == [(f"word{n}", 1 - n % 2) for n in range(3_000)]
        assert told(index, "zebra " * 20_000) == [("zebra", 0)] * 20_000

    @pytest.mark.parametrize("word", TYPOS)
    def test_what_a_typing_error_may_have_meant(self, store: LexicalStore, word: str) -> None:
        """Exactly the words within the edits, the nearest first, then those of more documents."""
        index = store.create(NAME, IDENTITY, SCHEMA, PLAIN)
        write(index, upserts(document(f"d{n}", text) for n, text in enumerate(SENTENCES)))
        documents: Counter[str] = Counter()
        for text in SENTENCES:
            documents.update(set(re.findall("[a-z]+", text.lower())))
        expected = meant(documents, word)
        assert expected
        assert resembling(index, word) == expected
        assert resembling(index, word, 1) == expected[:1]
        index.close()

    @pytest.mark.parametrize(
        ("typo", "expected"),
        [
            ("retreival", "retrieval"),
            ("RETREIVAL", "retrieval"),
            ("connectoin", "connection"),
            ("runing", "running"),
            ("zbera", "zebra"),
            ("caffé", "café"),
            ("caffe", "café"),
            ("abstarct", "abstract"),
        ],
    )
    def test_words_are_as_they_are_written(
        self, index: LexicalIndex, typo: str, expected: str
    ) -> None:
        """Not their stems, but in lower case; from title, body and other texts."""
        sent = [
            document("a", "Zebra RETRIEVAL", title="Connection of running"),
            document("b", "a Café", abstract="Abstract"),
            document("c", "something else", genre="retreiva"),
        ]
        write(index, upserts(sent))
        assert resembling(index, typo)[:1] == [expected]

    def test_the_order(self, index: LexicalIndex) -> None:
        """One edit before two, then more documents, then by letter."""
        words = ["retrieval"] * 3 + ["retrievals"] * 4 + ["retrievel"] + ["retriecal"] * 2
        write(index, upserts(document(f"d{n}", word) for n, word in enumerate(words)))
        expected = ["retrieval", "retriecal", "retrievals", "retrievel"]
        assert resembling(index, "retrieal") == expected
        assert resembling(index, "retrieal", 1) == ["retrieval"]
        few = ["horsd", "horsf", "horsf", "horsg"]
        write(index, upserts((document(f"e{n}", word) for n, word in enumerate(few)), 100))
        assert resembling(index, "horsx") == ["horsf", "horsd", "horsg"]
        assert resembling(index, "horsx", 2) == ["horsf", "horsd"]

    def test_two_edits_from_eight_letters_on(self, index: LexicalIndex) -> None:
        """A shorter word may have one letter wrong; swapped letters are one edit."""
        write(index, upserts([document("a", "elephant giraffe lion")]))
        assert resembling(index, "elefhamt") == ["elephant"]
        assert resembling(index, "lehpant") == []
        assert resembling(index, "giarfef") == []
        assert resembling(index, "giarffe") == ["giraffe"]
        assert resembling(index, "loin") == ["lion"]
        assert resembling(index, "lxxn") == []

    @pytest.mark.parametrize(
        "word", ["", " ", "zeb", "ze", "z3bra", "12345", "zebra", "ZEBRA", "zébra", "zeb ra", "?!"]
    )
    def test_what_nothing_resembles(self, index: LexicalIndex, word: str) -> None:
        """Short words, codes, and never the word itself, however it is written."""
        sent = [document("a", "zebra zebra2 1zebra 12346 the"), document("b", "zec")]
        write(index, upserts(sent))
        assert resembling(index, word) == []

    def test_what_is_no_word_is_not_proposed(self, index: LexicalIndex) -> None:
        """Stop words, codes, and parts of longer words."""
        write(index, upserts([document("a", "which wher3 where2 zebra7 between-times 9there")]))
        for word in ("whihc", "wheree", "zebro", "betwen", "theree"):
            assert resembling(index, word) == []
        assert resembling(index, "timess") == ["times"]

    def test_a_word_that_is_held_has_neighbours_too(self, index: LexicalIndex) -> None:
        """Whether it is corrected is for others to say."""
        sent = [document("a", "house"), document("b", "horse mouse"), document("c", "horse")]
        write(index, upserts(sent))
        assert resembling(index, "house") == ["horse", "mouse"]
        assert resembling(index, "Horse") == ["house"]

    def test_a_rare_word_among_many(self, index: LexicalIndex) -> None:
        """A word of one document is found behind a similar one of hundreds."""
        sent = [document(f"d{n:03}", "zebra and other words") for n in range(400)]
        write(index, upserts([*sent, document("e", "a long text " * 50 + "zebro")]))
        assert resembling(index, "zebri") == ["zebra", "zebro"]
        assert resembling(index, "zebrr") == ["zebra", "zebro"]
