"""Whether ``tandem eval compare`` can be believed: ``python -m benchmarks.statistics [--json]``.

Simulated engines answer simulated queries, and each comparison goes through the whole command: TREC
files are written, read, measured, tested and told. Two engines that are equally good are compared
1,000 times: how often is a difference believed that is none? Then one is better, by so much as the
command says that so many queries find in 80 % of all cases: how often is it found? And how often
does the interval hold the true difference?
"""

import contextlib
import io
import tempfile
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from api.app import invoke
from benchmarks.common import leave_with, parser, show
from relevance_eval.measures import measure_queries
from relevance_eval.power import POWER, needed
from tandem.judgments import Qrels
from tandem.rankings import Hit, Ranking

MEASURE = "nDCG@10"
DOCUMENTS = 30
LISTED = 15
POPULATION = 20_000
"""So many queries say what is true."""

EQUAL = 0.6
BETTER = {"small": 0.45, "medium": 0.3, "large": 0.0}
"""How much luck an engine has of its own; less is better."""

Floats = npt.NDArray[np.float64]


class Population(NamedTuple):
    """Queries and what both engines answer: grades are (queries, documents), lists name documents
    by their place.
    """

    grades: npt.NDArray[np.int64]
    lists: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def population(queries: int, noises: tuple[float, float], seed: int) -> Population:
    """Engines that see each document's grade through luck of their own, added to some that both
    share, as two versions of one engine do. With equal noises neither is better.
    """
    random = np.random.default_rng(seed)
    share = random.beta(1, 6, (queries, 1))
    grades = (random.random((queries, DOCUMENTS)) < share) * random.integers(
        1, 4, (queries, DOCUMENTS)
    )
    shared = grades + random.normal(0, 1.0, grades.shape)
    first, second = (
        np.argsort(-(shared + random.normal(0, noise, grades.shape)), axis=1)[:, :LISTED]
        for noise in noises
    )
    return Population(grades, (first, second))


def truth(everything: Population) -> tuple[float, float]:
    """The mean difference of the measure over the whole population, and its spread."""
    qrels: Qrels = {
        str(row): {str(place): int(grade) for place, grade in enumerate(grades)}
        for row, grades in enumerate(everything.grades)
    }
    values = []
    for lists in everything.lists:
        run = {
            str(row): Ranking(
                "r", tuple(Hit(str(at), rank, -rank) for rank, at in enumerate(places, start=1))
            )
            for row, places in enumerate(lists)
        }
        by_query = measure_queries(qrels, run, [MEASURE])[MEASURE]
        values.append(np.array([by_query[str(row)] for row in range(len(lists))]))
    differences = values[1] - values[0]
    return float(differences.mean()), float(differences.std(ddof=1))


def compared(sample: Population, folder: Path, seed: int) -> dict[str, Any]:
    """What the command says of two runs by the primary measure."""
    judgments, *runs = (folder / name for name in ("judgments.txt", "first.run", "second.run"))
    judgments.write_text(
        "".join(
            f"q{row} 0 d{place} {grade}\n"
            for row, grades in enumerate(sample.grades)
            for place, grade in enumerate(grades)
        ),
        "utf-8",
    )
    for path, lists in zip(runs, sample.lists, strict=True):
        path.write_text(
            "".join(
                f"q{row} Q0 d{place} {rank} {LISTED - rank} {path.stem}\n"
                for row, places in enumerate(lists)
                for rank, place in enumerate(places, start=1)
            ),
            "utf-8",
        )
    said = io.StringIO()
    options = ["-m", MEASURE, "--seed", str(seed), "--json"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        invoke(["eval", "compare", str(judgments), *map(str, runs), *options])
    found: dict[str, Any] = orjson.loads(said.getvalue())["differences"][0]
    return found


def rates(
    noises: tuple[float, float], queries: int, repetitions: int, true_difference: float
) -> dict[str, float]:
    """How often the command believes a difference, and how often its interval holds the truth."""
    believed = held = 0
    with tempfile.TemporaryDirectory() as folder:
        for repetition in range(repetitions):
            found = compared(population(queries, noises, repetition), Path(folder), repetition)
            believed += found["is_believed"]
            estimate = found["estimate"]
            held += estimate["low"] <= true_difference <= estimate["high"]
    return {"believed": believed / repetitions, "interval_holds": held / repetitions}


def figures(repetitions: int, queries: int) -> dict[str, Any]:
    """False alarms of equal engines, and how often known effects are found."""
    alarms = rates((EQUAL, EQUAL), queries, repetitions, 0.0)
    power: dict[str, Any] = {}
    for name, noise in BETTER.items():
        difference, spread = truth(population(POPULATION, (EQUAL, noise), repetitions))
        enough = needed(difference, spread) or 2
        told = rates((EQUAL, noise), enough, max(1, repetitions // 2), difference)
        power[name] = {
            "true_difference": round(difference, 4),
            "queries": enough,
            "stated": POWER,
            "found": told["believed"],
            "interval_holds": told["interval_holds"],
        }
    return {
        "false_alarm_rate": alarms["believed"],
        "false_alarm_error": round(sqrt(0.05 * 0.95 / repetitions), 4),
        "interval_holds": alarms["interval_holds"],
        "comparisons": repetitions,
        "queries": queries,
        "power": power,
    }


def main() -> None:
    """Simulate and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--comparisons", type=int, default=1_000, metavar="N")
    arguments.add_argument("--queries", type=int, default=50, metavar="N")
    chosen = arguments.parse_args()
    show(figures(chosen.comparisons, chosen.queries), as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
