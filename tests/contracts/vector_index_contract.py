"""What every vector engine owes its callers; a new one inherits the class and names its store."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings

from tandem.documents import Change
from tandem.errors import EngineError
from tandem.protocols import FloatMatrix, FloatVector, VectorIndex, VectorStore, VectorVersion
from tandem.rankings import Ranking
from tests.builders import deletion, document, filters, random_rows, schema_of, unit_rows, upserts
from tests.contracts import filters_oracle as oracle

NAME = "meaning"
IDENTITY = "0123456789abcdef"
DIMENSION = 8
TIMEOUT = 10.0
TOLERANCE = 1e-5
SCHEMA = schema_of(genre="keyword", year="integer", listed="boolean")
EAST = unit_rows([1, 0, 0, 0, 0, 0, 0, 0])[0]
NORTH = unit_rows([0, 1, 0, 0, 0, 0, 0, 0])[0]

Passages = Mapping[str, FloatMatrix]


def search(index: VectorIndex, vector: FloatVector, limit: int = 100, **keywords: Any) -> Ranking:
    """A search without the arguments that do not matter here."""
    return index.search(vector, limit=limit, timeout_seconds=TIMEOUT, **keywords)


def score(
    index: VectorIndex, vector: FloatVector, document_ids: Sequence[str]
) -> Mapping[str, float]:
    """As ``search``, for ``score``."""
    return index.score(vector, document_ids, timeout_seconds=TIMEOUT)


def put(index: VectorIndex, passages: Passages, first: int = 1, **attributes: Any) -> list[Change]:
    """Apply documents with these passages; the changes."""
    changes = upserts([document(name, "text", **attributes) for name in passages], first)
    assert not index.apply(changes, passages)
    return changes


def held(index: VectorIndex) -> list[VectorVersion]:
    """Everything held, in order of id."""
    return sorted(index.versions())


def best_cosines(passages: Passages, vector: FloatVector) -> dict[str, float]:
    """The oracle: each document's best passage, in double precision."""
    return {
        name: float((rows.astype(np.float64) @ vector.astype(np.float64)).max())
        for name, rows in passages.items()
    }


def assert_nearest(ranking: Ranking, cosines: Mapping[str, float], limit: int) -> None:
    """The ranking holds the oracle's best documents, up to the engine's rounding."""
    assert len(ranking) == min(limit, len(cosines))
    assert len(set(ranking.document_ids)) == len(ranking)
    ordered = sorted(cosines.values(), reverse=True)[:limit]
    for hit, expected in zip(ranking.hits, ordered, strict=True):
        assert hit.score == pytest.approx(expected, abs=TOLERANCE)
        assert hit.score == pytest.approx(cosines[hit.document_id], abs=TOLERANCE)


def some_passages(seed: int, documents: int, most: int = 6) -> dict[str, FloatMatrix]:
    """Documents with 1 to ``most`` random passages."""
    counts = np.random.default_rng(seed).integers(1, most + 1, documents)
    return {
        f"d{number:03}": random_rows(seed * 1_000 + number, int(count), DIMENSION)
        for number, count in enumerate(counts)
    }


class VectorIndexContract:
    """Inherit, and define ``make_store``."""

    @classmethod
    def make_store(cls, folder: Path) -> VectorStore:
        """The store under test; a second one for the same folder sees the same indexes."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> VectorStore:
        """A store without an index."""
        return self.make_store(tmp_path)

    @pytest.fixture
    def index(self, store: VectorStore) -> Iterator[VectorIndex]:
        """An empty index."""
        opened = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        yield opened
        opened.close()

    @pytest.fixture(scope="class")
    @classmethod
    def filtered(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
        """An index of the oracle's documents, two passages each."""
        store = cls.make_store(tmp_path_factory.mktemp("filtered"))
        opened = store.create(NAME, IDENTITY, oracle.SCHEMA, DIMENSION)
        changes = upserts(oracle.sample_documents(300, seed=3))
        passages = {
            change.document_id: random_rows(change.sequence, 2, DIMENSION) for change in changes
        }
        assert not opened.apply(changes, passages)
        yield opened
        opened.close()

    # --- search ---

    @pytest.mark.parametrize("seed", range(6))
    def test_search_is_exact(self, index: VectorIndex, seed: int) -> None:
        """Random documents of several passages: the same best ones as numpy, each once."""
        passages = some_passages(seed, documents=120)
        put(index, passages)
        for vector in random_rows(99 + seed, 4, DIMENSION):
            cosines = best_cosines(passages, vector)
            for limit in (1, 7, 60, 119, 120, 500):
                assert_nearest(search(index, vector, limit), cosines, limit)

    def test_ranking_is_named_and_ordered(self, index: VectorIndex) -> None:
        """Ranks count from 1, cosines run from 1 to -1, and the ranking is named ``vector``."""
        put(index, {"same": EAST[None], "across": NORTH[None], "opposite": -EAST[None]})
        ranking = search(index, EAST)
        assert ranking.name == "vector"
        assert ranking.document_ids == ("same", "across", "opposite")
        assert [hit.rank for hit in ranking.hits] == [1, 2, 3]
        assert [hit.score for hit in ranking.hits] == pytest.approx([1, 0, -1], abs=TOLERANCE)

    def test_one_document_cannot_fill_the_list(self, index: VectorIndex) -> None:
        """A document that owns the 1,000 nearest passages leaves room for ``limit`` documents."""
        near = unit_rows(EAST + 0.01 * random_rows(1, 1_000, DIMENSION))
        others = {f"d{n:02}": unit_rows(NORTH + 0.02 * n * EAST) for n in range(40)}
        put(index, {"greedy": near, **others})
        for limit in (1, 2, 10, 41, 100):
            ranking = search(index, EAST, limit)
            assert_nearest(ranking, best_cosines({"greedy": near, **others}, EAST), limit)
            assert ranking.document_ids[0] == "greedy"

    def test_several_greedy_documents(self, index: VectorIndex) -> None:
        """Many documents of many near passages, and the far ones still get their places."""
        passages = {
            f"greedy{n}": unit_rows(EAST + 0.01 * random_rows(n, 150, DIMENSION)) for n in range(8)
        }
        passages |= {f"far{n}": random_rows(50 + n, 1, DIMENSION) for n in range(30)}
        put(index, passages)
        assert_nearest(search(index, EAST, 25), best_cosines(passages, EAST), 25)

    def test_ties_stand_in_order_of_id(self, index: VectorIndex) -> None:
        """Equal scores are ordered by id, also where the limit cuts through them."""
        names = [f"d{number:02}" for number in reversed(range(60))]
        put(index, {"zz": EAST[None], **dict.fromkeys(names, NORTH[None])})
        expected = ("zz", *sorted(names))
        for limit in (1, 2, 9, 59, 60, 61, 100):
            assert search(index, EAST, limit).document_ids == expected[:limit]

    def test_length_of_the_query_is_ignored(self, index: VectorIndex) -> None:
        """Scores are cosines, whatever the length of the query vector."""
        passages = some_passages(7, documents=20)
        put(index, passages)
        vector = random_rows(5, 1, DIMENSION)[0]
        cosines = best_cosines(passages, vector)
        assert_nearest(search(index, np.asarray(vector * 3.0, np.float32)), cosines, 100)

    # --- score ---

    @pytest.mark.parametrize("seed", range(3))
    def test_score_is_searchs_score(self, index: VectorIndex, seed: int) -> None:
        """``score`` gives exactly what ``search`` gives, and what numpy gives up to rounding."""
        passages = some_passages(seed, documents=80)
        put(index, passages)
        vector = random_rows(seed, 1, DIMENSION)[0]
        names = list(passages)
        scores = score(index, vector, names)
        assert scores == search(index, vector).scores()
        assert scores == pytest.approx(best_cosines(passages, vector), abs=TOLERANCE)
        assert score(index, vector, [*names[::7], "unknown"]) == {
            name: scores[name] for name in names[::7]
        }

    def test_score_beside_a_greedy_document(self, index: VectorIndex) -> None:
        """A thousand near passages of one of the documents asked for hide none of the others."""
        passages = {
            "greedy": unit_rows(EAST + 0.01 * random_rows(1, 1_000, DIMENSION)),
            "far": -EAST[None],
        }
        put(index, passages)
        expected = best_cosines(passages, EAST)
        assert score(index, EAST, ["far", "greedy"]) == pytest.approx(expected, abs=TOLERANCE)

    def test_score_of_nothing(self, index: VectorIndex) -> None:
        """No ids, or only unknown ones, give no scores."""
        put(index, {"a": EAST[None]})
        assert score(index, EAST, []) == {}
        assert score(index, EAST, ["unknown"]) == {}

    # --- changes ---

    def test_an_empty_index(self, index: VectorIndex) -> None:
        """An index without documents answers with nothing."""
        assert search(index, EAST) == Ranking("vector")
        assert index.vectors(["a"]) == {}
        assert held(index) == []
        assert index.count() == 0
        assert index.apply([], {}) == []

    def test_vectors_come_back(self, index: VectorIndex) -> None:
        """The passages' vectors in their order; unknown ids are left out."""
        passages = {"many": random_rows(1, 1_203, DIMENSION), "one": random_rows(2, 1, DIMENSION)}
        put(index, passages)
        found = index.vectors(["one", "many", "unknown"])
        assert found.keys() == passages.keys()
        for name, rows in passages.items():
            assert found[name].dtype == np.float32
            np.testing.assert_allclose(found[name], rows, atol=1e-6)
        assert index.vectors([]) == {}
        assert index.count() == 1_204

    def test_an_update_leaves_no_stale_passage(self, index: VectorIndex) -> None:
        """Fewer, more, or other passages: only the new ones are held and found."""
        put(index, {"a": random_rows(1, 5, DIMENSION), "b": NORTH[None]})
        for sequence, count in enumerate((2, 4, 1), start=3):
            rows = random_rows(40 + count, count, DIMENSION)
            put(index, {"a": rows}, sequence)
            np.testing.assert_allclose(index.vectors(["a"])["a"], rows, atol=1e-6)
            assert held(index) == [
                VectorVersion("a", sequence, count, count),
                VectorVersion("b", 2, 1, 1),
            ]
            expected = best_cosines({"a": rows, "b": NORTH[None]}, EAST)
            assert search(index, EAST).scores() == pytest.approx(expected, abs=TOLERANCE)

    def test_versions_count_passages(self, index: VectorIndex) -> None:
        """Each document once, with its sequence and its passages, also beyond one page."""
        passages = some_passages(11, documents=400)
        put(index, passages)
        assert held(index) == [
            VectorVersion(name, sequence, len(rows), len(rows))
            for sequence, (name, rows) in enumerate(passages.items(), start=1)
        ]
        assert index.count() == sum(len(rows) for rows in passages.values())

    def test_delete_removes(self, index: VectorIndex) -> None:
        """A deleted document is gone with every passage; deleting an unknown one is no error."""
        put(index, {"a": random_rows(1, 3, DIMENSION), "b": NORTH[None]})
        assert not index.apply([deletion(3, "a"), deletion(4, "unknown")], {})
        assert search(index, EAST).document_ids == ("b",)
        assert index.vectors(["a"]) == {}
        assert index.count() == 1
        put(index, {"a": EAST[None]}, 5)
        assert held(index) == [VectorVersion("a", 5, 1, 1), VectorVersion("b", 2, 1, 1)]

    def test_changes_apply_in_order(self, index: VectorIndex) -> None:
        """Several changes of one document in a batch leave what the last one says."""
        batch = [
            *upserts([document("a", "one"), document("a", "two"), document("b", "one")]),
            deletion(4, "b"),
            deletion(5, "c"),
            *upserts([document("c", "back")], 6),
        ]
        index.apply(batch, {"a": EAST[None], "b": NORTH[None], "c": NORTH[None]})
        assert held(index) == [VectorVersion("a", 2, 1, 1), VectorVersion("c", 6, 1, 1)]

    def test_a_batch_twice_changes_nothing(self, index: VectorIndex) -> None:
        """A batch applied again, as after a crash before the checkpoint, leaves the same."""
        put(index, {"gone": EAST[None], "a": random_rows(1, 4, DIMENSION)})
        passages = {"a": random_rows(2, 2, DIMENSION), "b": random_rows(3, 3, DIMENSION)}
        batch = [*upserts([document("a"), document("b")], 3), deletion(5, "gone")]
        index.apply(batch, passages)
        before = held(index), search(index, EAST)
        index.apply(batch, passages)
        assert (held(index), search(index, EAST)) == before
        assert before[0] == [VectorVersion("a", 3, 2, 2), VectorVersion("b", 4, 3, 3)]

    def test_an_older_batch_read_again_is_harmless(self, index: VectorIndex) -> None:
        """The log keeps newest versions only: re-reading from an old checkpoint leaves them."""
        put(index, dict.fromkeys("abc", EAST[None]))
        newer = [*upserts([document("a", "two")], 4), deletion(5, "b")]
        index.apply(newer, {"a": NORTH[None]})
        reread = [*upserts([document("c", "one")], 3), *newer]
        index.apply(reread, {"a": NORTH[None], "c": EAST[None]})
        assert held(index) == [VectorVersion("a", 4, 1, 1), VectorVersion("c", 3, 1, 1)]

    def test_large_batches(self, index: VectorIndex) -> None:
        """More passages in one batch than an engine takes at once."""
        passages = {f"d{n:03}": random_rows(n, 7, DIMENSION) for n in range(250)}
        put(index, passages)
        assert index.count() == 1_750
        assert_nearest(search(index, EAST, 250), best_cosines(passages, EAST), 250)

    @pytest.mark.parametrize(
        ("rows", "reason"),
        [
            (np.full((2, DIMENSION), np.nan, np.float32), "finite"),
            (np.full((2, DIMENSION), np.inf, np.float32), "finite"),
            (np.vstack([EAST, np.where(EAST > 0, np.nan, 0)]).astype(np.float32), "finite"),
            (np.ones((2, DIMENSION + 1), np.float32), "shape"),
            (np.ones((2, DIMENSION - 1), np.float32), "shape"),
            (np.ones(DIMENSION, np.float32), "shape"),
            (np.empty((0, DIMENSION), np.float32), "nothing to embed"),
            (None, "nothing to embed"),
        ],
        ids=["nan", "infinite", "one nan", "wider", "narrower", "flat", "no passage", "missing"],
    )
    def test_a_bad_vector_is_refused_alone(
        self, index: VectorIndex, rows: FloatMatrix | None, reason: str
    ) -> None:
        """What cannot be stored is refused with its reason, and its old version goes."""
        put(index, {"bad": EAST[None], "kept": EAST[None]})
        changes = upserts([document("first"), document("bad"), document("last")], 3)
        passages = {"first": EAST[None], "last": NORTH[None]}
        refusals = index.apply(changes, passages if rows is None else passages | {"bad": rows})
        assert [refusal.document_id for refusal in refusals] == ["bad"]
        assert reason in refusals[0].reason
        assert [version.document_id for version in held(index)] == ["first", "kept", "last"]
        assert set(search(index, EAST).document_ids) == {"first", "kept", "last"}

    def test_a_bad_attribute_is_refused_alone(self, index: VectorIndex) -> None:
        """A value that does not fit its field is refused with its reason."""
        changes = upserts(
            [document("a", year=1), document("bad", year="x"), document("worse", unheard_of=1)]
        )
        refusals = index.apply(changes, dict.fromkeys(("a", "bad", "worse"), EAST[None]))
        reasons = {refusal.document_id: refusal.reason for refusal in refusals}
        assert reasons.keys() == {"bad", "worse"}
        assert "year" in reasons["bad"]
        assert "unheard_of" in reasons["worse"]
        assert [version.document_id for version in held(index)] == ["a"]

    # --- life ---

    def test_reopening_keeps_everything(self, store: VectorStore, tmp_path: Path) -> None:
        """What was applied is there after closing, from a store of its own, and can go on."""
        index = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        passages = some_passages(5, documents=30)
        put(index, passages, listed=True)
        index.apply([deletion(31, "d000")], {})
        before = held(index), search(index, EAST)
        index.close()
        again = self.make_store(tmp_path)
        assert again.identity(NAME) == IDENTITY
        reopened = again.open(NAME, SCHEMA, DIMENSION)
        assert (held(reopened), search(reopened, EAST)) == before
        listed = filters(SCHEMA, {"listed": True})
        assert search(reopened, EAST, filters=listed) == before[1]
        put(reopened, {"new": EAST[None]}, 32)
        assert search(reopened, EAST, 1).document_ids == ("new",)
        reopened.close()

    def test_create_replaces_and_drop_removes(self, store: VectorStore) -> None:
        """A created index is empty and has the new identity; a dropped one has none."""
        assert store.identity(NAME) is None
        index = store.create(NAME, IDENTITY, SCHEMA, DIMENSION)
        put(index, {"a": EAST[None]})
        index.close()
        fresh = store.create(NAME, "another", SCHEMA, DIMENSION)
        assert store.identity(NAME) == "another"
        assert held(fresh) == []
        fresh.close()
        store.drop(NAME)
        assert store.identity(NAME) is None
        store.drop(NAME)

    def test_opening_what_is_not_there(self, store: VectorStore) -> None:
        """Opening a missing index is an ``EngineError`` that names it and what to do."""
        with pytest.raises(EngineError, match="missing") as raised:
            store.open("missing", SCHEMA, DIMENSION)
        assert raised.value.hint

    def test_searching_while_applying(self, index: VectorIndex) -> None:
        """Searches beside a writer never fail, and an updated document never vanishes."""
        names = [f"d{number:02}" for number in range(20)]
        put(index, {name: random_rows(1, 3, DIMENSION) for name in names})
        faults: list[BaseException] = []
        answers = 0
        finished = threading.Event()

        def read() -> None:
            nonlocal answers
            try:
                while not finished.is_set():
                    found = search(index, EAST).document_ids
                    if sorted(found) != names:
                        faults.append(AssertionError(f"found {found}"))
                    answers += 1
            except BaseException as error:
                faults.append(error)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(1, 15):
            rows = {name: random_rows(number, 1 + number % 4, DIMENSION) for name in names}
            put(index, rows, 1 + 20 * number)
        finished.set()
        for reader in readers:
            reader.join()
        assert not faults, faults[:3]
        assert answers

    # --- filters ---

    @example(data={"open": True})
    @example(data={"open": False})
    @example(data={"not": {"open": True}})
    @example(data={"seen_at": {"gt": "2300-07-01T12:00:00.000001+00:00"}})
    @example(data={"seen_at": {"gt": "9999-12-31T23:59:59.999998+00:00"}})
    @given(data=oracle.filter_data())
    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_filters_mean_what_the_oracle_says(
        self, filtered: VectorIndex, data: dict[str, Any]
    ) -> None:
        """Any filter leaves exactly the documents that plain Python leaves."""
        expected = oracle.matching_ids(oracle.sample_documents(300, seed=3), data)
        typed = filters(oracle.SCHEMA, data)
        assert set(search(filtered, EAST, 1_000, filters=typed).document_ids) == expected

    def test_a_filter_on_a_boolean_fails_closed(self, index: VectorIndex) -> None:
        """What may not be listed is never found, however the filter says so."""
        put(index, {"public": NORTH[None]}, 1, listed=True)
        put(index, {"secret": EAST[None]}, 2, listed=False)
        put(index, {"unmarked": EAST[None]}, 3)
        for data in ({"listed": True}, {"not": {"not": {"listed": [True]}}}):
            ranking = search(index, EAST, filters=filters(SCHEMA, data))
            assert ranking.document_ids == ("public",)
        kept = search(index, EAST, filters=filters(SCHEMA, {"not": {"listed": False}}))
        assert set(kept.document_ids) == {"public", "unmarked"}

    def test_a_selective_filter_loses_nothing(self, index: VectorIndex) -> None:
        """Over 12,000 vectors in tight clusters, a narrow filter returns all that match it."""
        total, every = 12_000, 100
        generator = np.random.default_rng(17)
        centres = random_rows(4, 60, DIMENSION)
        noise = 0.05 * generator.normal(size=(total, DIMENSION))
        rows = unit_rows(centres[generator.integers(0, 60, total)] + noise)
        names = [f"d{number:05}" for number in range(total)]
        changes = upserts(
            document(name, genre=f"g{number % every}") for number, name in enumerate(names)
        )
        for start in range(0, total, 2_000):
            part = range(start, start + 2_000)
            passages = {names[number]: rows[number : number + 1] for number in part}
            assert not index.apply(changes[start : start + 2_000], passages)
        for number in (0, 41):
            wanted = {names[at]: rows[at : at + 1] for at in range(number, total, every)}
            typed = filters(SCHEMA, {"genre": f"g{number}"})
            for vector in centres[:3]:
                cosines = best_cosines(wanted, vector)
                assert set(search(index, vector, 200, filters=typed).document_ids) == set(wanted)
                assert_nearest(search(index, vector, 20, filters=typed), cosines, 20)
