"""Groups out of clicks, grades and judgments, over real indexes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import House
from api.training_data import (
    MINIMUM,
    TEST_SPLIT,
    Ground,
    from_grades,
    from_judgments,
    telling,
)
from api.training_history import named_field
from api.training_tables import positions_at
from indexer.indexing import catch_up
from indexer.reindexing import Interrupted
from rerank.facts import Facts
from rerank.training.clicks import Worth
from rerank.training.splits import HISTORY
from tandem.behaviour import Deed
from tandem.errors import InputError
from tandem.events import Event
from tests.behaviour_log import MemoryBehaviour
from tests.owned_house import NAME

AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def told() -> list[tuple[int, int]]:
    """How far the reading was, each time."""
    return []


@pytest.fixture
def ground(house: House, told: list[tuple[int, int]]) -> Iterator[Ground]:
    """The twenty documents, indexed."""
    collection = house.collection(NAME)
    catch_up(collection.live.followers)
    with collection.held() as (release, opened):
        yield Ground(collection, release, opened, lambda done, count: told.append((done, count)))


def graded(path: Path, count: int) -> Path:
    """Answers of the train split with two documents each, and one of another."""
    candidates = [{"document_id": "d1", "grade": 0}, {"document_id": "d9", "grade": 2}]
    lines = [
        {
            "query_id": f"g{number}",
            "user_id": "u1",
            "query": "text",
            "timestamp": (AT + timedelta(minutes=number)).timestamp(),
            "split": "train" if number < count else "test",
            "candidates": candidates,
        }
        for number in range(count + 1)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("as_of_end", [False, True])
def test_groups_of_grades(house: House, ground: Ground, tmp_path: Path, as_of_end: bool) -> None:
    """As of each answer's moment: what comes later is not seen, unless that is asked for."""
    path = graded(tmp_path / "g.jsonl", MINIMUM)
    moment = AT + timedelta(minutes=MINIMUM // 2)
    rating = Event("e", "rating", moment, "d9", "u1", value=5.0)
    house.catalog.events.append(NAME, "t", [rating])
    found = from_grades(ground, path, Worth(), as_of_end=as_of_end)
    assert len(found.data) == MINIMUM
    assert found.left_out[TEST_SPLIT] == 1
    assert {group.origin for group in found.data.groups} == {"grades"}
    assert all(group.positions is None for group in found.data.groups)
    groups = {group.group_id: group for group in found.data.groups}
    assert groups["g0"].document_ids == ("d1", "d9")
    assert groups["g0"].grades.tolist() == [0, 2]
    early, late = (groups[name].values.tobytes() for name in ("g0", f"g{MINIMUM - 1}"))
    assert early != late or as_of_end


def test_too_few_grades(ground: Ground, tmp_path: Path) -> None:
    """Those of other splits do not count."""
    with pytest.raises(InputError, match="49 graded answers to train on, at least 50"):
        from_grades(ground, graded(tmp_path / "g.jsonl", MINIMUM - 1), Worth(), as_of_end=False)


def test_groups_of_judgments(ground: Ground, told: list[tuple[int, int]], tmp_path: Path) -> None:
    """Of the train split alone: the others are not even opened."""
    (tmp_path / "qrels").mkdir()
    numbers = range(1, 6)
    queries = "".join(json.dumps({"_id": f"q{n}", "text": f"mark{n} text"}) + "\n" for n in numbers)
    (tmp_path / "queries.jsonl").write_text(queries)
    rows = "".join(f"q{n}\td{n}\t1\n" for n in numbers)
    (tmp_path / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows)
    found = from_judgments(ground, tmp_path)
    assert len(found.data) == 5
    assert found.data.names == ground.names
    assert {group.origin for group in found.data.groups} == {"judgments"}
    group = found.data.groups[0]
    assert group.grades[group.document_ids.index("d1")] == 1
    assert told[-1] == (4, 5)


def test_positions_of_moments() -> None:
    """Nothing that happened then or later is before them, though the log is not in order."""
    seconds = [10.0, 20.0, 15.0, 30.0]
    log = MemoryBehaviour()
    log.rows_held += [
        Deed(number, "click", "d", moment) for number, moment in enumerate(seconds, start=3)
    ]
    assert positions_at(log, [5.0, 10.0, 10.5, 20.0, 25.0, 99.0]) == [0, 0, 3, 3, 5, 6]


def test_reading_can_be_stopped() -> None:
    """It tells how far it is until then."""
    shown_then: list[Any] = []
    is_stopping = False
    tell = telling(shown_then.append, lambda: is_stopping)
    tell(1, 9)
    assert shown_then == [{"stage": "reading", "done": 1, "count": 9}]
    is_stopping = True
    with pytest.raises(Interrupted, match="before a model was trained"):
        tell(2, 9)


def test_ratings_of_the_past_make_more_groups(house: House, ground: Ground, tmp_path: Path) -> None:
    """Of who rated enough: the last ones, of which nothing is in what the model sees."""
    ratings = [
        Event(
            f"r{number}",
            "rating",
            AT + timedelta(seconds=number),
            f"d{number + 1}",
            "u1",
            value=2.0 + number % 4,
        )
        for number in range(20)
    ]
    house.catalog.events.append(NAME, "t", ratings)
    found = from_grades(ground, graded(tmp_path / "g.jsonl", MINIMUM), Worth(), as_of_end=True)
    (group,) = [item for item in found.data.groups if item.origin == HISTORY]
    assert (group.group_id, group.user_id) == ("history of u1", "u1")
    assert group.document_ids == tuple(sorted(f"d{number}" for number in range(15, 21)))
    assert group.grades.tolist() == [2, 3, 0, 1, 2, 3]
    assert len(found.data) == MINIMUM + 1


def test_history_is_asked_as_people_ask() -> None:
    """By the field that most of their queries name a value of; where they name none, by none."""
    known = {
        "a": Facts("a", {"genres": ("Science Fiction", "Drama"), "maker": ("Pixar",)}),
        "b": Facts("b", {"maker": ("Action",)}),
        "c": Facts("c"),
    }
    assert named_field(known, ["drama movies", "a science fiction", "PIXAR"]) == "genres"
    assert named_field(known, ["pixar", "some action", "drama"]) == "maker"
    assert named_field(known, ["dramatic", "science", "drama"]) is None
    assert named_field(known, []) is named_field({}, ["drama"]) is None
