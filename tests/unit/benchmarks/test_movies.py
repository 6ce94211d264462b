"""The movies benchmark keeps its protocol: nothing of a test user's impressions is trained on."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import orjson
import pytest

from benchmarks import movies as benchmark
from benchmarks.movie_data import Graded, HeldFacts, Movies, graded_of, query_of
from benchmarks.movie_groups import as_allowed, features_seen, grade_of, strictly_in_time
from benchmarks.movies import Measured, summary
from rerank.facts import Facts
from rerank.training.groups import TrainingSet
from tandem.behaviour import Deed
from tests.builders import schema_of

SCHEMA = schema_of(genres="keyword", creator="keyword", year="integer")
DATA = Path(__file__).parents[4] / "shared" / "data" / "movies"


def small(seed: int = 0) -> Movies:
    """Twelve people and twenty films; every third person is tested."""
    random = Random(seed)
    names = [f"d{number}" for number in range(20)]
    facts = {
        name: Facts(
            name,
            {"genres": (random.choice("ab"),), "creator": (random.choice("xyz"),)},
            {"year": 1990.0 + number},
            vector=np.array([1.0, 0.0], np.float32),
        )
        for number, name in enumerate(names)
    }
    deeds, graded = [], []
    for person in range(12):
        seen = random.sample(names, 16)
        deeds += [
            (1_000.0 * person + number, name, random.choice([1.0, 3.0, 4.0, 5.0]), f"u{person}")
            for number, name in enumerate(seen[:10])
        ]
        query = query_of(f"q{person}", f"u{person}", 1_000.0 * person + 500)
        grades = {name: random.randrange(4) for name in seen[10:]}
        graded.append(graded_of(query, grades, SCHEMA, "train" if person % 3 else "test"))
    log = tuple(
        Deed(number, "rating", name, seconds, value, user)
        for number, (seconds, name, value, user) in enumerate(sorted(deeds), start=1)
    )
    return Movies(SCHEMA, HeldFacts(facts), log, tuple(graded))


def trained_on(
    movies: Movies,
    seen: Callable[..., TrainingSet],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[TrainingSet, TrainingSet]:
    """What is handed to training, and what is measured."""
    handed: list[tuple[TrainingSet, TrainingSet]] = []

    def keep(training: TrainingSet, test: TrainingSet) -> Measured:
        handed.append((training, test))
        return Measured({}, [])

    monkeypatch.setattr(benchmark, "measured", keep)
    benchmark.tested(movies, seen)
    return handed[0]


@pytest.mark.parametrize("seen", [as_allowed, strictly_in_time])
def test_no_test_users_impression_is_trained_on(
    seen: Callable[..., TrainingSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither as a group, nor in any feature: with other grades of theirs, and other candidates,
    training sees the same to the last bit. What they did before is anybody's to learn from.
    """
    movies = small()
    training, test = trained_on(movies, seen, monkeypatch)
    testers = {item.user_id for item in movies.graded if item.split == "test"}
    impressions = [group for group in training.groups if group.origin == "impressions"]
    assert impressions
    assert {group.user_id for group in test.groups} == testers
    assert not testers & {group.user_id for group in impressions}

    def turned(item: Graded) -> Graded:
        if item.split == "train":
            return item
        names = item.asked.candidates.document_ids[1:]
        grades = {name: 3 - grade for name, grade in zip(names, item.grades[1:], strict=True)}
        return graded_of(item.asked.query, grades, SCHEMA, "test")

    other = replace(movies, graded=tuple(map(turned, movies.graded)))
    again, measured_now = trained_on(other, seen, monkeypatch)
    assert [group.group_id for group in again.groups] == [
        group.group_id for group in training.groups
    ]
    assert np.array_equal(again.values, training.values, equal_nan=True)
    assert np.array_equal(again.grades, training.grades)
    assert len(measured_now.grades) < len(test.grades)


def test_strictly_in_time_nothing_later_is_seen() -> None:
    """What people did afterwards changes no feature of an earlier query."""
    movies = small()
    first = [item for item in movies.graded if item.asked.query.query_id == "q3"]
    cut = first[0].asked.seconds
    later = tuple(
        deed._replace(value=0.5) if deed.seconds >= cut else deed for deed in movies.deeds
    )
    assert later != movies.deeds
    before = strictly_in_time(movies, first).values
    after = strictly_in_time(replace(movies, deeds=later), first).values
    assert np.array_equal(before, after, equal_nan=True)
    allowed = as_allowed(movies, first).values
    assert not np.array_equal(before, allowed, equal_nan=True)


def test_grades_stand_beside_their_documents() -> None:
    """Candidates are put in the order of their ids."""
    item = graded_of(query_of("q", "u", 1.0), {"b": 3, "a": 1}, SCHEMA, "train")
    assert item.asked.candidates.document_ids == ("a", "b")
    assert item.grades.tolist() == [1, 3]
    assert [*map(grade_of, (0.5, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0))] == [0, 0, 1, 1, 2, 3, 3]


def test_no_feature_of_texts_is_among_them() -> None:
    """All candidates have the genre that is asked for; a model has nothing to learn from it."""
    names = {item.name for item in features_seen(small())}
    assert {"expected_rating", "affinity.genres", "closeness.year", "rating"} <= names
    assert not {"lexical_score", "coverage", "query_words"} & names


def test_the_lift_is_paired() -> None:
    """Two users, each better by the same: the lift is sure though the measures are not."""
    ours = {"nDCG@10": np.array([0.9, 0.5]), "AUC": np.array([0.8, np.nan])}
    theirs = {name: values - 0.1 for name, values in ours.items()}
    shown = summary(Measured({"item_mean": theirs, "with_personal": ours}, ["a", "b"]))
    assert shown["with_personal"]["nDCG@10"] == 0.7
    assert shown["with_personal"]["nDCG@10_interval"] == [0.5, 0.9]
    assert shown["with_personal"]["AUC"] == 0.8
    assert shown["lift"]["over_item_mean"]["nDCG@10_interval"] == [0.1, 0.1]


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/movies is not here")
def test_no_user_of_the_collection_is_in_both_splits() -> None:
    """As its README says."""
    users: dict[str, set[str]] = {"train": set(), "test": set()}
    with gzip.open(DATA / "impressions.jsonl.gz", "rb") as lines:
        for line in lines:
            row = orjson.loads(line)
            users[row["split"]].add(row["user_id"])
    assert len(users["train"]) == 299
    assert len(users["test"]) == 180
    assert not users["train"] & users["test"]
