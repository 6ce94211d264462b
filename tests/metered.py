"""A ``Meter`` that notes what it is told."""

from collections import Counter
from dataclasses import dataclass, field

from tandem.features import FeatureMatrix
from tandem.telemetry import Cache


@dataclass
class Noted:
    """``caches`` counts what was found and what not, by the cache's name; ``seen`` is what a model
    saw; ``impressions`` how many waited and were lost, each time.
    """

    caches: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: list[FeatureMatrix] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)

    def cache(self, name: Cache, found: int, missing: int) -> None:
        """See ``Meter``."""
        self.caches.update({(name, "hit"): found, (name, "miss"): missing})

    def features(self, seen: FeatureMatrix) -> None:
        """See ``Meter``."""
        self.seen.append(seen)

    def impressions(self, waiting: int, lost: int) -> None:
        """See ``Meter``."""
        self.told.append((waiting, lost))
