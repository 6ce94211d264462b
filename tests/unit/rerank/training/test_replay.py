"""Features computed again: bit by bit as they were served, and blind to what came later."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank.assembly import assemble
from rerank.behaviour import Behaviour
from rerank.facts import EVERYTHING, Facts, Need, QueryWord
from rerank.person import DEEDS_READ
from rerank.scene import Scene, Values
from rerank.scenes import Asked, Scenery
from rerank.signals.registry import Feature, Reads, Signal, features
from rerank.training.replay import Replay
from rerank.training.skew import skew
from rerank.training.sweep import Wanted
from rerank.training.tables import fit_tables
from tandem.behaviour import Deed, Rows, Shown, Who
from tandem.features import FeatureMatrix
from tandem.protocols import FloatVector
from tests.behaviour_log import NOW, MemoryBehaviour, random_rows
from tests.builders import schema_of
from tests.no_facts import NoFacts
from tests.people_scenes import query_of, ranked

SCHEMA = schema_of(genres="keyword")
REPLAYED = [item for item in features(SCHEMA) if item.signal.is_replayed]
TABLES = fit_tables([row for row in random_rows(2, 600) if isinstance(row, Deed)], {})
DOCUMENTS = tuple(f"d{number}" for number in range(45))


def wanted(as_of: int, who: Who, document_ids: Sequence[str], query_id: str = "q") -> Wanted:
    """A query a minute after what happened last."""
    query = query_of(who, query_id, NOW + 60 * as_of)
    return Wanted(Asked(query, SCHEMA, ranked(document_ids)), as_of)


def somebody(number: int) -> Who:
    """Of the people of a random log, now and then nobody, or somebody new."""
    names = (f"u{number % 13}", f"c{number % 8}", f"s{number % 6}")
    return Who(*(name if number >> bit & 1 else None for bit, name in enumerate(names)))


def bits(matrix: FeatureMatrix) -> list[bytes]:
    """Of each document."""
    return [row.tobytes() for row in matrix.values]


# --- as it was served ---


def served(rows: Sequence[Deed | Shown], every: int) -> Iterator[tuple[Wanted, FeatureMatrix]]:
    """Searches answered while the log grows, in pieces, each by the last position."""
    log, behaviour = MemoryBehaviour(), Behaviour()
    scenery = Scenery(
        SCHEMA,
        NoFacts(),
        lambda who, as_of, _: log.deeds_of(who, as_of=as_of, limit=DEEDS_READ),
        behaviour,
    )
    for number, (begin, end) in enumerate(pairwise(range(0, len(rows) + 1, every))):
        log.rows_held += rows[begin:end]
        behaviour.take(Rows(tuple(rows[begin:end]), rows[end - 1].sequence))
        asked = wanted(behaviour.position, somebody(number), DOCUMENTS, f"q{number}")
        scene, missing = scenery.scene(
            asked.asked.query,
            asked.asked.candidates,
            REPLAYED,
            tables=TABLES,
            timeout_seconds=10.0,
        )
        assert not missing
        yield asked, assemble(scene, REPLAYED)


def test_replayed_features_are_those_that_were_served() -> None:
    """Over more than 10,000 documents of queries, of which pages of thirty were logged."""
    rows = random_rows(1, 4_000)
    answered = [*served(rows, every=11)]
    logged = {
        item.asked.query.query_id: matrix.of(matrix.document_ids[number % 15 :][:30])
        for number, (item, matrix) in enumerate(answered)
    }
    shown = [
        Wanted(
            Asked(item.asked.query, SCHEMA, ranked(logged[item.asked.query.query_id].document_ids)),
            item.as_of,
        )
        for item, _ in answered
    ]
    replayed = Replay(MemoryBehaviour(rows), REPLAYED, TABLES).of(shown)
    again = ((item.asked.query.query_id, matrix) for item, matrix in replayed)
    names = [item.name for item in REPLAYED]
    report = skew(names, again, logged.get)
    assert report.rows > 10_000
    assert report.differing == 0
    assert {"click_through", "trend", "seen", "session_count", "factor_taste"} <= {*names}
    for name in names:  # and each was there to be compared
        values = np.concatenate([matrix.columns([name]).values for matrix in logged.values()])
        assert len({*values[~np.isnan(values)].tolist()}) > 1, name


# --- as of ---

LATER = st.lists(
    st.builds(
        Deed,
        st.just(0),
        st.sampled_from(["click", "purchase", "rating", "add_to_cart"]),
        st.sampled_from(DOCUMENTS[:5]),
        st.floats(0, 2 * NOW),
        st.floats(-10, 10),
        st.sampled_from([None, "u1"]),
        st.sampled_from([None, "c1"]),
        st.sampled_from([None, "s1"]),
        st.sampled_from([None, "q1"]),
        st.none() | st.integers(1, 20),
    ),
    min_size=1,
    max_size=30,
)


@given(LATER, st.integers(0, 80), st.integers(0, 7))
def test_what_comes_later_changes_no_feature(planted: list[Deed], as_of: int, seed: int) -> None:
    """Events planted after the position, dated whenever, of the same people and documents."""
    rows = random_rows(seed, 80)
    future = [
        deed._replace(sequence=number) for number, deed in enumerate(planted, start=as_of + 1)
    ]
    asked = [wanted(as_of, who, DOCUMENTS[:8]) for who in (Who("u1", "c1", "s1"), Who())]
    before = [row for row in rows if row.sequence <= as_of]
    plain = Replay(MemoryBehaviour(before), REPLAYED, TABLES).of(asked)
    with_future = Replay(MemoryBehaviour([*before, *future]), REPLAYED, TABLES).of(asked)
    for (_, one), (_, other) in zip(plain, with_future, strict=True):
        assert bits(one) == bits(other)


@given(st.sets(st.integers(0, 44), min_size=1, max_size=12), st.integers(0, 200))
def test_a_document_has_its_features_whatever_stands_beside_it(
    chosen: set[int], as_of: int
) -> None:
    """A search sees a hundred candidates, and training those that were shown."""
    log = MemoryBehaviour(random_rows(3, 200))
    few = [DOCUMENTS[number] for number in chosen]
    asked = [wanted(as_of, somebody(7), DOCUMENTS), wanted(as_of, somebody(7), few)]
    (_, all_of_them), (_, some) = Replay(log, REPLAYED, TABLES).of(asked)
    assert bits(all_of_them.of(few)) == bits(some)


# --- what reads more than events ---


def feature(name: str, *reads: Reads) -> Feature:
    """How long the ids of documents are, as far as the documents are known."""

    def compute(scene: Scene) -> Values:
        ids = [np.nan if item is None else len(item.document_id) for item in scene.documents]
        return np.array(ids, dtype=np.float64)

    return Feature(Signal(name, "document", "", "", reads, compute))


CONTENT, SCORE = feature("content", "documents"), feature("score", "answer", "documents")


class Today:
    """A ``FactsSource``: what is known of documents now."""

    def of(
        self,
        document_ids: Collection[str],
        timeout_seconds: float,
        needs: Collection[Need] = EVERYTHING,
    ) -> Mapping[str, Facts]:
        """See ``FactsSource``."""
        return {name: Facts(name) for name in document_ids if name != "gone"}

    def words(self, text: str, timeout_seconds: float) -> tuple[QueryWord, ...]:
        """See ``FactsSource``."""
        return ()

    def vector(self, text: str) -> FloatVector | None:
        """See ``FactsSource``."""
        return None


def replayed(logged: FeatureMatrix | None, *, today: bool) -> list[list[float | None]]:
    """What becomes of three documents, one of which is gone."""
    chosen = next(item for item in REPLAYED if item.name == "chosen")
    log = MemoryBehaviour([Deed(1, "click", "bb", NOW)])
    replay = Replay(
        log,
        (CONTENT, chosen, SCORE),
        logged=lambda ids: {name: logged for name in ids if logged is not None},
        facts=Today() if today else None,
    )
    ((_, found),) = replay.of([wanted(1, Who(), ("a", "bb", "gone"))])
    assert found.names == ("content", "chosen", "score")
    return [[None if np.isnan(value) else float(value) for value in row] for row in found.values]


def log_of(names: tuple[str, ...], **rows: list[float]) -> FeatureMatrix:
    """What was logged of documents."""
    return FeatureMatrix(names, tuple(rows), np.array([*rows.values()], np.float32))


def those(
    held: Mapping[str, FeatureMatrix], query_ids: Sequence[str]
) -> Mapping[str, FeatureMatrix]:
    """What is held of some queries."""
    return {query_id: held[query_id] for query_id in query_ids if query_id in held}


def test_neither_log_nor_documents() -> None:
    """What reads more than events is unknown."""
    expected = [[None, 0.0, None], [None, 1.0, None], [None, 0.0, None]]
    assert replayed(None, today=False) == expected


def test_documents_of_today() -> None:
    """They say what the documents are now, but not what the legs answered."""
    assert replayed(None, today=True) == [[1.0, 0.0, None], [2.0, 1.0, None], [None, 0.0, None]]


@pytest.mark.parametrize("today", [True, False])
def test_what_was_logged_counts(today: bool) -> None:
    """Not what the documents are now; but what events say is computed, and is not taken from it."""
    nan = float("nan")
    logged = log_of(
        ("score", "chosen", "content", "dropped"),
        gone=[0.1, 9, 50, 0],
        bb=[0.2, 9, nan, 0],
        a=[0.3, 9, 51, 0],
    )
    said = replayed(logged, today=today)
    expected = [[51.0, 0.0, 0.3], [None, 1.0, 0.2], [50.0, 0.0, 0.1]]
    assert [[item and round(item, 5) for item in row] for row in said] == expected


def test_what_was_not_logged_is_of_today() -> None:
    """A document that was not logged, and a feature that is newer than the log."""
    assert replayed(log_of(("content",), a=[50.0]), today=True) == [
        [50.0, 0.0, None],
        [2.0, 1.0, None],
        [None, 0.0, None],
    ]
    newer = log_of(("score",), a=[0.5], bb=[0.25], gone=[0.125])
    assert replayed(newer, today=True) == [[1.0, 0.0, 0.5], [2.0, 1.0, 0.25], [None, 0.0, 0.125]]


def test_what_reads_tables_is_never_taken_from_the_log() -> None:
    """It was computed with the tables of the model that answered: all groups have it of today."""
    creator = feature("creator", "documents", "tables")
    both = log_of(("creator", "content"), a=[9.0, 50.0], bb=[9.0, 51.0])
    for logged in (both, None):
        held: dict[str, FeatureMatrix] = {} if logged is None else {"q": logged}
        replay = Replay(
            MemoryBehaviour(),
            (CONTENT, creator),
            TABLES,
            logged=partial(those, held),
            facts=Today(),
        )
        ((_, found),) = replay.of([wanted(0, Who(), ("a", "bb"))])
        assert found.columns(["creator"]).values[:, 0].tolist() == [1.0, 2.0]
        expected = [1.0, 2.0] if logged is None else [50.0, 51.0]
        assert found.columns(["content"]).values[:, 0].tolist() == expected
