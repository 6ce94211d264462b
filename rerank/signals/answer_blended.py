"""The order that nothing has trained, as signals."""

import numpy as np

from rerank.answers import below_best, leg, of_best
from rerank.scene import Scene, Values
from rerank.signals.registry import signal


@signal(
    "blended_score",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="never",
    reads=("answer",),
    rises=1,
)
def blended_score(scene: Scene) -> Values:
    """The score of the order that nothing has trained: what the settings make each leg's share
    worth, by default 0.4 of the lexical and 0.6 of the vector one, 1 together. What is missing of
    them counts as 0, and so does the person's own past.
    """
    return scene.once(_blended)


@signal(
    "blended_gap",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="never",
    reads=("answer",),
    rises=-1,
)
def blended_gap(scene: Scene) -> Values:
    """How far the blended score is below the best one of this query."""
    return below_best(scene.once(_blended))


@signal(
    "blended_rank",
    scope="text",
    unit="rank",
    low=1.0,
    missing="never",
    reads=("answer",),
    rises=-1,
)
def blended_rank(scene: Scene) -> Values:
    """The document's rank by blended score; equal scores share the better one."""
    blended = scene.once(_blended)
    better: Values = np.searchsorted(np.sort(-blended), -blended).astype(np.float64)
    return better + 1.0


@signal(
    "blended_lead",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="never",
    reads=("answer",),
)
def blended_lead(scene: Scene) -> Values:
    """How far the blended score is above the next lower place's; the last one's is above 0."""
    blended = scene.once(_blended)
    order = np.argsort(-blended, kind="stable")
    lead = np.empty(len(scene))
    lead[order] = -np.diff(blended[order], append=0.0)
    return lead


@signal(
    "blended_spread",
    scope="text",
    unit="share",
    low=0.0,
    high=1.0,
    missing="all candidates have the same blended score",
    reads=("answer",),
    rises=1,
)
def blended_spread(scene: Scene) -> Values:
    """Where the blended score stands between the lowest (0) and the best one (1) of this query."""
    blended = scene.once(_blended)
    spread = np.ptp(blended) if len(blended) else 0.0
    return (blended - blended.min()) / spread if spread > 0 else scene.unknown()


def _blended(scene: Scene) -> Values:
    blended = np.zeros(len(scene))
    for name, share in scene.shares.items():
        shares = of_best(leg(scene, name).scores)
        blended += share * np.where(np.isnan(shares), 0.0, shares)
    return blended / (sum(scene.shares.values()) or 1.0)
