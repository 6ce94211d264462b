"""Training sets whose truth is known: what decides the grades is the first feature."""

import numpy as np

from rerank.training.groups import Group, TrainingSet

NAMES = ("useful", "noise", "noise.of_another", "unknown")
DOCUMENTS = 12


def training_set(groups: int, *, seed: int = 0, origin: str = "impressions") -> TrainingSet:
    """``groups`` of 12 documents, two groups a user, one an hour. Grades 0 to 3 follow the feature
    ``useful`` but for noise; ``unknown`` is NaN throughout.
    """
    random = np.random.default_rng(seed)
    made = []
    for number in range(groups):
        values = random.normal(size=(DOCUMENTS, len(NAMES))).astype(np.float32)
        values[:, 3] = np.nan
        truth = 1.2 * values[:, 0] + random.normal(scale=0.5, size=DOCUMENTS)
        made.append(
            Group(
                group_id=f"q{seed}-{number}",
                document_ids=tuple(f"d{place:02}" for place in range(DOCUMENTS)),
                grades=np.clip(np.round(truth), 0, 3).astype(np.int32),
                values=values,
                user_id=f"u{seed}-{number // 2}",
                seconds=3600.0 * number,
                positions=np.arange(1, DOCUMENTS + 1, dtype=np.int32),
                origin=origin,
            )
        )
    return TrainingSet(NAMES, tuple(made))
