"""Writes to the document log that say at which sequence a document must stand."""

import threading
from collections.abc import Mapping
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tandem.catalog.catalog import Catalog
from tandem.catalog.document_log import DocumentLog
from tandem.catalog.document_writes import Outcome, Write
from tandem.documents import Document
from tests.builders import document


@pytest.fixture
def log(shared: Catalog) -> DocumentLog:
    """A log that other tests may have written to: sequences count from its head."""
    return shared.documents


@pytest.fixture
def name() -> str:
    """A collection that nobody else writes to."""
    return uuid4().hex


def put(body: str, expected: int | None = None) -> Write:
    """The document ``a``."""
    return Write("a", document("a", body), expected)


def one(log: DocumentLog, name: str, write: Write) -> Outcome:
    """What becomes of one write."""
    return log.write(name, "s", [write])[write.document_id]


def test_a_document_that_must_not_stand_is_left_as_it_is(log: DocumentLog, name: str) -> None:
    """Another sequence than the expected one changes nothing, and says what stands."""
    before = log.head()
    assert one(log, name, put("x", before + 1)) == ("conflict", 0)
    assert one(log, name, put("x", 0)) == ("created", before + 1)
    assert one(log, name, put("y", 0)) == ("conflict", before + 1)
    assert one(log, name, put("y", before + 9)) == ("conflict", before + 1)
    assert one(log, name, Write("a", None, before)) == ("conflict", before + 1)
    assert log.documents(name, ["a"]) == {"a": document("a", "x")}
    assert log.head() == before + 1


def test_a_document_that_stands_as_expected_is_changed(log: DocumentLog, name: str) -> None:
    """Each change has the sequence that the next one expects; what is unchanged keeps its own."""
    before = log.head()
    assert one(log, name, put("x", 0)) == ("created", before + 1)
    assert one(log, name, put("x", before + 1)) == ("unchanged", before + 1)
    assert one(log, name, put("y", before + 1)) == ("updated", before + 2)
    assert one(log, name, Write("a", None, before + 2)) == ("deleted", before + 3)
    assert log.head() == before + 3


def test_what_is_deleted_is_not_there(log: DocumentLog, name: str) -> None:
    """Neither its own sequence nor that of its tombstone is one at which it stands."""
    before = log.head()
    one(log, name, put("x"))
    one(log, name, Write("a", None))
    assert one(log, name, Write("a", None)) == ("missing", 0)
    for expected in (before + 1, before + 2):
        assert one(log, name, put("x", expected)) == ("conflict", 0)
    assert one(log, name, put("x", 0)) == ("created", before + 3)


def test_one_conflict_keeps_no_other_write(log: DocumentLog, name: str) -> None:
    """Each document is decided on by itself; sequences follow the order of the writes."""
    before = log.head()
    log.append(name, "s", [document("a", "x"), document("b", "x"), document("gone", "x")])
    done = log.write(
        name,
        "s",
        [
            Write("new", document("new", "x"), 0),
            Write("a", document("a", "y"), before + 7),
            Write("gone", None, before + 3),
            Write("b", document("b", "x")),
            Write("unknown", None),
        ],
    )
    assert done == {
        "new": ("created", before + 4),
        "a": ("conflict", before + 1),
        "gone": ("deleted", before + 5),
        "b": ("unchanged", before + 2),
        "unknown": ("missing", 0),
    }


def test_a_tombstone_stays_with_its_source(log: DocumentLog, name: str) -> None:
    """Whoever deletes it; what another source sends unchanged is that one's from then on."""
    log.append(name, "one", [document("a", "x"), document("b", "x")])
    log.write(name, "two", [Write("b", document("b", "x"))])
    assert set(log.ids_of_source(name, "one")) == {"a"}
    assert set(log.ids_of_source(name, "two")) == {"b"}
    log.write(name, "two", [Write("a", None)])
    assert set(log.ids_of_source(name, "one")) == set()


def at_once(log: DocumentLog, name: str, expected: int) -> list[Outcome]:
    """What becomes of four writes that expect the same."""
    done: list[Outcome] = []
    begin = threading.Barrier(4)

    def write(number: int) -> None:
        begin.wait()
        done.append(one(log, name, put(f"{expected} by {number}", expected)))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def test_of_several_who_expect_the_same_one_writes(log: DocumentLog, name: str) -> None:
    """Whether it must not be there yet, or stands where all have seen it; the others are told of
    that write.
    """
    expected = 0
    for result in ("created", "updated", "updated"):
        done = at_once(log, name, expected)
        assert sorted(outcome.result for outcome in done) == ["conflict"] * 3 + [result]
        (expected,) = {outcome.sequence for outcome in done}


IDS = st.sampled_from("abc")
WRITES = st.dictionaries(
    IDS,
    st.tuples(st.sampled_from(["x", "y", None]), st.sampled_from([None, 0, 1, 2])),
    min_size=1,
    max_size=3,
)
"""Id -> the new body, and which of the sequences given out is expected: none, the document must
not exist, its newest one or the one before.
"""


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(WRITES, max_size=6))
def test_writes_amount_to_what_a_dictionary_holds(
    log: DocumentLog, steps: list[Mapping[str, tuple[str | None, int | None]]]
) -> None:
    """Whatever is written in whatever order, results and sequences are those of the model."""
    name = uuid4().hex
    model: dict[str, tuple[int, Document]] = {}
    head = log.head()
    for step in steps:
        writes = []
        expected = {}
        for document_id, (body, condition) in step.items():
            stands_at = model[document_id][0] if document_id in model else 0
            wanted = None if condition is None else (0, stands_at, stands_at - 1)[condition]
            sent = None if body is None else document(document_id, body)
            writes.append(Write(document_id, sent, wanted))
            if wanted is not None and wanted != stands_at:
                expected[document_id] = ("conflict", stands_at)
            elif sent is None and not stands_at:
                expected[document_id] = ("missing", 0)
            elif sent is None:
                head += 1
                del model[document_id]
                expected[document_id] = ("deleted", head)
            elif stands_at and model[document_id][1] == sent:
                expected[document_id] = ("unchanged", stands_at)
            else:
                head += 1
                model[document_id] = (head, sent)
                expected[document_id] = ("updated" if stands_at else "created", head)
        assert log.write(name, "s", writes) == expected
    assert log.head() == head
    found = {
        item.document_id: (item.sequence, item.document)
        for item in log.changes_of(name, "abc")
        if item.document
    }
    assert found == model
