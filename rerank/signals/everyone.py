"""What all people did with a document, up to the moment of the query.

A document that nobody met has counts of 0 and the means of all: it is as good as any until people
say otherwise, and the counts tell a model how much stands behind a mean.
"""

from rerank.scene import Scene, Values
from rerank.signals.registry import signal


@signal(
    "click_through",
    scope="everyone",
    unit="clicks over expected clicks",
    missing="until something that was shown was clicked",
    reads=("events",),
    low=0.0,
    rises=1,
)
def click_through(scene: Scene) -> Values:
    """Clicks as an answer, over those that an average document would have had at the positions
    where this one was shown; shrunk to 1.
    """
    return scene.everyone.click_through[scene.rows]


@signal(
    "shown",
    scope="everyone",
    unit="times",
    missing="never",
    reads=("events",),
    low=0.0,
)
def shown(scene: Scene) -> Values:
    """How often it was shown."""
    return scene.everyone.shown[scene.rows]


@signal(
    "chosen",
    scope="everyone",
    unit="times",
    missing="never",
    reads=("events",),
    low=0.0,
)
def chosen(scene: Scene) -> Values:
    """How often it was clicked, put into a cart or bought."""
    return scene.everyone.chosen[scene.rows]


@signal(
    "purchased",
    scope="everyone",
    unit="times",
    missing="never",
    reads=("events",),
    low=0.0,
)
def purchased(scene: Scene) -> Values:
    """How often it was bought."""
    return scene.everyone.purchased[scene.rows]


@signal(
    "rating",
    scope="everyone",
    unit="as rated",
    missing="until something was rated",
    reads=("events",),
    rises=1,
)
def rating(scene: Scene) -> Values:
    """The mean of its ratings, shrunk to that of all ratings."""
    return scene.everyone.mean_rating[scene.rows]


@signal(
    "rated",
    scope="everyone",
    unit="times",
    missing="never",
    reads=("events",),
    low=0.0,
)
def rated(scene: Scene) -> Values:
    """How often it was rated."""
    return scene.everyone.rated[scene.rows]


@signal(
    "popularity_1d",
    scope="everyone",
    unit="times, decayed",
    missing="never",
    reads=("events",),
    low=0.0,
)
def popularity_1d(scene: Scene) -> Values:
    """How often it was chosen or rated; what was done a day ago counts half."""
    return scene.everyone.popularity[1][scene.rows]


@signal(
    "popularity_7d",
    scope="everyone",
    unit="times, decayed",
    missing="never",
    reads=("events",),
    low=0.0,
)
def popularity_7d(scene: Scene) -> Values:
    """How often it was chosen or rated; what was done a week ago counts half."""
    return scene.everyone.popularity[7][scene.rows]


@signal(
    "popularity_30d",
    scope="everyone",
    unit="times, decayed",
    missing="never",
    reads=("events",),
    low=0.0,
)
def popularity_30d(scene: Scene) -> Values:
    """How often it was chosen or rated; what was done thirty days ago counts half."""
    return scene.everyone.popularity[30][scene.rows]


@signal(
    "trend",
    scope="everyone",
    unit="doublings",
    missing="never",
    reads=("events",),
)
def trend(scene: Scene) -> Values:
    """log2 of how often a day it is chosen or rated lately, by the day's window, over how often in
    the long run, by that of thirty days; 0 where nothing happens.
    """
    return scene.everyone.trend[scene.rows]
