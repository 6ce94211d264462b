"""Documents on their way into the log: refusals first, then conditions, then all of it at once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.access import EVERYBODY, Caller
from api.asked_writes import AskedWrite
from api.document_intake import PATCHES_AT_ONCE, READ_AT_ONCE, TRIES, Done
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.document_rows import rows_of
from tandem.catalog.document_writes import Outcome, Write
from tandem.errors import (
    CatalogError,
    DocumentNotFound,
    ModelError,
    SearchUnavailable,
    SequenceConflict,
    TandemError,
)
from tests.builders import document
from tests.document_place import NAME, Place, fault_of, place


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Place]:
    """An empty one, with fields."""
    with place(tmp_path) as made:
        yield made


def patch(document_id: str, *, if_sequence: int | None = None, **content: Any) -> AskedWrite:
    """A merge patch."""
    return AskedWrite("patch", document_id, content, if_sequence)


def delete(document_id: str, *, if_sequence: int | None = None) -> AskedWrite:
    """A delete."""
    return AskedWrite("delete", document_id, {}, if_sequence)


def one(house: Place, asked: AskedWrite, caller: Caller = EVERYBODY) -> Done | TandemError:
    """What becomes of it."""
    (done,) = house.intake.write_all([asked], caller)
    return done


# --- what is refused ---


def test_what_is_not_there(house: Place) -> None:
    """Nothing is read, changed or deleted of it; nor is a collection made for that."""
    for asked in (patch("a", body="x"), delete("a")):
        assert fault_of(one(house, asked)) == "document_not_found"
        with pytest.raises(DocumentNotFound, match="there is no document 'a'"):
            house.intake.write(asked, EVERYBODY)
    with pytest.raises(DocumentNotFound):
        house.intake.read("a", EVERYBODY)
    assert house.made == []
    house.put("a", "x")
    one(house, delete("a"))
    for asked in (patch("a", body="x"), delete("a")):
        assert fault_of(one(house, asked)) == "document_not_found"
    with pytest.raises(DocumentNotFound):
        house.intake.read("a", EVERYBODY)


def test_what_stands_otherwise(house: Place) -> None:
    """Whatever is asked, it is left as it is, and the conflict says how it stands."""
    house.put("a", "x")
    for asked in (
        AskedWrite("put", "a", {"body": "y"}, 9),
        AskedWrite("put", "a", {"body": "y"}, 0),
        patch("a", body="y", if_sequence=9),
        delete("a", if_sequence=9),
    ):
        with pytest.raises(SequenceConflict, match="'a' stands at sequence 1, expected"):
            house.intake.write(asked, EVERYBODY)
    for asked in (AskedWrite("put", "b", {"body": "y"}, 1), delete("b", if_sequence=1)):
        with pytest.raises(SequenceConflict, match="'b' does not exist, expected at sequence 1"):
            house.intake.write(asked, EVERYBODY)
    assert house.bodies() == {"a": "x"}
    assert house.grown == 1


def test_what_is_no_document(house: Place) -> None:
    """Nothing of it is kept, and no collection is made; what a patch would make of one included."""
    bad = AskedWrite("put", "a", {"body": "x", "attributes": {"year": "old"}})
    assert fault_of(one(house, bad)) == "bad_document"
    assert house.made == []
    house.put("a", "x")
    assert fault_of(one(house, patch("a", body=None))) == "bad_document"
    assert fault_of(one(house, patch("a", attributes=3))) == "bad_document"
    assert house.bodies() == {"a": "x"}


def test_a_log_that_is_down(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is acknowledged, and it is said what to do."""
    house.put("a", "x")

    def fail(*_: object) -> Any:
        raise CatalogError("the database is gone")

    for name, asked in (
        ("write", AskedWrite("put", "a", {"body": "y"})),
        ("changes_of", patch("a", body="y")),
        ("write", delete("a")),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(DocumentLog, name, fail)
            assert fault_of(one(house, asked)) == "document_log_unavailable"
    with monkeypatch.context() as patched:
        patched.setattr(type(house.catalog.releases), "live", fail)
        assert fault_of(one(house, delete("a"))) == "document_log_unavailable"
        with pytest.raises(TandemError, match="the document log did not answer"):
            house.intake.read("a", EVERYBODY)
    assert house.bodies() == {"a": "x"}
    assert house.grown == 1


# --- what is done ---


def test_a_document_and_its_versions(house: Place) -> None:
    """Created, found again, changed, patched, deleted: each has the sequence that it now has."""
    assert house.put("a", "x", year=1990) == ("a", "created", 1)
    assert house.put("a", "x", year=1990) == ("a", "unchanged", 1)
    assert house.put("a", "y", year=1990, if_sequence=1) == ("a", "updated", 2)
    assert one(house, patch("a", title="T", if_sequence=2)) == ("a", "updated", 3)
    assert one(house, patch("a", attributes={"kind": "k", "year": None})) == ("a", "updated", 4)
    assert one(house, patch("a", title="T")) == ("a", "unchanged", 4)
    found = house.intake.read("a", EVERYBODY)
    assert (found.sequence, found.document) == (4, document("a", "y", title="T", kind="k"))
    assert one(house, delete("a", if_sequence=4)) == ("a", "deleted", 5)
    assert house.put("a", "x", if_sequence=0) == ("a", "created", 6)
    assert house.grown == 6, "what is unchanged gives nobody anything to follow"
    assert set(house.catalog.documents.ids_of_source(NAME, "http")) == {"a"}


def test_one_refusal_keeps_no_other_write(house: Place) -> None:
    """Each is answered in its place; the same id again is dealt with afterwards."""
    done = house.intake.write_all(
        [
            AskedWrite("put", "a", {"body": "x"}),
            AskedWrite("put", "b", {"titel": "x"}),
            patch("a", title="T"),
            delete("unknown"),
            patch("a", body="y", if_sequence=2),
            patch("a", body="z", if_sequence=2),
            delete("a"),
            AskedWrite("put", "a", {"body": "again"}),
        ],
        EVERYBODY,
    )
    assert [item if isinstance(item, Done) else item.code for item in done] == [
        ("a", "created", 1),
        "bad_document",
        ("a", "updated", 2),
        "document_not_found",
        ("a", "updated", 3),
        "sequence_conflict",
        ("a", "deleted", 4),
        ("a", "created", 5),
    ]
    assert house.bodies() == {"a": "again"}


def test_patches_of_different_parts_at_once(house: Place) -> None:
    """Each is made as a whole, of what stands then: nobody's change is lost."""
    house.put("a", "x")
    begin = threading.Barrier(2)
    done: list[Done | TandemError] = []

    def change(name: str, value: object) -> None:
        begin.wait()
        done.append(one(house, patch("a", attributes={name: value})))

    threads = [
        threading.Thread(target=change, args=item) for item in (("kind", "k"), ("year", 1990))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.sequence for item in done if isinstance(item, Done)) == [2, 3]
    found = house.intake.read("a", EVERYBODY).document
    assert found == document("a", "x", kind="k", year=1990)


def overtaken(
    house: Place, monkeypatch: pytest.MonkeyPatch, times: int
) -> Callable[[], dict[str, int]]:
    """Somebody else writes ``a`` right before each of the first writes; what was tried."""
    write = DocumentLog.write
    tried = {"times": 0}

    def after_another(
        log: DocumentLog, collection: str, source: str, writes: Sequence[Write]
    ) -> dict[str, Outcome]:
        tried["times"] += 1
        if tried["times"] <= times:
            body = f"by another, {tried['times']}"
            write(log, collection, "s", [Write("a", document("a", body, title="kept"))])
        return write(log, collection, source, writes)

    monkeypatch.setattr(DocumentLog, "write", after_another)
    return lambda: tried


def test_a_patch_that_is_overtaken_is_made_again(
    house: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what stands then."""
    house.put("a", "x")
    overtaken(house, monkeypatch, TRIES - 1)
    assert one(house, patch("a", attributes={"kind": "k"})) == ("a", "updated", TRIES + 1)
    found = house.intake.read("a", EVERYBODY).document
    assert found == document("a", f"by another, {TRIES - 1}", title="kept", kind="k")


def test_a_patch_that_is_always_overtaken_gives_up(
    house: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than go on for ever; the others in its batch are kept."""
    house.put("a", "x")
    tried = overtaken(house, monkeypatch, 100)
    both = [patch("a", attributes={"kind": "k"}), AskedWrite("put", "b", {"body": "x"})]
    first, second = house.intake.write_all(both, EVERYBODY)
    assert fault_of(first) == "sequence_conflict"
    assert "changed 5 times meanwhile" in str(first)
    assert isinstance(second, Done)
    assert tried()["times"] == TRIES


def test_few_documents_are_read_at_once(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are to be patched may be large; whatever else is written needs none."""
    names = [f"d{number}" for number in range(2 * PATCHES_AT_ONCE + 1)]
    house.intake.write_all([AskedWrite("put", name, {"body": "x"}) for name in names], EVERYBODY)
    read: list[int] = []
    there = DocumentLog.changes_of

    def noted(self: DocumentLog, collection: str, ids: Sequence[str], *more: Any) -> Any:
        read.append(len(ids))
        return there(self, collection, ids, *more)

    monkeypatch.setattr(DocumentLog, "changes_of", noted)
    patches = [patch(name, body="y") for name in names]
    others = [AskedWrite("put", f"e{number}", {"body": "x"}) for number in range(9)]
    done = house.intake.write_all([*others, *patches], EVERYBODY)
    assert read == [PATCHES_AT_ONCE, PATCHES_AT_ONCE, 1]
    assert all(isinstance(item, Done) for item in done)
    assert house.bodies() == dict.fromkeys(names, "y") | {f"e{number}": "x" for number in range(9)}


def test_a_bound_patch_that_is_overtaken_is_a_conflict(
    house: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its sender has seen is not what stands any more."""
    house.put("a", "x")
    overtaken(house, monkeypatch, 1)
    done = one(house, patch("a", title="T", if_sequence=1))
    assert "stands at sequence 2, expected at sequence 1" in str(done)


# --- whose key shows a part ---

RED = Caller("red", frozenset({"search", "write"}), {"kind": "red"})


def test_what_a_key_does_not_show_is_not_there(house: Place) -> None:
    """It is neither read nor changed, and its id is taken."""
    house.put("a", "x", kind="blue")
    with pytest.raises(DocumentNotFound):
        house.intake.read("a", RED)
    assert fault_of(one(house, patch("a", body="y"), RED)) == "document_not_found"
    assert fault_of(one(house, delete("a"), RED)) == "document_not_found"
    put = AskedWrite("put", "a", {"body": "y", "attributes": {"kind": "red"}})
    assert fault_of(one(house, put, RED)) == "id_taken"
    told = one(house, patch("a", body="y", if_sequence=1), RED)
    assert "does not exist" in str(told), "it does not even say at which sequence it stands"
    assert house.bodies() == {"a": "x"}


def test_the_text_of_anothers_document_stays_where_it_is(
    house: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked of it: it may be large, and time would tell."""
    house.put("blue", "x", kind="blue")
    house.put("red", "x", kind="red")
    bodies_read: list[str] = []
    reads: list[Sequence[str]] = []

    def noted(connection: Any, collection: str, names: Sequence[str], columns: Any) -> Any:
        reads.append(names)
        if any(column.name == "body" for column in columns):
            bodies_read.extend(names)
        return rows_of(connection, collection, names, columns)

    monkeypatch.setattr("tandem.catalog.document_rows.rows_of", noted)
    for name in ("blue", "red"):
        with suppress(DocumentNotFound):
            house.intake.read(name, RED)
        house.intake.unseen([name], RED)
        put = AskedWrite("put", name, {"body": "x", "attributes": {"kind": "red"}})
        house.intake.write_all([put, patch(name, title="T"), delete(name)], RED)
    assert {*bodies_read} == {"red"}
    assert len(bodies_read) == 2, "to be read, and to be patched"
    reads.clear()
    house.intake.read("blue", EVERYBODY)
    house.intake.write_all([patch("blue", title="T")], EVERYBODY)
    assert len(reads) == 2, "whoever sees everything is not looked at first"


def test_which_documents_a_key_does_not_show(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of others, those that are gone or never were; without a filter nobody looks."""
    assert house.intake.unseen(["a"], RED) == {"a"}, "there is no collection yet"
    for number in range(READ_AT_ONCE + 1):
        house.put(f"r{number}", "x", kind="red")
    house.put("b", "x", kind="blue")
    one(house, delete("r0"))
    known = [f"r{number}" for number in range(READ_AT_ONCE + 1)]
    assert house.intake.unseen([*known, "b", "never", "b"], RED) == {"r0", "b", "never"}

    def fail(*_: object) -> Any:
        raise CatalogError("the database is gone")

    monkeypatch.setattr(type(house.catalog.releases), "live", fail)
    assert house.intake.unseen(["never"], EVERYBODY) == set()
    with pytest.raises(TandemError, match="the document log did not answer"):
        house.intake.unseen(["never"], RED)


def test_a_key_writes_what_it_shows(house: Place) -> None:
    """And nothing else, so that nothing disappears from its sight by being changed."""
    assert house.put("a", "x", kind="red", caller=RED) == ("a", "created", 1)
    assert house.put("a", "y", kind="red", caller=RED) == ("a", "updated", 2)
    blue = AskedWrite("put", "a", {"body": "y", "attributes": {"kind": "blue"}})
    assert fault_of(one(house, blue, RED)) == "forbidden"
    assert fault_of(one(house, patch("a", attributes={"kind": None}), RED)) == "forbidden"
    assert one(house, delete("a"), RED) == ("a", "deleted", 3)
    assert house.put("a", "z", kind="red", caller=RED) == ("a", "created", 4)


def test_a_key_puts_nothing_into_the_sight_of_another(house: Place) -> None:
    """By a list that has a value of each; what somebody else has put there stays."""
    shared = AskedWrite("put", "a", {"body": "x", "attributes": {"kind": ["red", "blue"]}})
    assert fault_of(one(house, shared, RED)) == "forbidden"
    house.put("b", "x", kind="red", caller=RED)
    assert fault_of(one(house, patch("b", attributes={"kind": ["red", "blue"]}), RED)) == (
        "forbidden"
    )
    assert house.bodies() == {"b": "x"}
    one(house, shared)
    assert one(house, patch("a", body="y"), RED) == ("a", "updated", 3)
    more = patch("a", attributes={"kind": ["red", "blue", "green"]})
    assert fault_of(one(house, more, RED)) == "forbidden"
    assert one(house, patch("a", attributes={"kind": ["red"]}), RED) == ("a", "updated", 4)


def test_what_leaves_a_keys_sight_while_it_is_written(
    house: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at again: between the look and the write nobody slips in."""
    house.put("a", "x", kind="red")
    overtaken(house, monkeypatch, 1)
    put = AskedWrite("put", "a", {"body": "y", "attributes": {"kind": "red"}})
    assert fault_of(one(house, put, RED)) == "id_taken"
    assert house.bodies() == {"a": "by another, 1"}


def test_a_filter_that_does_not_fit_shows_nothing(house: Place) -> None:
    """Rather than everything."""
    house.put("a", "x", kind="red")
    lost = Caller("lost", frozenset({"write"}), {"colour": "red"})
    assert fault_of(one(house, delete("a"), lost)) == "bad_filter"
    assert house.bodies() == {"a": "x"}


# --- the first documents ---


def test_the_first_document_makes_the_collection(house: Place) -> None:
    """With the declared fields."""
    house.put("a", "x")
    house.put("b", "x")
    (schema,) = house.made
    assert {"year", "kind"} <= {*schema.by_name}
    assert not schema.open
    assert not house.intake.is_to_be_inferred()


def test_the_first_documents_say_which_fields_there_are(tmp_path: Path) -> None:
    """All of one call, as for `tandem index`."""
    with place(tmp_path, fields={}) as house:
        assert house.intake.is_to_be_inferred()
        done = house.intake.write_all(
            [
                AskedWrite("put", "broken", {"titel": "x"}),
                AskedWrite("put", "a", {"body": "x", "attributes": {"year": 1990}}),
                AskedWrite("put", "b", {"body": "x", "attributes": {"kind": "k"}}),
            ],
            EVERYBODY,
        )
        assert [isinstance(item, Done) for item in done] == [False, True, True]
        (schema,) = house.made
        assert {"year", "kind"} <= {*schema.by_name}
        assert schema.open
        assert not house.intake.is_to_be_inferred()


def test_a_key_with_a_filter_does_not_say_which_fields_there_are(tmp_path: Path) -> None:
    """A first document without the field of the filters would shut all such keys out for ever."""
    with place(tmp_path, fields={}) as house:
        for content in ({"body": "x"}, {"body": "x", "attributes": {"kind": "red"}}):
            assert fault_of(one(house, AskedWrite("put", "a", content), RED)) == "forbidden"
        assert house.made == []
        house.put("a", "x", kind="red")
        assert house.put("b", "x", kind="red", caller=RED) == ("b", "created", 2)


def test_two_first_documents_make_one_collection(house: Place) -> None:
    """Whoever is second uses it."""
    begin = threading.Barrier(2)
    intake = house.intake

    def write(document_id: str) -> None:
        begin.wait()
        intake.write(AskedWrite("put", document_id, {"body": "x"}), EVERYBODY)

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(house.made) == 1
    assert {*house.bodies()} == {"a", "b"}


def test_a_collection_that_cannot_be_made(house: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is not kept, and may be sent again."""

    def fail(*_: object) -> None:
        raise ModelError("no weights")

    with monkeypatch.context() as patched:
        patched.setattr(Place, "create_collection", fail)
        with pytest.raises(SearchUnavailable, match="cannot be made now; nothing was kept"):
            house.put("a", "x")
    assert house.bodies() == {}
    assert house.put("a", "x") == ("a", "created", 1)


# --- all of it ---

IDS = st.sampled_from(["a", "b", "ü/c"])
STEPS = st.one_of(
    st.tuples(st.just("put"), IDS, st.sampled_from("xy"), st.none() | st.just("k")),
    st.tuples(st.just("patch"), IDS, st.sampled_from("xy"), st.none() | st.just("k")),
    st.tuples(st.just("delete"), IDS, st.none(), st.none()),
)


def modelled(model: dict[str, dict[str, Any]], step: tuple[Any, ...]) -> str:
    """What becomes of a step, done to a dictionary."""
    action, document_id, body, kind = step
    before = model.get(document_id)
    if action == "delete":
        return "deleted" if model.pop(document_id, None) else "document_not_found"
    if action == "put":
        after = {"body": body, "attributes": {} if kind is None else {"kind": kind}}
    elif before is None:
        return "document_not_found"
    else:
        attributes = {} if kind is None else {"kind": kind}
        after = {"body": body, "attributes": attributes}
    model[document_id] = after
    if before is None:
        return "created"
    return "unchanged" if before == after else "updated"


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, max_size=12), cut=st.integers(1, 4))
def test_whatever_is_written_amounts_to_a_dictionary(
    house: Place, steps: list[tuple[Any, ...]], cut: int
) -> None:
    """Results, contents and sequences, however the steps are cut into batches."""
    house.catalog.documents.delete(NAME, [*house.bodies()])
    head = house.catalog.documents.head()
    model: dict[str, dict[str, Any]] = {}
    intake = house.intake
    for start in range(0, len(steps), cut):
        part = steps[start : start + cut]
        expected = [modelled(model, step) for step in part]
        done = intake.write_all([_asked(step) for step in part], EVERYBODY)
        assert [item.result if isinstance(item, Done) else item.code for item in done] == expected
        for item in done:
            if isinstance(item, Done) and item.result != "unchanged":
                head += 1
                assert item.sequence == head
    assert house.bodies() == {name: item["body"] for name, item in model.items()}
    for name, content in model.items():
        found = intake.read(name, EVERYBODY).document
        assert found is not None
        assert dict(found.attributes) == content["attributes"]


def _asked(step: tuple[Any, ...]) -> AskedWrite:
    action, document_id, body, kind = step
    if action == "delete":
        return AskedWrite(action, document_id)
    return AskedWrite(action, document_id, {"body": body, "attributes": {"kind": kind}})
