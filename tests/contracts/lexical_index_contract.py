"""What every lexical engine owes its callers; a new one inherits the class and names its store."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from tandem.errors import EngineError
from tandem.fields import Field, FieldType
from tandem.protocols import LexicalIndex, LexicalStore
from tandem.rankings import Ranking
from tandem.schema import Schema
from tests.builders import deletion, document, filters, schema_of, upserts
from tests.contracts import filters_oracle as oracle

NAME = "words"
IDENTITY = "0123456789abcdef"
TIMEOUT = 10.0
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
"""One sign of five characters."""
SCHEMA = schema_of(abstract="text", genre="keyword", year="integer")


def search(index: LexicalIndex, text: str, limit: int = 100, **keywords: Any) -> Ranking:
    """A search without the arguments that do not matter here."""
    return index.search(text, limit=limit, timeout_seconds=TIMEOUT, **keywords)


def found(index: LexicalIndex, text: str, **keywords: Any) -> set[str]:
    """The ids that a search finds."""
    return set(search(index, text, **keywords).document_ids)


def held(index: LexicalIndex) -> dict[str, int]:
    """document_id -> sequence of everything held."""
    versions = list(index.versions())
    assert len(versions) == len(dict(versions)), "a document is held twice"
    return dict(versions)


class LexicalIndexContract:
    """Inherit, and define ``make_store``."""

    @classmethod
    def make_store(cls, folder: Path) -> LexicalStore:
        """The store under test; a second one for the same folder sees the same indexes."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> LexicalStore:
        """A store without an index."""
        return self.make_store(tmp_path)

    @pytest.fixture
    def index(self, store: LexicalStore) -> Iterator[LexicalIndex]:
        """An empty index."""
        opened = store.create(NAME, IDENTITY, SCHEMA)
        yield opened
        opened.close()

    @pytest.fixture(scope="class")
    @classmethod
    def filtered(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LexicalIndex]:
        """An index of the oracle's documents, in several commits."""
        store = cls.make_store(tmp_path_factory.mktemp("filtered"))
        opened = store.create(NAME, IDENTITY, oracle.SCHEMA)
        changes = upserts(oracle.sample_documents(300, seed=3))
        for start in range(0, len(changes), 100):
            assert not opened.apply(changes[start : start + 100])
        yield opened
        opened.close()

    # --- words ---

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
        index.apply(upserts([document("a", body), document("b", "something unrelated")]))
        assert found(index, text) == {"a"}

    @pytest.mark.parametrize(
        "text", ["the", "of the and", "it's", "don\u2019t", "", "   ", "!?", "' '", "--", "\0", "…"]
    )
    def test_nothing_searchable_finds_nothing(self, index: LexicalIndex, text: str) -> None:
        """A text of stop words, punctuation or nothing finds nothing, and is no error."""
        index.apply(upserts([document("a", "the of and it's don't ' - !?")]))
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
        index.apply(upserts([document("a", "alpha"), document("b", "beta")]))
        assert found(index, text) == {"a"}

    def test_any_word_matches(self, index: LexicalIndex) -> None:
        """A document needs one of the words; one with both comes first."""
        index.apply(
            upserts(
                [
                    document("a", "red apples here"),
                    document("b", "red pears here"),
                    document("c", "green apples here"),
                    document("d", "green pears here"),
                ]
            )
        )
        ranking = search(index, "red apple")
        assert set(ranking.document_ids) == {"a", "b", "c"}
        assert ranking.document_ids[0] == "a"

    def test_rare_words_count_more(self, index: LexicalIndex) -> None:
        """A rare word weighs more than a common one."""
        common = [document(f"c{number}", "common words") for number in range(20)]
        index.apply(upserts([*common, document("rare", "unusual words")]))
        assert search(index, "common unusual").document_ids[0] == "rare"

    # --- fields ---

    def test_every_text_field_is_searched(self, index: LexicalIndex) -> None:
        """Title, body and a declared text field, also one sent as a list."""
        index.apply(
            upserts(
                [
                    document("title", title="zebra"),
                    document("body", "zebra"),
                    document("field", abstract="zebra"),
                    document("list", abstract=("nothing", "zebra")),
                    document("keyword", genre="zebra"),
                ]
            )
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
            index = store.create(NAME, IDENTITY, schema)
            index.apply(upserts(documents))
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
        index = store.create(NAME, IDENTITY, schema)
        texts: dict[str, Any] = {name: f"word{name}" for name in names}
        sent = document("a", "body", year=1_999, **texts)
        assert not index.apply(upserts([sent]))
        for name in names:
            assert found(index, f"word{name}") == {"a"}
        assert found(index, "body", filters=filters(schema, {"year": 1_999})) == {"a"}
        assert index.documents(["a"]) == {"a": sent}
        index.close()

    # --- rankings and scores ---

    def test_ranking_is_named_and_ordered(self, index: LexicalIndex) -> None:
        """Ranks count from 1, scores fall, and the ranking is named ``lexical``."""
        index.apply(upserts([document(f"d{n}", "zebra " * n + "horse " * 9) for n in range(1, 9)]))
        ranking = search(index, "zebra")
        assert ranking.name == "lexical"
        assert [hit.rank for hit in ranking.hits] == list(range(1, 9))
        scores = [hit.score for hit in ranking.hits]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) > 0

    def test_ties_stand_in_order_of_id(self, index: LexicalIndex) -> None:
        """Equal scores are ordered by id, whatever the order of indexing and of commits."""
        names = ["m", "c", "z", "a", "k", "b"]
        for sequence, name in enumerate(names, start=1):
            index.apply(upserts([document(name, "zebra")], sequence))
        assert search(index, "zebra").document_ids == ("a", "b", "c", "k", "m", "z")

    @pytest.mark.parametrize("limit", [1, 2, 5, 29, 30, 31])
    def test_ties_at_the_limit_are_cut_by_id(self, index: LexicalIndex, limit: int) -> None:
        """Where equal scores meet the limit, the smaller ids stay: nothing depends on luck."""
        best = document("zz", "zebra zebra")
        equal = [document(f"d{number:02}", "zebra horse") for number in reversed(range(29))]
        for sequence, part in enumerate((equal[:10], equal[10:], [best])):
            index.apply(upserts(part, 1 + 100 * sequence))
        expected = ("zz", *(f"d{number:02}" for number in range(29)))
        assert search(index, "zebra", limit).document_ids == expected[:limit]

    def test_limit_is_kept(self, index: LexicalIndex) -> None:
        """At most ``limit`` documents, and those are the best."""
        index.apply(upserts([document(f"d{n:03}", "zebra " * (n + 1)) for n in range(50)]))
        everything = search(index, "zebra", 1_000)
        assert len(everything) == 50
        assert search(index, "zebra", 7).document_ids == everything.document_ids[:7]

    @pytest.mark.parametrize("text", ["zebra", "zebra horse", "running Café men's", "horse horse"])
    def test_score_is_searchs_score(self, index: LexicalIndex, text: str) -> None:
        """``score`` gives exactly what ``search`` gives, and leaves out what does not match."""
        words = ["zebra", "horse", "run", "cafe", "men", "other"]
        documents = [
            document(f"d{n:02}", " ".join(words[(n * 7 + i) % 6] for i in range(n % 5 + 1)),
                     title=words[n % 6])
            for n in range(40)
        ]  # fmt: skip
        changes = upserts(documents)
        index.apply(changes[:25])
        index.apply([*changes[25:], deletion(41, "d03"), deletion(42, "d30")])
        expected = search(index, text, 1_000).scores()
        assert 0 < len(expected) < 40
        asked = [item.document_id for item in documents] + ["unknown"]
        assert index.score(text, asked, timeout_seconds=TIMEOUT) == expected
        part = asked[::3]
        assert index.score(text, part, timeout_seconds=TIMEOUT) == {
            name: expected[name] for name in part if name in expected
        }

    def test_score_of_nothing(self, index: LexicalIndex) -> None:
        """No ids, or only unknown ones, give no scores."""
        index.apply(upserts([document("a", "zebra")]))
        assert index.score("zebra", [], timeout_seconds=TIMEOUT) == {}
        assert index.score("zebra", ["b"], timeout_seconds=TIMEOUT) == {}

    def test_filters_do_not_change_scores(self, index: LexicalIndex) -> None:
        """A filter takes documents away and leaves the scores of the others alone."""
        kinds = ("a", "b")
        index.apply(
            upserts([document(f"d{n}", "zebra " * (n + 1), genre=kinds[n % 2]) for n in range(8)])
        )
        everything = search(index, "zebra").scores()
        left = search(index, "zebra", filters=filters(SCHEMA, {"genre": "a"})).scores()
        assert left == {f"d{n}": everything[f"d{n}"] for n in range(0, 8, 2)}

    # --- documents ---

    def test_documents_come_back_as_sent(self, index: LexicalIndex) -> None:
        """Text, attributes and time survive exactly; unknown ids are left out."""
        sent = [
            document("plain", "body", title="title"),
            document("empty"),
            document(
                "日本/ü \u2018x\u2019#1",
                f"línea\n\ttwo\u2028 {FAMILY}",
                title="  spaces kept  ",
            ),
            document(
                "full",
                "zebra",
                genre=("a", "b"),
                year=-(2**53 - 1),
                abstract="long",
                updated_at=datetime(1969, 7, 20, 20, 17, 40, 123_456, tzinfo=UTC),
            ),
        ]
        assert not index.apply(upserts(sent))
        wanted = [item.document_id for item in sent]
        assert index.documents([*wanted, "unknown"]) == {item.document_id: item for item in sent}
        assert index.documents([]) == {}

    def test_open_schema_keeps_what_it_does_not_index(self, store: LexicalStore) -> None:
        """An attribute that an open schema does not know is kept, and comes back."""
        index = store.create(NAME, IDENTITY, schema_of(is_open=True))
        sent = document("a", "zebra", unknown="kept", number=1.5, flag=True)
        assert not index.apply(upserts([sent]))
        assert index.documents(["a"]) == {"a": sent}
        index.close()

    # --- changes ---

    def test_an_empty_index(self, index: LexicalIndex) -> None:
        """An index without documents answers with nothing."""
        assert search(index, "zebra") == Ranking("lexical")
        assert index.documents(["a"]) == {}
        assert held(index) == {}
        assert index.count() == 0
        assert index.apply([]) == []

    def test_upsert_replaces(self, index: LexicalIndex) -> None:
        """The new version is found, the old one is not."""
        index.apply(upserts([document("a", "zebra", genre="old"), document("b", "zebra")]))
        index.apply(upserts([document("a", "horse", genre="new")], first=3))
        assert found(index, "zebra") == {"b"}
        assert found(index, "horse") == {"a"}
        assert not found(index, "horse", filters=filters(SCHEMA, {"genre": "old"}))
        assert held(index) == {"a": 3, "b": 2}
        assert index.count() == 2

    def test_delete_removes(self, index: LexicalIndex) -> None:
        """A deleted document is gone; deleting an unknown one is no error."""
        index.apply(upserts([document("a", "zebra"), document("b", "zebra")]))
        assert not index.apply([deletion(3, "a"), deletion(4, "unknown")])
        assert found(index, "zebra") == {"b"}
        assert index.documents(["a"]) == {}
        assert held(index) == {"b": 2}
        index.apply(upserts([document("a", "zebra again")], first=5))
        assert held(index) == {"a": 5, "b": 2}

    def test_changes_apply_in_order(self, index: LexicalIndex) -> None:
        """Several changes of one document in a batch leave what the last one says."""
        first, second = document("a", "zebra"), document("a", "horse")
        index.apply([*upserts([first, second]), *upserts([document("b", "zebra")], 3),
                     deletion(4, "b")])  # fmt: skip
        assert held(index) == {"a": 2}
        assert found(index, "zebra horse") == {"a"}
        assert index.documents(["a"]) == {"a": second}

    def test_a_batch_twice_changes_nothing(self, index: LexicalIndex) -> None:
        """A batch applied again, as after a crash before the checkpoint, leaves the same."""
        index.apply(upserts([document("gone", "zebra"), document("a", "zebra old")]))
        batch = [*upserts([document("a", "zebra"), document("b", "zebra horse")], 3),
                 deletion(5, "gone")]  # fmt: skip
        index.apply(batch)
        before = held(index), search(index, "zebra").document_ids, index.documents(["a", "b"])
        index.apply(batch)
        after = held(index), search(index, "zebra").document_ids, index.documents(["a", "b"])
        assert after == before
        assert before[0] == {"a": 3, "b": 4}

    def test_an_older_batch_read_again_is_harmless(self, index: LexicalIndex) -> None:
        """The log keeps newest versions only: re-reading from an old checkpoint leaves them."""
        index.apply(upserts([document("a", "one"), document("b", "one"), document("c", "one")]))
        newer = [*upserts([document("a", "two")], 4), deletion(5, "b")]
        index.apply(newer)
        reread = [*upserts([document("c", "one")], 3), *newer]
        index.apply(reread)
        assert held(index) == {"a": 4, "c": 3}
        assert found(index, "one") == {"c"}

    def test_one_bad_document_is_refused_alone(self, index: LexicalIndex) -> None:
        """A value that does not fit is refused with its reason; the rest of the batch is there."""
        index.apply(upserts([document("bad", "zebra old")]))
        refusals = index.apply(
            upserts(
                [
                    document("first", "zebra"),
                    document("bad", "zebra", year="not a number"),
                    document("worse", "zebra", unheard_of="x"),
                    document("last", "zebra"),
                ],
                first=2,
            )
        )
        reasons = {refusal.document_id: refusal.reason for refusal in refusals}
        assert reasons.keys() == {"bad", "worse"}
        assert "year" in reasons["bad"]
        assert "whole number" in reasons["bad"]
        assert "unheard_of" in reasons["worse"]
        assert found(index, "zebra") == {"first", "last"}, "the old version would be a lie"
        assert held(index) == {"first": 2, "last": 5}

    # --- life ---

    def test_reopening_keeps_everything(self, store: LexicalStore, tmp_path: Path) -> None:
        """What was applied is there after closing, from a store of its own, and can go on."""
        index = store.create(NAME, IDENTITY, SCHEMA)
        sent = [document("a", "zebra running", genre="x"), document("b", "horse")]
        index.apply([*upserts([*sent, document("c", "zebra")]), deletion(4, "c")])
        index.close()
        again = self.make_store(tmp_path)
        assert again.identity(NAME) == IDENTITY
        reopened = again.open(NAME, SCHEMA)
        assert held(reopened) == {"a": 1, "b": 2}
        assert reopened.documents(["a", "b"]) == {item.document_id: item for item in sent}
        assert found(reopened, "run", filters=filters(SCHEMA, {"genre": "x"})) == {"a"}
        reopened.apply(upserts([document("d", "zebra")], first=5))
        assert found(reopened, "zebra") == {"a", "d"}
        reopened.close()

    def test_durable_without_closing(self, store: LexicalStore, tmp_path: Path) -> None:
        """What ``apply`` returned from is seen by another reader, the writer still open."""
        index = store.create(NAME, IDENTITY, SCHEMA)
        index.apply(upserts([document("a", "zebra")]))
        reader = self.make_store(tmp_path).open(NAME, SCHEMA)
        assert found(reader, "zebra") == {"a"}
        reader.close()
        index.close()

    def test_create_replaces_and_drop_removes(self, store: LexicalStore) -> None:
        """A created index is empty and has the new identity; a dropped one has none."""
        assert store.identity(NAME) is None
        index = store.create(NAME, IDENTITY, SCHEMA)
        index.apply(upserts([document("a", "zebra")]))
        index.close()
        fresh = store.create(NAME, "another", SCHEMA)
        assert store.identity(NAME) == "another"
        assert held(fresh) == {}
        fresh.close()
        store.drop(NAME)
        assert store.identity(NAME) is None
        store.drop(NAME)

    def test_opening_what_is_not_there(self, store: LexicalStore) -> None:
        """Opening a missing index is an ``EngineError`` that names it and what to do."""
        with pytest.raises(EngineError, match="missing") as raised:
            store.open("missing", SCHEMA)
        assert raised.value.hint

    def test_searching_while_applying(self, index: LexicalIndex) -> None:
        """Searches beside a writer never fail, and never see a part of a batch."""
        size, rounds = 30, 15
        names = [f"d{number:02}" for number in range(size)]
        index.apply(upserts([document(name, "zebra round0") for name in names]))
        seen: list[frozenset[str]] = []
        faults: list[BaseException] = []
        finished = threading.Event()

        def read() -> None:
            try:
                while not finished.is_set():
                    ranking = search(index, "zebra")
                    stored = index.documents(ranking.document_ids)
                    if len(stored) != size or len(ranking) != size:
                        faults.append(AssertionError(f"{len(ranking)} hits, {len(stored)} stored"))
                    seen.append(frozenset(item.body for item in stored.values()))
            except BaseException as error:
                faults.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(1, rounds):
            bodies = [document(name, f"zebra round{number}") for name in names]
            index.apply(upserts(bodies, 1 + number * size))
        finished.set()
        for reader in readers:
            reader.join()
        assert not faults, faults[:3]
        assert seen
        assert all(len(bodies) == 1 for bodies in seen), "two rounds in one answer"

    # --- filters ---

    @example(data={"open": False})
    @example(data={"not": {"open": True}})
    @example(data={"not": {"not": {"seen_at": {"lt": "1970-01-01T00:00:00+00:00"}}}})
    @given(data=oracle.filter_data())
    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_filters_mean_what_the_oracle_says(
        self, filtered: LexicalIndex, data: dict[str, Any]
    ) -> None:
        """Any filter leaves exactly the documents that plain Python leaves."""
        expected = oracle.matching_ids(oracle.sample_documents(300, seed=3), data)
        typed = filters(oracle.SCHEMA, data)
        assert found(filtered, "common", limit=1_000, filters=typed) == expected
