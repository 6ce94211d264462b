"""Vectors by text and embedder."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from tandem.catalog import embedding_cache as module
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import reading
from tandem.catalog.embedding_cache import DatabaseEmbeddingCache, text_hash
from tandem.catalog.tables import EMBEDDINGS
from tests.builders import random_rows


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[DatabaseEmbeddingCache]:
    """An empty cache."""
    catalog = Catalog(f"sqlite:///{tmp_path}/d.db", f"sqlite:///{tmp_path}/e.db")
    yield catalog.embeddings
    catalog.close()


def test_vectors_come_back_bit_for_bit(cache: DatabaseEmbeddingCache) -> None:
    """What was put is got, in float32; unknown texts are left out."""
    texts = [f"text {number}" for number in range(1_203)] + ["", "\ud800", "日本"]
    rows = dict(zip(texts, random_rows(1, len(texts), 4), strict=True))
    cache.put("model@1", rows)
    found = cache.get("model@1", [*texts, "unknown"])
    assert found.keys() == rows.keys()
    for text, row in rows.items():
        assert found[text].dtype == np.float32
        np.testing.assert_array_equal(found[text], row)
    assert cache.count() == len(texts)


def test_embedders_are_apart(cache: DatabaseEmbeddingCache) -> None:
    """Vectors under another name are never taken."""
    cache.put("model@1", {"a": random_rows(1, 1, 4)[0]})
    assert cache.get("model@2", ["a"]) == {}
    cache.put("model@2", {"a": random_rows(2, 1, 4)[0]})
    assert cache.count() == 2


def test_a_known_text_is_kept_as_it_is(cache: DatabaseEmbeddingCache) -> None:
    """The first vector stays; putting nothing is nothing."""
    first, second = random_rows(1, 2, 4)
    cache.put("model@1", {"a": first})
    cache.put("model@1", {"a": second, "b": second})
    cache.put("model@1", {})
    np.testing.assert_array_equal(cache.get("model@1", ["a"])["a"], first)
    assert cache.get("model@1", []) == {}
    assert cache.count() == 2


@pytest.mark.parametrize("held", [b"", b"cut", b"cut\0off"])
def test_a_damaged_row_is_no_vector(cache: DatabaseEmbeddingCache, held: bytes) -> None:
    """Its length tells, so that whoever embeds forgets it; the others are given."""
    rows = dict(zip("ab", random_rows(1, 2, 4), strict=True))
    cache.put("model@1", rows)
    damage = EMBEDDINGS.update().where(EMBEDDINGS.c.text_hash == text_hash("a"))
    with cache._engine.begin() as connection:
        connection.execute(damage.values(vector=held))
    found = cache.get("model@1", ["a", "b"])
    assert found["a"].shape == (0,)
    np.testing.assert_array_equal(found["b"], rows["b"])


def test_forgetting(cache: DatabaseEmbeddingCache) -> None:
    """The texts named, of that embedder; what is not known is nothing."""
    texts = [f"text {number}" for number in range(1_203)]
    rows = dict(zip(texts, random_rows(1, len(texts), 4), strict=True))
    cache.put("model@1", rows)
    cache.put("model@2", {"text 1": rows["text 1"]})
    cache.forget("model@1", ["unknown"])
    cache.forget("model@1", [])
    assert cache.count() == 1_204
    cache.forget("model@1", texts[1:])
    assert cache.get("model@1", texts).keys() == {"text 0"}
    assert cache.get("model@2", texts).keys() == {"text 1"}


def test_two_writers_of_the_same_texts(cache: DatabaseEmbeddingCache) -> None:
    """Who comes second finds the text there, and that is no error."""
    rows = random_rows(1, 40, 4)
    together = threading.Barrier(2)
    faults: list[BaseException] = []

    def write() -> None:
        try:
            for number, row in enumerate(rows):
                together.wait(10)
                cache.put("model@1", {f"text {number}": row})
        except BaseException as error:
            faults.append(error)
            together.abort()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert cache.count() == 40


def test_hashes_differ() -> None:
    """16 bytes, for any text."""
    texts = ["", " ", "a", "A", "ä", "a\u0308", "\ud800", "\udfff", "a" * 1_000_000]
    assert len({text_hash(text) for text in texts}) == len(texts)
    assert {len(text_hash(text)) for text in texts} == {16}


# --- forgetting ---


def test_other_embedders_are_forgotten_in_steps(
    cache: DatabaseEmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is taken of those that are named."""
    monkeypatch.setattr(module, "ROWS_PER_STEP", 2)
    for name, count in (("kept@1", 3), ("old@1", 3), ("older@1", 1)):
        rows = random_rows(1, count, 4)
        cache.put(name, {f"text {number}": row for number, row in enumerate(rows)})
    steps = [cache.forget_others({"kept@1", "new@1"}) for _ in range(4)]
    assert steps == [2, 1, 1, 0]
    assert len(cache.get("kept@1", ["text 0", "text 1", "text 2"])) == cache.count() == 3


def test_forgetting_reads_no_more_than_it_forgets(cache: DatabaseEmbeddingCache) -> None:
    """However many vectors there are: no statement goes through all of them, or sorts them."""
    for name in ("kept@1", "old@1"):
        cache.put(name, {"text": random_rows(1, 1, 4)[0]})
    statements: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        statements.append((statement, parameters))

    sa.event.listen(cache._engine, "before_cursor_execute", note)
    assert cache.forget_others({"kept@1"}) == 1
    sa.event.remove(cache._engine, "before_cursor_execute", note)
    with reading(cache._engine) as connection:
        plans = [
            str(row.detail)
            for statement, parameters in statements
            if statement.startswith(("SELECT", "DELETE"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert any("embedder=?" in plan for plan in plans)
    assert not [plan for plan in plans if plan.startswith("SCAN") or "TEMP B-TREE" in plan]


def test_what_was_put_first_goes_first(
    cache: DatabaseEmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the rest fits: the room that it has taken is free for new ones."""
    monkeypatch.setattr(module, "ROWS_PER_STEP", 10)
    texts = [f"text {number}" for number in range(100)]
    for text, row in zip(texts, random_rows(1, 100, 1_024), strict=True):
        cache.put("model@1", {text: row})
    assert cache.shrink(10_000_000) == 0
    gone = sum(iter(lambda: cache.shrink(200_000), 0))
    assert 50 <= gone < 100
    assert cache.get("model@1", texts).keys() == set(texts[gone:])
    assert sum(iter(lambda: cache.shrink(0), 0)) == 100 - gone
    assert cache.count() == 0
