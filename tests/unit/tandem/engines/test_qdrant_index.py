"""How a Qdrant server is asked: exactly or through the graph, and in which order it is written."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from tandem.engines import qdrant_index
from tandem.engines.qdrant_index import QdrantIndex
from tandem.errors import EngineUnavailable
from tests.builders import deletion, document, filters, random_rows, schema_of, upserts
from tests.contracts.qdrant_local import QUIET
from tests.unit.tandem.engines.qdrant_recorder import Recorder

pytestmark = QUIET
SCHEMA = schema_of(genre="keyword")
VECTOR = random_rows(1, 1, 4)[0]
RARE = filters(SCHEMA, {"genre": "rare"})
COMMON = filters(SCHEMA, {"genre": "common"})


@pytest.fixture
def recorder() -> Recorder:
    """A server in memory."""
    return Recorder()


@pytest.fixture
def index(recorder: Recorder) -> Iterator[QdrantIndex]:
    """Forty documents of three passages, one in ten of them rare; nothing recorded yet."""
    opened = recorder.store().create("a", "1", SCHEMA, 4)
    names = [f"d{number:02}" for number in range(40)]
    changes = upserts(
        document(name, genre="common" if number % 10 else "rare")
        for number, name in enumerate(names)
    )
    opened.apply(changes, {name: random_rows(at, 3, 4) for at, name in enumerate(names)})
    recorder.calls.clear()
    yield opened
    opened.close()


def how(recorder: Recorder) -> list[models.SearchParams]:
    """The parameters of every search."""
    return [call.named["search_params"] for call in recorder.named("query_points")]


def search(index: QdrantIndex, limit: int = 5, **named: Any) -> tuple[str, ...]:
    """A search's ids."""
    return index.search(VECTOR, limit=limit, timeout_seconds=10, **named).document_ids


def test_a_small_collection_is_searched_exactly(index: QdrantIndex, recorder: Recorder) -> None:
    """Its size is asked once, filters or not, until something is written."""
    search(index)
    search(index, filters=RARE)
    assert how(recorder) == [models.SearchParams(exact=True)] * 2
    assert [call.named["exact"] for call in recorder.named("count")] == [False]
    index.apply([deletion(90, "d01")], {})
    search(index)
    assert len(recorder.named("count")) == 2


def test_the_size_is_believed_for_a_while(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write too: after ``COUNT_SECONDS`` it is asked again."""
    monkeypatch.setattr(qdrant_index, "COUNT_SECONDS", -1.0)
    search(index)
    search(index)
    assert len(recorder.named("count")) == 2


def test_a_large_collection_is_walked_unless_the_filter_is_narrow(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The estimate of what the filter leaves decides; without filters none is asked for."""
    monkeypatch.setattr(qdrant_index, "EXACT_POINTS", 20)
    search(index)
    assert len(recorder.named("count")) == 1
    search(index, filters=COMMON)
    search(index, filters=RARE)
    walked = models.SearchParams(hnsw_ef=qdrant_index.EF)
    assert how(recorder) == [walked, walked, models.SearchParams(exact=True)]
    filtered = [call for call in recorder.named("count") if call.arguments[1] is not None]
    assert [call.named["exact"] for call in filtered] == [False, False]


def test_a_walk_keeps_at_least_what_is_asked_for(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ef`` below the page would cut it short."""
    monkeypatch.setattr(qdrant_index, "EXACT_POINTS", 20)
    search(index, 400)
    first = recorder.named("query_points")[0].named
    assert (first["limit"], first["search_params"].hnsw_ef) == (1_200, 1_200)


def test_given_documents_are_scored_exactly(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk that never meets them would call them unknown."""
    monkeypatch.setattr(qdrant_index, "EXACT_POINTS", 0)
    assert set(index.score(VECTOR, ["d01", "d02"], timeout_seconds=10)) == {"d01", "d02"}
    assert how(recorder) == [models.SearchParams(exact=True)]


def test_a_walk_that_finds_too_few_is_not_believed(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph may lose most of a filter's answer; then every point is compared."""
    expected = search(index, 30)
    monkeypatch.setattr(qdrant_index, "EXACT_POINTS", 20)

    def lossy(real: Any, *arguments: Any, **named: Any) -> Any:
        answer = real(*arguments, **named)
        kept = None if named["search_params"].exact else 3
        return answer.model_copy(update={"points": answer.points[:kept]})

    recorder.instead["query_points"] = lossy
    assert search(index, 30) == expected


def test_every_request_has_what_is_left_of_the_deadline(
    index: QdrantIndex, recorder: Recorder
) -> None:
    """Rounded up to whole seconds, which is what the server takes."""
    index.search(VECTOR, limit=5, timeout_seconds=2.5)
    assert [call.named["timeout"] for call in recorder.calls] == [3, 3]


def test_new_passages_are_written_before_the_old_ones_go(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches, each waited for; a look for newer ones comes first."""
    monkeypatch.setattr(qdrant_index, "POINTS_PER_UPDATE", 4)
    index.apply(upserts([document("d01"), document("new")], 90), {
        "d01": random_rows(5, 7, 4), "new": random_rows(6, 2, 4)
    })  # fmt: skip
    names = [call.name for call in recorder.calls]
    assert names == ["scroll", "upsert", "upsert", "upsert", "delete"]
    assert [len(call.arguments[1]) for call in recorder.named("upsert")] == [4, 4, 1]
    assert all(call.named["wait"] for call in recorder.named("upsert", "delete"))
    assert [tuple(version) for version in index.versions_of(["d01"])] == [("d01", 90, 7, 7)]


def test_long_vectors_travel_in_smaller_batches(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request has a largest size, whatever the dimension."""
    monkeypatch.setattr(qdrant_index, "NUMBERS_PER_UPDATE", 11)
    index.apply(upserts([document("new")], 90), {"new": random_rows(6, 5, 4)})
    assert [len(call.arguments[1]) for call in recorder.named("upsert")] == [2, 2, 1]


def test_what_another_writer_wrote_meanwhile_stays(index: QdrantIndex, recorder: Recorder) -> None:
    """A newer version that came after the look is not deleted as a stale one."""
    other = recorder.store().open("a", SCHEMA, 4)

    def overtaken(real: Any, *arguments: Any, **named: Any) -> Any:
        recorder.instead.clear()
        other.apply(upserts([document("d01")], 99), {"d01": random_rows(9, 1, 4)})
        return real(*arguments, **named)

    recorder.instead["delete"] = overtaken
    index.apply(upserts([document("d01")], 90), {"d01": random_rows(5, 2, 4)})
    assert ("d01", 99, 1, 1) in [tuple(version) for version in index.versions_of(["d01"])]


@pytest.mark.parametrize("name", ["upsert", "delete"])
@pytest.mark.parametrize(
    "status", [models.UpdateStatus.ACKNOWLEDGED, models.UpdateStatus.WAIT_TIMEOUT]
)
def test_an_unfinished_write_is_not_a_write(
    index: QdrantIndex, recorder: Recorder, name: str, status: models.UpdateStatus
) -> None:
    """A slow server answers 200 before it has applied anything: the batch comes again."""
    recorder.instead[name] = lambda *_, **__: models.UpdateResult(operation_id=1, status=status)
    with pytest.raises(EngineUnavailable, match=f"{name} is {status}, not completed"):
        index.apply(upserts([document("d01")], 90), {"d01": random_rows(5, 2, 4)})


def test_passages_of_two_versions_are_two_rows(index: QdrantIndex, recorder: Recorder) -> None:
    """What an interrupted batch leaves is told as it is."""

    def dies(*_: Any, **__: Any) -> Any:
        raise ConnectionError("gone")

    recorder.instead["delete"] = dies
    with pytest.raises(Exception, match="gone"):
        index.apply(upserts([document("d01")], 90), {"d01": random_rows(5, 1, 4)})
    recorder.instead.clear()
    told = sorted(tuple(version) for version in index.versions_of(["d01"]))
    assert told == [("d01", 2, 2, 3), ("d01", 90, 1, 1)]
    index.apply(upserts([document("d01")], 90), {"d01": random_rows(5, 1, 4)})
    assert [tuple(version) for version in index.versions_of(["d01"])] == [("d01", 90, 1, 1)]


def test_many_documents_are_read_in_portions(
    index: QdrantIndex, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request names more documents, or asks for more points, than the server likes."""
    monkeypatch.setattr(qdrant_index, "DOCUMENTS_PER_SCROLL", 15)
    monkeypatch.setattr(qdrant_index, "POINTS_PER_SCROLL", 20)
    names = [f"d{number:02}" for number in range(40)]
    assert set(index.vectors(names)) == set(names)
    asked = [call.named["scroll_filter"].must[0].match.any for call in recorder.named("scroll")]
    assert [len(ids) for ids in asked] == [15, 15, 15, 15, 15, 15, 10, 10]
    assert np.allclose(index.vectors(["d07"])["d07"], random_rows(7, 3, 4), atol=1e-6)
