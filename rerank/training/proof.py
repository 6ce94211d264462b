"""How good a model is on groups that nobody learned from, beside what it has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rerank.manifest import Measured, Proof
from rerank.training.baselines import baselines
from rerank.training.bias import Clicks, Examination, each_click
from rerank.training.groups import TrainingSet
from rerank.training.measuring import Measuring
from rerank.training.splits import person
from tandem.intervals import Estimate, estimate

Floats = npt.NDArray[np.float64]

ByModel = Mapping[str, Mapping[str, Floats]]
"""Model -> measure -> (groups,)."""

MODEL = "model"

FEW_DEEDS = 5
"""Who did less, or what less was done with, is hardly known."""

NEWEST = "later than all that was learned from"
NOTHING = "people of whom nothing is known"
COLD_PEOPLE = f"people with fewer than {FEW_DEEDS} deeds"
WARM_PEOPLE = f"people with {FEW_DEEDS} deeds or more"
COLD_DOCUMENTS = f"a best document with fewer than {FEW_DEEDS} deeds"

PERSON_COUNT = "person_count"
DOCUMENT_COUNTS = ("rated", "chosen")
"""Features that count what a person did, and what was done with a document."""


@dataclass(frozen=True)
class Prover:
    """Measures on held-out groups. Where clicks are the labels, ``examined`` says how places are
    looked at: each click is then measured by itself and counts as ``bias.each_click`` has it, and
    AUC is left out, which would count them as if every place were looked at. For it, a document is
    good from the grade ``good`` on. ``newest``: all that was learned from is older.
    """

    test: TrainingSet
    examined: Examination | None = None
    good: int = 1
    seed: int = 0
    newest: float | None = None

    def prove(self, scores: Mapping[str, Floats], live: int | None = None) -> Proof:
        """Of models by name, one being ``model``, and of the baselines; ``scores`` is (documents,)
        each.
        """
        simple = baselines(self.test)
        measured = {name: self._measured(line.scores) for name, line in simple.items()}
        measured |= {name: self._measured(found) for name, found in scores.items()}
        everywhere = np.ones(len(self._measurable), dtype=bool)
        slices = {name: where for name, where in self._slices().items() if where.any()}
        return Proof(
            groups=len(self.test),
            users=len({*self._people}),
            models=self._estimates(measured, everywhere),
            lifts=self._estimates(_above(measured), everywhere),
            slices={name: self._estimates(measured, where) for name, where in slices.items()},
            slice_groups={name: self._count(where) for name, where in slices.items()},
            untrained=simple["untrained"].by,
            live=live,
        )

    @cached_property
    def _clicks(self) -> Clicks | None:
        return None if self.examined is None else each_click(self.test, self.examined)

    @property
    def _measurable(self) -> TrainingSet:
        """The groups, or one for each click."""
        return self.test if self._clicks is None else self._clicks.data

    @cached_property
    def _people(self) -> list[str]:
        return [person(group) for group in self._measurable.groups]

    def _count(self, where: npt.NDArray[np.bool_]) -> int:
        """Of the groups themselves, however many clicks are in them."""
        return len({self._measurable.groups[place].group_id for place in np.flatnonzero(where)})

    def _measured(self, scores: Floats | None) -> dict[str, Floats]:
        """Measure -> (groups,); of an order by lot for ``None``."""
        measuring = Measuring(self._measurable)
        if scores is not None and self._clicks is not None:
            scores = scores[self._clicks.places]
        ndcg = measuring.expected_ndcg() if scores is None else measuring.ndcg(scores)
        found = {f"nDCG@{measuring.depth}": ndcg}
        if self.examined is None:
            tied = np.zeros(len(self.test.grades))  # a tie counts half, as an order by lot does
            found["AUC"] = measuring.auc(tied if scores is None else scores, self.good)
        return found

    def _estimates(self, measured: ByModel, where: npt.NDArray[np.bool_]) -> dict[str, Measured]:
        found = {
            name: {
                measure: self._estimate(values, where)
                for measure, values in measures.items()
                if np.isfinite(values[where]).any()
            }
            for name, measures in measured.items()
        }
        return {name: measures for name, measures in found.items() if measures}

    def _estimate(self, values: Floats, where: npt.NDArray[np.bool_]) -> Estimate:
        kept = np.flatnonzero(where & np.isfinite(values))
        people = [self._people[place] for place in kept]
        weights = None if self._clicks is None else self._clicks.weights[kept]
        return estimate(values[kept], people, weights=weights, seed=self.seed)

    def _slices(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Slice -> which groups are in it."""
        found: dict[str, npt.NDArray[np.bool_]] = {}
        groups = self._measurable.groups
        if self.newest is not None:
            found[NEWEST] = np.array([group.seconds >= self.newest for group in groups])
        done = self._counts((PERSON_COUNT,))
        if done is not None:
            own = np.array([rows[0] for rows in done])
            found[NOTHING] = ~np.isfinite(own)
            found[COLD_PEOPLE] = own < FEW_DEEDS
            found[WARM_PEOPLE] = own >= FEW_DEEDS
        done = self._counts(DOCUMENT_COUNTS)
        if done is not None:
            found[COLD_DOCUMENTS] = np.array(
                [
                    bool((rows[group.grades == group.grades.max()] < FEW_DEEDS).any())
                    for rows, group in zip(done, groups, strict=True)
                ]
            )
        return found

    def _counts(self, names: tuple[str, ...]) -> list[Floats] | None:
        """The sum of counting features, by group; ``None`` where there is none of them."""
        columns = [self.test.names.index(name) for name in names if name in self.test.names]
        if not columns:
            return None
        return [
            group.values[:, columns].astype(np.float64).sum(axis=1)
            for group in self._measurable.groups
        ]


def _above(measured: ByModel) -> ByModel:
    """What the model is above each of the others, group by group."""
    own = measured[MODEL]
    return {
        name: {measure: own[measure] - values for measure, values in measures.items()}
        for name, measures in measured.items()
        if name != MODEL
    }
