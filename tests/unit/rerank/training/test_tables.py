"""Fitted tables find what was planted: taste, neighbours, creators."""

from collections.abc import Mapping
from random import Random

import numpy as np
import pytest

from rerank.facts import Facts
from rerank.tables import Tables
from rerank.training.kernels import KernelOptions, factors_of, kernels_of, met_by, neighbours_of
from rerank.training.opinions import opinions_of
from rerank.training.tables import PRIOR_VALUE, fit_tables
from tandem.behaviour import Deed

SMALL = KernelOptions(factors=4, neighbours=3)
KINDS = ("space", "love")


def planted(action: str = "rating", people: int = 60) -> list[Deed]:
    """Half of the people like d0 to d9, the others d10 to d19; each meets a few of both, and mostly
    what they like.
    """
    random = Random(0)
    deeds: list[Deed] = []
    for person in range(people):
        likes = person % 2
        for _ in range(8):
            kind = likes if random.random() < 0.75 else 1 - likes
            name = f"d{10 * kind + random.randrange(10)}"
            value = (4.5 if kind == likes else 1.5) if action == "rating" else None
            if action == "rating" or kind == likes:
                deeds.append(Deed(len(deeds) + 1, action, name, 0.0, value, f"u{person}"))
    return deeds


def facts_of_all() -> Mapping[str, Facts]:
    """Content that goes with the kinds."""
    found = {}
    for number in range(20):
        kind = number // 10
        vector = np.array([1.0 - kind, kind, 0.1 * (number % 3)], np.float32)
        found[f"d{number}"] = Facts(
            f"d{number}",
            {"genres": (KINDS[kind], "film"), "maker": (f"m{number}",)},
            {"year": 1980.0 + 20 * kind + number % 10},
            vector=vector / np.linalg.norm(vector),
        )
    return found


def alikeness(tables: Tables) -> tuple[float, float]:
    """The mean inner product of factors of documents of one kind, and of two."""
    kinds = np.array([int(name[1:]) // 10 for name in tables.document_ids])
    inner = tables.factors @ tables.factors.T
    same = kinds[:, None] == kinds
    np.fill_diagonal(inner, np.nan)
    return float(np.nanmean(inner[same])), float(np.nanmean(inner[~same]))


def test_without_deeds_there_is_nothing() -> None:
    """A new collection."""
    assert fit_tables([], {}).to_npz() == b""


def test_one_deed_is_enough() -> None:
    """Smaller than every number asked for."""
    tables = fit_tables([Deed(1, "click", "a", 0.0, user_id="u")], {})
    assert tables.document_ids == ("a",)
    assert tables.factors.shape == (1, 1)
    assert tables.neighbours.tolist() == [[-1] * KernelOptions().neighbours]
    assert tables.fault() is None


@pytest.mark.parametrize("action", ["rating", "click"])
@pytest.mark.parametrize("facts", [{}, facts_of_all()], ids=["no content", "content"])
def test_documents_of_one_kind_come_together(action: str, facts: Mapping[str, Facts]) -> None:
    """By who met them alone, and with their content; out of clicks as out of ratings."""
    tables = fit_tables(planted(action), facts, SMALL)
    same, other = alikeness(tables)
    assert same > other + 0.01
    assert tables.fault() is None
    assert np.isnan(tables.usual) == (action == "click")
    closest = [tables.document_ids[row] for row in tables.neighbours[:, 0]]
    kept = [name[1:].zfill(2)[0] for name in closest]
    own = [name[1:].zfill(2)[0] for name in tables.document_ids]
    assert np.mean([a == b for a, b in zip(kept, own, strict=True)]) > 0.8


def test_the_same_deeds_give_the_same_bytes() -> None:
    """Whatever else the process drew meanwhile."""
    first = fit_tables(planted(), facts_of_all(), SMALL).to_npz()
    np.random.default_rng().random(10)
    assert fit_tables(planted(), facts_of_all(), SMALL).to_npz() == first


def test_factors_are_those_of_the_sum() -> None:
    """With as many factors as documents the kernels' sum comes back."""
    said = opinions_of(planted())
    known = [facts_of_all()[name] for name in said.document_ids]
    kernels = kernels_of(said, met_by(said), known, {"year": 5.0}, SMALL)
    total = sum(weight * (matrix @ matrix.T).astype(float) for weight, matrix in kernels)
    factors = factors_of(kernels, KernelOptions(factors=20)).astype(np.float64)
    assert np.allclose(factors @ factors.T, total, atol=1e-5)


def test_neighbours_are_the_closest_in_order() -> None:
    """As sorting all of them gives."""
    met = met_by(opinions_of(planted()))
    neighbours, closeness = neighbours_of(met, 3)
    everything = (met @ met.T).toarray()
    np.fill_diagonal(everything, 0.0)
    for row in range(len(neighbours)):
        best = np.argsort(-everything[row], kind="stable")[:3]
        assert neighbours[row].tolist() == best.tolist()
        assert closeness[row] == pytest.approx(everything[row][best])


def test_values_have_what_their_documents_were_rated() -> None:
    """Of one creator's one document, in the eyes of those who rated it; shrunk."""
    deeds = [
        Deed(1, "rating", "d0", 0.0, 5.0, "u"),
        Deed(2, "rating", "d1", 0.0, 3.0, "u"),
        Deed(3, "click", "d2", 0.0, None, "u"),
    ]
    tables = fit_tables(deeds, facts_of_all(), SMALL)
    maker = tables.values["maker"]
    assert maker.values == ("m0", "m1")  # a click is no opinion
    assert maker.counts.tolist() == [1.0, 1.0]
    assert maker.residuals.tolist() == pytest.approx(
        [1 / (1 + PRIOR_VALUE), -1 / (1 + PRIOR_VALUE)]
    )
    assert tables.values["genres"].counts.tolist() == [2.0, 2.0]
    assert tables.widths["year"] == pytest.approx(0.5 * np.std([1980, 1981, 1982]))


def test_documents_without_content_stand_among_the_others() -> None:
    """Some have no vector, no number, no keyword: nothing becomes NaN."""
    facts = {name: item for name, item in facts_of_all().items() if int(name[1:]) % 2}
    facts["d1"] = Facts("d1")
    tables = fit_tables(planted(), facts, SMALL)
    assert len(tables.document_ids) == 20
    assert tables.fault() is None


def test_who_met_everything_counts_for_the_last() -> None:
    """A crawler makes no more pairs than anybody may: those of what it met last."""
    crawled = [
        Deed(number, "click", f"d{number % 9}", 0.0, user_id="crawler") for number in range(9)
    ]
    other = [
        Deed(number, "click", name, 0.0, user_id="u") for number, name in ((20, "d1"), (21, "d8"))
    ]
    met = met_by(opinions_of([*crawled[:5], *other, *crawled[5:]]), 3).toarray() > 0
    assert [row for row in range(9) if met[row, 0]] == [6, 7, 8]
    assert [row for row in range(9) if met[row, 1]] == [1, 8]


def test_tables_cap_what_one_person_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours are of the last documents alone; factors see all."""
    monkeypatch.setattr("rerank.training.tables.MOST_MET", 3)
    deeds = [Deed(number, "click", f"d{number}", 0.0, user_id="u") for number in range(9)]
    tables = fit_tables(deeds, {}, SMALL)
    assert [bool((row >= 0).any()) for row in tables.neighbours] == [False] * 6 + [True] * 3
    assert len(tables.factors) == 9
