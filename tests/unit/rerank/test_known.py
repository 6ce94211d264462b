"""What is known of many documents at once is what is known of each."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.facts import Facts, Words, coded, fragment_bits, fragments
from rerank.known import Known
from rerank.shelf import FIRST_ROWS, WORDS_COMPARED, Shelf
from tests.builders import schema_of

SCHEMA = schema_of(abstract="text", genre="keyword", year="integer", shown="datetime")
WORD = st.sampled_from(["red", "fox", "den"])
TEXT = st.lists(WORD, min_size=1, max_size=4)
VECTORS = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=2)


@st.composite
def known_facts(draw: st.DrawFn, document_id: str) -> Facts:
    """Anything that may be known of a document, or next to nothing."""
    texts = draw(st.dictionaries(st.sampled_from(["title", "body", "abstract"]), TEXT))
    texts = {name: texts[name] for name in ("title", "body", "abstract") if name in texts}
    vector = draw(st.none() | VECTORS)
    return Facts(
        document_id,
        draw(st.dictionaries(st.just("genre"), st.just(("a", "b")))),
        draw(st.dictionaries(st.sampled_from(["year", "shown"]), st.floats(-1e9, 1e9))),
        Words({name: coded(words) for name, words in texts.items()}),
        draw(st.none() | st.floats(0, 1e9)),
        None if vector is None else np.array(vector, np.float32),
        draw(st.floats(0, 1)),
        draw(st.none() | st.just(fragment_bits([fragments("red")]))),
    )


def plain(facts: Facts) -> tuple[object, ...]:
    """Facts without arrays."""
    words = {name: codes.tolist() for name, codes in facts.words.items()}
    vector = None if facts.vector is None else facts.vector.tolist()
    bits = None if facts.fragments is None else facts.fragments.tobytes()
    return (*facts[:3], words, facts.updated_at, vector, facts.focus, bits)


@given(st.data())
def test_of_each_what_was_said_of_it(data: st.DataObject) -> None:
    """In any order, whatever stands beside it; of others nothing."""
    facts = {name: data.draw(known_facts(name)) for name in "abc"}
    asked = data.draw(st.lists(st.sampled_from("abcx"), unique=True))
    known = Known.of(asked, facts, SCHEMA)
    assert [*known] == [name for name in asked if name in facts]
    assert {name: plain(item) for name, item in known.items()} == {
        name: plain(facts[name]) for name in known
    }
    assert known.is_known.tolist() == [name in facts for name in asked]
    fewer = data.draw(st.lists(st.sampled_from("abcx"), unique=True))
    assert {name: plain(item) for name, item in known.only(fewer).items()} == {
        name: plain(facts[name]) for name in fewer if name in known
    }


def test_kind_by_kind() -> None:
    """By hand: a row a document, NaN or nothing where there is none."""
    body = coded(["red", "fox", "red", "den"])
    full = Facts("a", {"genre": ("x",)}, {"year": 1.0}, Words({"body": body}), 5.0, focus=0.5)
    full = full._replace(vector=np.ones(2, np.float32))
    known = Known.of(["a", "gone", "b"], {"a": full, "b": Facts("b")}, SCHEMA)
    assert known.numbers("year")[0] == 1.0
    assert np.isnan(known.numbers("year")).tolist() == [False, True, True]
    assert known.records.counts.tolist() == [[1], [0], [0]]
    assert np.isnan(known.updated_at).tolist() == [False, True, True]
    assert known.focus.tolist() == [0.5, 1.0, 1.0]
    places, vectors = known.vectors
    assert (places.tolist(), vectors.tolist()) == ([0], [[1.0, 1.0]])
    assert known.words.codes.tolist() == body.tolist()
    assert known.words.lengths.tolist() == [[0, 4, 0], [0, 0, 0], [0, 0, 0]]
    assert known.kinds.counts.tolist() == [3, 0, 0]
    worths = dict(zip(known.kinds.codes.tolist(), known.kinds.worths.tolist(), strict=True))
    red, fox = coded(["red", "fox"]).tolist()
    assert worths[red] == pytest.approx((1 + math.log(2)) / 2)
    assert worths[fox] == pytest.approx(1 / 2)


def test_the_first_words_are_compared() -> None:
    """Of each field."""
    words = ["red"] * WORDS_COMPARED + ["fox"]
    facts = Facts("a", words=Words({"title": coded(words), "body": coded(["den"])}))
    known = Known.of(["a"], {"a": facts}, SCHEMA)
    assert {*known.kinds.codes.tolist()} == {*coded(["red", "den"]).tolist()}


def test_a_shelf_grows_while_it_is_read() -> None:
    """What was found on it stays what it was."""
    shelf = Shelf(SCHEMA)
    shelf.add(Facts("0", numbers={"year": 0.0}, words=Words({"body": coded(["red"])})))
    early = Known(["0"], shelf, shelf.rows_of(["0"]))
    for number in range(1, 3 * FIRST_ROWS):
        shelf.add(Facts(str(number), numbers={"year": float(number)}))
    assert early.numbers("year").tolist() == [0.0]
    assert early.words.codes.tolist() == coded(["red"]).tolist()
    ids = [str(number) for number in range(3 * FIRST_ROWS)]
    later = Known(ids, shelf, shelf.rows_of(ids))
    assert later.numbers("year").tolist() == list(map(float, range(3 * FIRST_ROWS)))


def test_what_was_read_of_a_document() -> None:
    """Who needs more of it than that does not find it."""
    shelf = Shelf(SCHEMA)
    shelf.add(Facts("a"), ["words"])
    assert shelf.rows_of(["a", "b"], ["words"]).tolist() == [1, 0]
    assert shelf.rows_of(["a"], ["words", "vectors"]).tolist() == [0]
    assert shelf.needs_of("a") == {"words"}
