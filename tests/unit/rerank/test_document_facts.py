"""Facts of documents: what is read, what is kept, and what is read again."""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.document_facts import (
    LATE_SECONDS,
    MOST_WORDS,
    DocumentFacts,
    Read,
    Reading,
    WordCoder,
    facts_of,
    inverse_frequency,
    mean_direction,
)
from rerank.facts import Need, QueryWord, coded, fragment_bits, fragments
from rerank.facts_cache import MOST_GONE, Entry
from rerank.shelf import ENTRY_BYTES, bytes_of
from tandem.analysis import ANALYSES, Analysis
from tandem.documents import Document
from tandem.engines.tantivy_mapping import build_analyzer
from tandem.errors import EngineUnavailable
from tandem.lexical import TextWord
from tandem.protocols import FloatMatrix, FloatVector
from tests.builders import document, schema_of
from tests.metered import Noted

SCHEMA = schema_of(
    genre="keyword", year="integer", price="float", is_new="boolean", shown="datetime"
)
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


class House:
    """A generation's indexes, that count how often they are asked."""

    def __init__(self, *documents: Document) -> None:
        self.held = {item.document_id: item for item in documents}
        self.asked: list[tuple[str, ...]] = []
        self.asked_vectors: list[tuple[str, ...]] = []
        self.asked_words: list[str] = []
        self.timeouts: list[float] = []

    def documents(self, ids: Collection[str], timeout: float) -> Mapping[str, Document]:
        """Those that are held."""
        self.asked.append(tuple(ids))
        self.timeouts.append(timeout)
        return {name: self.held[name] for name in ids if name in self.held}

    def vectors(self, ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """Two passages each."""
        self.asked_vectors.append(tuple(ids))
        return {name: np.array([[3, 0], [0, 4]], dtype=np.float32) for name in ids}

    def words(self, text: str, timeout: float) -> Sequence[TextWord]:
        """Every word is held by two documents."""
        self.asked_words.append(text)
        starts = [at for at, letter in enumerate(text) if not at or text[at - 1] == " "]
        return [TextWord(at, at + len(text[at:].split(maxsplit=1)[0]), 2) for at in starts]

    def facts(self, megabytes: float = 128) -> DocumentFacts:
        """Over this house."""
        return DocumentFacts(SCHEMA, self.reading(), megabytes)

    def reading(self) -> Reading:
        """Of this house."""
        return Reading(
            self.documents, self.vectors, self.words, lambda: 10, lambda text: text.lower().split()
        )


def test_facts_of_a_document() -> None:
    """Fields by what they are, texts as codes of their words, the passages' mean direction."""
    full = document(
        "a", "Red fox", title="Fox", updated_at=MOMENT,
        genre=("x", "y", "x"), year=1987, price=2.5, is_new=True, shown=MOMENT, other="z",
    )  # fmt: skip
    (found,) = House(full).facts().of(["a"], 1.0).values()
    assert found.keywords == {"genre": ("x", "y")}
    assert found.numbers == {
        "year": 1987.0, "price": 2.5, "is_new": 1.0, "shown": MOMENT.timestamp(),
    }  # fmt: skip
    assert found.words["body"].tolist() == coded(["red", "fox"]).tolist()
    assert found.words["title"].tolist() == coded(["fox"]).tolist()
    assert found.fragments is not None
    assert found.fragments.tolist() == fragment_bits(map(fragments, ["red", "fox"])).tolist()
    assert found.updated_at == MOMENT.timestamp()
    assert found.vector is not None
    assert found.vector.tolist() == pytest.approx([0.6, 0.8])
    assert found.focus == pytest.approx(2.5)


def test_a_document_with_nothing() -> None:
    """No field, no word, no time: all of it is left out."""
    found = facts_of(Document("a"), SCHEMA, WordCoder(str.split))
    assert (found.keywords, found.numbers, found.words) == ({}, {}, {})
    assert (found.updated_at, found.vector) == (None, None)


def test_a_value_that_does_not_fit_is_left_out() -> None:
    """The rest of the document is known all the same."""
    found = facts_of(document("a", year="last year", price=1.5, genre=()), SCHEMA)
    assert (found.numbers, found.keywords) == ({"price": 1.5}, {})


def test_unknown_documents_are_left_out() -> None:
    """They may have been deleted since."""
    house = House(document("a"))
    assert [*house.facts().of(["a", "gone", "a"], 1.0)] == ["a"]
    assert house.asked == [("a", "gone")]
    assert house.facts().of([], 1.0) == {}


def test_what_is_at_hand_is_not_read() -> None:
    """Only what is missing is asked for."""
    house = House(document("a"), document("b"))
    facts = house.facts()
    facts.of(["a"], 1.0)
    assert {*facts.of(["a", "b"], 1.0)} == {"a", "b"}
    assert house.asked == [("a",), ("b",)]


def test_what_was_at_hand_is_told() -> None:
    """A document that is asked for twice counts once, and so does one that there is not."""
    house, noted = House(document("a"), document("b")), Noted()
    facts = DocumentFacts(SCHEMA, house.reading(), meter=noted)
    facts.of(["a", "a"], 1.0)
    facts.of(["a", "b", "gone"], 1.0)
    assert noted.caches == {("facts", "hit"): 1, ("facts", "miss"): 3}


@pytest.mark.parametrize(
    ("needs", "reads_words", "reads_vectors"),
    [((), False, False), (("words",), True, False), (("vectors",), False, True)],
)
def test_only_what_is_needed_is_read(
    needs: tuple[Need, ...], reads_words: bool, reads_vectors: bool
) -> None:
    """What nobody looks at costs nothing; who needs more later has it read."""
    house = House(document("a", "fox"))
    facts = house.facts()
    found = facts.of(["a"], 1.0, needs)["a"]
    assert (bool(found.words), found.vector is not None) == (reads_words, reads_vectors)
    assert bool(house.asked_vectors) is reads_vectors
    everything = facts.of(["a"], 1.0)["a"]
    assert everything.words
    assert everything.vector is not None
    facts.of(["a"], 1.0, needs)
    assert len(house.asked) == 2


def test_a_forgotten_document_is_read_again() -> None:
    """And no other one."""
    house = House(document("a", "fox"), document("b"))
    facts = house.facts()
    facts.of(["a", "b"], 1.0)
    house.held["a"] = document("a", "dog")
    facts.forget(["a", "unknown"])
    assert facts.of(["a", "b"], 1.0)["a"].words["body"].tolist() == coded(["dog"]).tolist()
    assert house.asked == [("a", "b"), ("a",)]


def test_what_is_read_while_documents_are_forgotten_is_not_kept() -> None:
    """It may be of before the change."""
    house = House(document("a", "fox"))
    before = house.documents

    def changed_meanwhile(ids: Collection[str], timeout: float) -> Mapping[str, Document]:
        found = before(ids, timeout)
        facts.forget(["a"])
        return found

    house.documents = changed_meanwhile  # type: ignore[method-assign]
    facts = house.facts()
    assert {*facts.of(["a"], 1.0)} == {"a"}
    assert facts.bytes_held == 0


def test_the_room_is_bounded() -> None:
    """What was not asked for longest goes first."""
    house = House(*(document(name) for name in "abc"))
    facts = house.facts(megabytes=2.5 * ENTRY_BYTES / 1_000_000)
    for name in "abacb":
        facts.of([name], 1.0, ())
    assert house.asked == [("a",), ("b",), ("c",), ("b",)]
    assert 0 < facts.bytes_held <= 2.5 * ENTRY_BYTES
    facts.forget("abc")
    assert facts.bytes_held == 0


def test_what_was_forgotten_makes_room() -> None:
    """Also while other documents are at hand all the time, which stay so."""
    house = House(document("a"), document("b", "fox"))
    facts = house.facts(megabytes=100)
    one = bytes_of(facts.of(["b"], 1.0)["b"])
    for _ in range(5 * MOST_GONE):
        facts.of(["a", "b"], 1.0)
        facts.forget(["b"])
    assert facts.bytes_held <= 2.1 * MOST_GONE * one
    assert sum("a" in asked for asked in house.asked) == 1


@pytest.mark.parametrize("is_full", [False, True])
def test_what_changes_often_costs_the_others_nothing(is_full: bool) -> None:
    """No shelf is begun for its sake until it has changed as often as there are others."""
    names = [f"d{number}" for number in range(2 * MOST_GONE)]
    house = House(document("a"), document("last"), *map(document, names))
    one = bytes_of(house.facts().of(["a"], 1.0)["a"])
    house.asked.clear()
    room = len(names) if is_full else 2 * len(names)
    facts = house.facts(megabytes=2 * (room + 0.5) * one / 1_000_000)
    facts.of(names, 1.0)
    facts.of(["last"], 1.0)  # where the shelf is full, on the next one
    for _ in range(2 * MOST_GONE - 1):
        facts.of(["a"], 1.0)
        facts.forget(["a"])
    facts.of(names, 1.0)
    assert sum(len(asked) > 1 for asked in house.asked) == 1


def test_what_is_asked_for_of_the_older_shelf_stays() -> None:
    """It is put on the newer one as it was read, beside what is read anew."""
    house = House(*(document(name, "fox") for name in "abc"))
    facts = house.facts(megabytes=2.5 * (bytes_of(house.facts().of(["a"], 1.0)["a"])) / 1_000_000)
    house.asked.clear()
    facts.of(["a"], 1.0)
    facts.of(["b"], 1.0)
    found = facts.of(["b", "a"], 1.0)
    assert [item.words["body"].tolist() for item in found.values()] == [coded(["fox"]).tolist()] * 2
    assert found["a"].vector is not None
    facts.of(["c"], 1.0)
    facts.of(["a"], 1.0)
    assert house.asked == [("a",), ("b",), ("c",)]


def test_a_document_that_does_not_fit_is_given_all_the_same() -> None:
    """It is read each time."""
    house = House(document("a"))
    facts = house.facts(megabytes=0)
    assert [*facts.of(["a"], 1.0), *facts.of(["a"], 1.0)] == ["a", "a"]
    assert (len(house.asked), facts.bytes_held) == (2, 0)


def test_an_engine_that_is_late_is_told() -> None:
    """Its error goes through, and the next call asks again."""
    house = House(document("a"))

    def late(ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        raise EngineUnavailable("qdrant: no answer")

    house.vectors = late  # type: ignore[method-assign]
    facts = house.facts()
    with pytest.raises(EngineUnavailable):
        facts.of(["a"], 0.25)
    assert [*facts.of(["a"], 0.25, needs=())] == ["a"]


def test_what_comes_late_is_kept() -> None:
    """Who asked has gone on without; a cold cache warms all the same."""
    house = House(document("a"))
    begun: list[Read] = []

    def never_in_time(read: Read, seconds: float) -> list[Entry]:
        assert seconds == 0.25
        begun.append(read)
        raise EngineUnavailable("an index: timeout")

    reading = Reading(
        house.documents, house.vectors, house.words, lambda: 10, str.split, in_time=never_in_time
    )
    facts = DocumentFacts(SCHEMA, reading)
    with pytest.raises(EngineUnavailable):
        facts.of(["a"], 0.25)
    begun[0]()
    assert [*facts.of(["a"], 0.25)] == ["a"]
    assert (len(begun), house.timeouts) == (1, [LATE_SECONDS])


def test_words_of_a_query() -> None:
    """As the analysis leaves them, in order, weighted by how few documents hold them."""
    house = House()
    facts = house.facts()
    weight = inverse_frequency(10, 2)
    assert facts.words("Red fox Red", 1.0) == (
        QueryWord("red", weight), QueryWord("fox", weight), QueryWord("red", weight),
    )  # fmt: skip
    facts.words("Red fox Red", 1.0)
    assert house.asked_words == ["Red fox Red"]
    facts.forget(["a"])
    facts.words("Red fox Red", 1.0)
    assert len(house.asked_words) == 2


def test_a_blank_query_has_no_words() -> None:
    """Nobody is asked."""
    house = House()
    assert house.facts().words("  ", 1.0) == ()
    assert house.asked_words == []


@pytest.mark.parametrize(
    ("documents", "holding", "expected"),
    [
        (10, 2, np.log(1 + 8.5 / 2.5)),
        (0, 0, np.log(2)),
        (10, 10, np.log(1 + 0.5 / 10.5)),
        (5, 7, np.log(1 + 0.5 / 7.5)),  # two deleted ones are counted still
    ],
)
def test_inverse_frequency(documents: int, holding: int, expected: float) -> None:
    """By hand; above 0 whatever the index counts."""
    assert inverse_frequency(documents, holding) == pytest.approx(expected)


def test_runs_are_analysed_once() -> None:
    """And give what the whole text would: an analysis may make several words of one, or none."""
    analysed: list[str] = []

    def analyse(text: str) -> list[str]:
        analysed.append(text)
        return text.replace("\u2013", " ").replace("the", "").split()

    coder = WordCoder(analyse)
    text = "red\u2013fox, the\u00a0den (red\u2013fox)."
    assert coder.of(text).tolist() == coded(["red", "fox", "den", "red", "fox"]).tolist()
    assert analysed == ["red\u2013fox", "the", "den"]
    assert coder.of("").tolist() == []
    assert (
        fragment_bits(run.fragments for run in coder.runs(text)).tolist()
        == fragment_bits(map(fragments, ["red", "fox", "den"])).tolist()
    )
    coder.of("x" * 50 + " " + "x" * 50)
    assert analysed[3:] == ["x" * 50] * 2


AWKWARD = st.text(
    st.one_of(
        st.sampled_from("aZ9'’ .-_/+#@éİß№²中\u00a0\u200b\n"),  # noqa: RUF001 - the apostrophe too
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@pytest.mark.parametrize("analysis", ANALYSES.values(), ids=ANALYSES)
@given(text=AWKWARD)
def test_runs_give_what_the_whole_text_would(analysis: Analysis, text: str) -> None:
    """By every analysis that there is."""
    analyse = build_analyzer(analysis).analyze
    assert WordCoder(analyse).of(text).tolist() == coded(analyse(text)).tolist()


def test_a_long_text_is_cut() -> None:
    """Also where nothing divides it."""
    coder = WordCoder(lambda text: text.split("\u2013"))
    assert len(coder.of("red " * (MOST_WORDS + 5))) == MOST_WORDS
    assert len(coder.of("red\u2013" * (MOST_WORDS + 5))) == MOST_WORDS


def test_remembered_runs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later is analysed each time."""
    monkeypatch.setattr("rerank.document_facts.MOST_RUNS", 2)
    coder = WordCoder(str.split)
    assert coder.of("a b c a c").tolist() == coded("abcac").tolist()
    assert [*coder._known] == ["a", "b"]


@pytest.mark.parametrize(("rows", "length"), [([[1, 0], [-1, 0]], 0.0), (np.empty((0, 2)), 1.0)])
def test_no_direction(rows: object, length: float) -> None:
    """Passages that cancel out, or none."""
    assert mean_direction(np.array(rows, dtype=np.float32)) == (None, length)


def test_the_vector_of_a_query() -> None:
    """As it was searched for; of a blank text there is none, and nobody is asked."""
    asked: list[str] = []

    def vector(text: str) -> FloatVector | None:
        asked.append(text)
        return np.ones(2, dtype=np.float32) if text == "fox" else None

    house = House()
    reading = Reading(house.documents, house.vectors, house.words, lambda: 0, str.split, vector)
    facts = DocumentFacts(SCHEMA, reading)
    found = facts.vector("fox")
    assert found is not None
    assert found.tolist() == [1.0, 1.0]
    assert (facts.vector("dog"), facts.vector(" ")) == (None, None)
    assert asked == ["fox", "dog"]
    assert house.facts().vector("fox") is None


def test_many_threads() -> None:
    """All of them get what they ask for, while documents change."""
    house = House(*(document(str(number), "fox") for number in range(50)))
    facts = house.facts(megabytes=0.05)
    wrong: list[object] = []

    def ask(seed: int) -> None:
        for step in range(50):
            ids = [str((seed * 7 + step + at) % 50) for at in range(10)]
            found = facts.of(ids, 1.0)
            wrong.extend(name for name in ids if found[name].document_id != name)
            facts.forget(ids[:1])

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert facts.bytes_held <= 50_000
