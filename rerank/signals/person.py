"""Who asks, and what they did with a document before.

Of somebody who gives no id, or whose past could not be read, all is unknown. Somebody new has a
count of 0 and no mean.
"""

import numpy as np

from rerank.everyone import DAY_SECONDS
from rerank.scene import Scene, Values
from rerank.signals.registry import signal


@signal(
    "person_count",
    scope="person",
    unit="deeds",
    missing="nobody is known to ask",
    reads=("events",),
    low=0.0,
    high=200.0,
)
def person_count(scene: Scene) -> Values:
    """How much is known of who asks: what they did with documents, the last 200 at most."""
    count = len(scene.person.deeds) if scene.person.is_known else np.nan
    return np.full(len(scene), count, dtype=np.float64)


@signal(
    "person_rating",
    scope="person",
    unit="as rated",
    missing="they have rated nothing, or nobody is known to ask",
    reads=("events",),
)
def person_rating(scene: Scene) -> Values:
    """The mean of the person's ratings, shrunk to that of all ratings."""
    return np.full(len(scene), scene.person.rating_mean)


@signal(
    "seen",
    scope="person",
    unit="0 or 1",
    missing="nobody is known to ask",
    reads=("events",),
    low=0.0,
    high=1.0,
)
def seen(scene: Scene) -> Values:
    """Whether the person did anything with the document before, as far as is known of them."""
    if not scene.person.is_known:
        return scene.unknown()
    last = scene.person.last
    return np.array([float(name in last) for name in scene.document_ids])


@signal(
    "seen_age",
    scope="person",
    unit="days",
    missing="they did nothing with it, or nobody is known to ask",
    reads=("events",),
    low=0.0,
)
def seen_age(scene: Scene) -> Values:
    """How long ago the person last did something with the document."""
    ages = scene.unknown()
    last = scene.person.last
    for row, name in enumerate(scene.document_ids):
        deed = last.get(name)
        if deed is not None:
            ages[row] = max(0.0, scene.seconds - deed.seconds) / DAY_SECONDS
    return ages


@signal(
    "own_rating",
    scope="person",
    unit="as rated, less their mean",
    missing="they have not rated it, or nobody is known to ask",
    reads=("events",),
)
def own_rating(scene: Scene) -> Values:
    """The person's last rating of the document itself, less the mean of their ratings."""
    ratings, mean = scene.person.ratings, scene.person.rating_mean
    return np.array([ratings.get(name, np.nan) - mean for name in scene.document_ids])
