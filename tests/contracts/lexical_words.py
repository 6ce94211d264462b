"""Which words find which documents, in which fields."""

from typing import Any

import pytest

from tandem.analysis import ENGLISH
from tandem.fields import Field, FieldType
from tandem.lexical import LexicalIndex
from tandem.rankings import Ranking
from tandem.schema import Schema
from tandem.stores import LexicalStore
from tests.builders import document, filters, upserts
from tests.contracts.lexical_base import (
    FAMILY,
    IDENTITY,
    NAME,
    TIMEOUT,
    LexicalContract,
    found,
    search,
    write,
)


class WordsContract(LexicalContract):
    """Words, and the fields they stand in."""

    @pytest.mark.parametrize(
        ("body", "text"),
        [
            ("She was running home", "run"),
            ("They run home", "running"),
            ("Relational databases", "relate database"),
            ("A table in the Café", "cafe"),
            ("A table in the cafe", "CAFÉ"),
            ("naïve Ångström façade", "angstrom"),
            ("the men's shoes", "men"),
            ("the men\u2019s shoes", "men"),
            ("the men\u2019s shoes", "men's"),
            ("the men's shoes", "men\u2019s"),
            ("a dog barks", "dog's"),
            ("the dogs' bowl", "dog"),
            ("UPPER lower", "upper LOWER"),
            ("version 3.11 of Python", "python 11"),
            ("日本語 text", "日本語"),
            ("a state-of-the-art engine", "state art"),
        ],
    )
    def test_words_meet_their_other_forms(self, index: LexicalIndex, body: str, text: str) -> None:
        """Stemming, folding, case and possessives bring query and document together."""
        write(index, upserts([document("a", body), document("b", "something unrelated")]))
        assert found(index, text) == {"a"}

    @pytest.mark.parametrize(
        "text", ["the", "of the and", "it's", "don\u2019t", "", "   ", "!?", "' '", "--", "\0", "…"]
    )
    def test_nothing_searchable_finds_nothing(self, index: LexicalIndex, text: str) -> None:
        """A text of stop words, punctuation or nothing finds nothing, and is no error."""
        write(index, upserts([document("a", "the of and it's don't ' - !?")]))
        assert search(index, text) == Ranking("lexical")
        assert index.score(text, ["a"], timeout_seconds=TIMEOUT) == {}

    @pytest.mark.parametrize(
        "text",
        [
            "alpha " * 1_000,
            " ".join(f"word{number} alpha" for number in range(300)),
            "alpha" + "x" * 4_000 + " alpha",
            'alpha AND (OR "', "alpha: [* TO *] ^2 ~", "alpha\0\x1f\u200b\ufeff\u202e",
            f"alpha {FAMILY}",
            "a'b'c'd alpha ''",
        ],
        ids=["repeated", "many words", "long word", "syntax", "operators", "controls", "emoji",
             "apostrophes"],
    )  # fmt: skip
    def test_odd_texts_are_only_words(self, index: LexicalIndex, text: str) -> None:
        """No text is a syntax: whatever stands around a word, the word is found."""
        write(index, upserts([document("a", "alpha"), document("b", "beta")]))
        assert found(index, text) == {"a"}

    def test_any_word_matches(self, index: LexicalIndex) -> None:
        """A document needs one of the words; one with both comes first."""
        write(
            index,
            upserts(
                [
                    document("a", "red apples here"),
                    document("b", "red pears here"),
                    document("c", "green apples here"),
                    document("d", "green pears here"),
                ]
            ),
        )
        ranking = search(index, "red apple")
        assert set(ranking.document_ids) == {"a", "b", "c"}
        assert ranking.document_ids[0] == "a"

    def test_rare_words_count_more(self, index: LexicalIndex) -> None:
        """A rare word weighs more than a common one."""
        common = [document(f"c{number}", "common words") for number in range(20)]
        write(index, upserts([*common, document("rare", "unusual words")]))
        assert search(index, "common unusual").document_ids[0] == "rare"

    def test_every_text_field_is_searched(self, index: LexicalIndex) -> None:
        """Title, body and a declared text field, also one sent as a list."""
        write(
            index,
            upserts(
                [
                    document("title", title="zebra"),
                    document("body", "zebra"),
                    document("field", abstract="zebra"),
                    document("list", abstract=("nothing", "zebra")),
                    document("keyword", genre="zebra"),
                ]
            ),
        )
        assert found(index, "zebra") == {"title", "body", "field", "list"}

    def test_weights_decide(self, store: LexicalStore) -> None:
        """The same match is worth more in the field that has the larger weight."""
        documents = [document("in_left", left="zebra", right="horse"),
                     document("in_right", left="horse", right="zebra")]  # fmt: skip
        for first, (left, right) in {"in_left": (4.0, 0.5), "in_right": (0.5, 4.0)}.items():
            schema = Schema.of(
                [Field("left", FieldType.TEXT, left), Field("right", FieldType.TEXT, right)]
            )
            index = store.create(NAME, IDENTITY, schema, ENGLISH)
            write(index, upserts(documents))
            ranking = search(index, "zebra")
            assert ranking.document_ids[0] == first
            assert ranking.hits[0].score > ranking.hits[1].score
            index.close()

    def test_field_names_are_free(self, store: LexicalStore) -> None:
        """No name that a schema allows collides with the engine's own fields or another's."""
        names = ("sequence", "attributes", "all_text", "attribute_year", "text_body", "score")
        schema = Schema.of(
            [*(Field(name, FieldType.TEXT) for name in names), Field("year", FieldType.INTEGER)]
        )
        index = store.create(NAME, IDENTITY, schema, ENGLISH)
        texts: dict[str, Any] = {name: f"word{name}" for name in names}
        sent = document("a", "body", year=1_999, **texts)
        assert not write(index, upserts([sent]))
        for name in names:
            assert found(index, f"word{name}") == {"a"}
        assert found(index, "body", filters=filters(schema, {"year": 1_999})) == {"a"}
        assert index.documents(["a"]) == {"a": sent}
        index.close()
