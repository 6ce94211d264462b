"""Training never opens the test judgments."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from benchmarks.judged import compared, cross_validated, ordered, to_learn
from rerank.training.judged import LINEAR
from tandem.errors import SourceError
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Ranking, SearchResult
from tandem.schema import Schema

DOCUMENTS = tuple("abcdef")
LIFTING = LINEAR[3]


class Taught:
    """A ``Searcher`` whose untrained order is the alphabet's; one feature knows what is useful."""

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``."""
        useful = int(query.text)
        values = np.zeros((len(DOCUMENTS), len(LINEAR)), dtype=np.float32)
        values[:, 0] = np.linspace(1, 0.5, len(DOCUMENTS))
        values[useful, LINEAR.index(LIFTING)] = 1.0
        page = Ranking.from_scores("hybrid", zip(DOCUMENTS, values[:, 0].tolist(), strict=True))
        features = FeatureMatrix(LINEAR, DOCUMENTS, values)
        return SearchResult(query, page, {}, "hybrid", 1, features=features)


def folder_of(folder: Path, count: int) -> Path:
    """A BEIR folder with queries of both splits."""
    (folder / "qrels").mkdir()
    texts = {
        f"{split}-{place}": str(place % 6) for split in ("train", "test") for place in range(count)
    }
    lines = [orjson.dumps({"_id": name, "text": text}) for name, text in texts.items()]
    (folder / "queries.jsonl").write_bytes(b"\n".join(lines))
    for split in ("train", "test"):
        rows = [f"{name}\t{DOCUMENTS[int(texts[name])]}\t1" for name in texts if split in name]
        content = "\n".join(["query-id\tcorpus-id\tscore", *rows])
        (folder / "qrels" / f"{split}.tsv").write_text(content, encoding="utf-8")
    return folder


def test_only_train_judgments_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learned from is the train split, and no other file of judgments is touched."""
    folder = folder_of(tmp_path, 12)
    opened: list[str] = []

    def noting(really_open: Callable[..., Any]) -> Callable[..., Any]:
        def note(file: Any, *rest: Any, **named: Any) -> Any:
            opened.append(Path(file).name)
            return really_open(file, *rest, **named)

        return note

    for name in ("open", "FileIO"):
        monkeypatch.setattr(io, name, noting(getattr(io, name)))
    queries, data = to_learn(folder, Taught())
    assert sorted(opened) == ["queries.jsonl", "train.tsv"]
    assert all(name.startswith("train-") for name in queries.qrels)
    assert [group.group_id for group in data.groups] == list(queries.qrels)


def test_nor_is_their_absence_noticed(tmp_path: Path) -> None:
    """Training works without them; without train judgments there is no training."""
    folder = folder_of(tmp_path, 12)
    (folder / "qrels" / "test.tsv").unlink()
    assert len(to_learn(folder, Taught())[1]) == 12
    (folder / "qrels" / "train.tsv").unlink()
    with pytest.raises(SourceError, match=r"train\.tsv"):
        to_learn(folder, Taught())


def test_cross_validation_finds_what_lifts(tmp_path: Path) -> None:
    """Each query is measured by a model that learned from others."""
    queries, data = to_learn(folder_of(tmp_path, 60), Taught())
    found = cross_validated(data, Schema(), queries.qrels)
    # useful at ranks 1 to 6 in turn: the mean of 1 / log2(rank + 1)
    expected = float(np.mean(1 / np.log2(np.arange(2, 8))))
    assert found["untrained"] == pytest.approx(expected, abs=1e-4)
    assert found["learned"] == 1.0
    assert found["lift"][1] > 0


def test_a_query_that_finds_nothing_of_use_counts() -> None:
    """It has no group, and is 0 in both orders."""
    qrels = {"1": {"a": 1}, "2": {"z": 1}}
    first, second = ({"1": Ranking.from_scores("x", [("a", s), ("b", 1.0)])} for s in (0.0, 2.0))
    found = compared(qrels, first, second)
    assert (found["untrained"], found["learned"]) == (pytest.approx(0.3155, abs=1e-4), 0.5)


def test_an_order_by_scores(tmp_path: Path) -> None:
    """Group by group."""
    _, data = to_learn(folder_of(tmp_path, 2), Taught())
    made = ordered(data, np.arange(12, dtype=np.float64))
    assert {name: ranking.document_ids[0] for name, ranking in made.items()} == {
        "train-0": "f",
        "train-1": "f",
    }
