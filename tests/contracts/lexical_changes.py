"""What applied changes leave, and what is held of them."""

from datetime import UTC, datetime

from tandem.analysis import ENGLISH
from tandem.lexical import LexicalIndex
from tandem.rankings import Ranking
from tandem.stores import LexicalStore
from tests.builders import deletion, document, filters, schema_of, upserts
from tests.contracts.lexical_base import (
    FAMILY,
    IDENTITY,
    NAME,
    SCHEMA,
    LexicalContract,
    found,
    held,
    search,
    write,
)


class ChangesContract(LexicalContract):
    """Documents and changes."""

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
        assert not write(index, upserts(sent))
        wanted = [item.document_id for item in sent]
        assert index.documents([*wanted, "unknown"]) == {item.document_id: item for item in sent}
        assert index.documents([]) == {}

    def test_open_schema_keeps_what_it_does_not_index(self, store: LexicalStore) -> None:
        """An attribute that an open schema does not know is kept, and comes back."""
        index = store.create(NAME, IDENTITY, schema_of(is_open=True), ENGLISH)
        sent = document("a", "zebra", unknown="kept", number=1.5, flag=True)
        assert not write(index, upserts([sent]))
        assert index.documents(["a"]) == {"a": sent}
        index.close()

    def test_an_empty_index(self, index: LexicalIndex) -> None:
        """An index without documents answers with nothing."""
        assert search(index, "zebra") == Ranking("lexical")
        assert index.documents(["a"]) == {}
        assert held(index) == {}
        assert index.count() == 0
        assert write(index, []) == []

    def test_upsert_replaces(self, index: LexicalIndex) -> None:
        """The new version is found, the old one is not."""
        write(index, upserts([document("a", "zebra", genre="old"), document("b", "zebra")]))
        write(index, upserts([document("a", "horse", genre="new")], first=3))
        assert found(index, "zebra") == {"b"}
        assert found(index, "horse") == {"a"}
        assert not found(index, "horse", filters=filters(SCHEMA, {"genre": "old"}))
        assert held(index) == {"a": 3, "b": 2}
        assert index.count() == 2

    def test_delete_removes(self, index: LexicalIndex) -> None:
        """A deleted document is gone; deleting an unknown one is no error."""
        write(index, upserts([document("a", "zebra"), document("b", "zebra")]))
        assert not write(index, [deletion(3, "a"), deletion(4, "unknown")])
        assert found(index, "zebra") == {"b"}
        assert index.documents(["a"]) == {}
        assert held(index) == {"b": 2}
        write(index, upserts([document("a", "zebra again")], first=5))
        assert held(index) == {"a": 5, "b": 2}

    def test_changes_apply_in_order(self, index: LexicalIndex) -> None:
        """Several changes of one document in a batch leave what the last one says."""
        first, second = document("a", "zebra"), document("a", "horse")
        write(index, [*upserts([first, second]), *upserts([document("b", "zebra")], 3),
                     deletion(4, "b")])  # fmt: skip
        assert held(index) == {"a": 2}
        assert found(index, "zebra horse") == {"a"}
        assert index.documents(["a"]) == {"a": second}

    def test_a_batch_twice_changes_nothing(self, index: LexicalIndex) -> None:
        """A batch applied again, as after a crash before the checkpoint, leaves the same."""
        write(index, upserts([document("gone", "zebra"), document("a", "zebra old")]))
        batch = [*upserts([document("a", "zebra"), document("b", "zebra horse")], 3),
                 deletion(5, "gone")]  # fmt: skip
        write(index, batch)
        before = held(index), search(index, "zebra").document_ids, index.documents(["a", "b"])
        write(index, batch)
        after = held(index), search(index, "zebra").document_ids, index.documents(["a", "b"])
        assert after == before
        assert before[0] == {"a": 3, "b": 4}

    def test_an_older_batch_read_again_is_harmless(self, index: LexicalIndex) -> None:
        """The log keeps newest versions only: re-reading from an old checkpoint leaves them."""
        write(index, upserts([document("a", "one"), document("b", "one"), document("c", "one")]))
        newer = [*upserts([document("a", "two")], 4), deletion(5, "b")]
        write(index, newer)
        reread = [*upserts([document("c", "one")], 3), *newer]
        write(index, reread)
        assert held(index) == {"a": 4, "c": 3}
        assert found(index, "one") == {"c"}

    def test_one_bad_document_is_refused_alone(self, index: LexicalIndex) -> None:
        """A value that does not fit is refused with its reason; the rest of the batch is there."""
        write(index, upserts([document("bad", "zebra old")]))
        refusals = write(
            index,
            upserts(
                [
                    document("first", "zebra"),
                    document("bad", "zebra", year="not a number"),
                    document("worse", "zebra", unheard_of="x"),
                    document("last", "zebra"),
                ],
                first=2,
            ),
        )
        reasons = {refusal.document_id: refusal.reason for refusal in refusals}
        assert reasons.keys() == {"bad", "worse"}
        assert "year" in reasons["bad"]
        assert "whole number" in reasons["bad"]
        assert "unheard_of" in reasons["worse"]
        assert found(index, "zebra") == {"first", "last"}, "the old version would be a lie"
        assert held(index) == {"first": 2, "last": 5}
