"""What happens in the process, counted for Prometheus.

What every worker counts for itself is kept by prometheus-client: in the process, or in files of a
folder that all workers share. What any of them can see, such as how far the indexes are, is read
when somebody asks.
"""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from api.metric_families import (
    BEHIND_CHANGES,
    BEHIND_SECONDS,
    CACHE,
    CANDIDATES,
    CATALOGUE,
    DEGRADED,
    DURATION,
    ERRORS,
    EXPECTED,
    IN_FLIGHT,
    LOST,
    MISSING,
    RELEASE,
    REQUESTS,
    SECONDS,
    STAGES,
    WAITING,
    WORKERS,
    Family,
)
from tandem.features import FeatureMatrix
from tandem.rankings import SearchResult
from tandem.telemetry import Cache

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where workers share what they count; prometheus-client looks for it when it is imported."""

MetricT = TypeVar("MetricT", Counter, Histogram)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Answered(NamedTuple):
    """One request and its reply. ``code`` is the error's, if it is one; ``result`` what was
    searched for.
    """

    route: str
    method: str
    status: str
    seconds: float
    code: str | None = None
    result: SearchResult | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What can be seen of the collection now. ``behind`` maps a leg to changes and seconds;
    ``release`` has the labels of ``RELEASE``; ``expected`` maps a feature to a share. What could
    not be seen is empty.
    """

    catalogue_is_up: bool
    release: Mapping[str, str] = field(default_factory=dict)
    behind: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)


class Metrics:
    """A ``Meter``, and more. Thread-safe. Each has a registry of its own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # else twice as many series
        self._registry = registry = CollectorRegistry()
        self._requests = _children(_counter(REQUESTS, registry))
        self._duration = _children(_histogram(DURATION, registry))
        self._in_flight = _gauge(IN_FLIGHT, registry)
        self._errors = _children(_counter(ERRORS, registry))
        self._stages = _children(_histogram(STAGES, registry))
        self._degraded = _children(_counter(DEGRADED, registry))
        self._cache = _children(_counter(CACHE, registry))
        self._waiting = _gauge(WAITING, registry)
        self._lost = _counter(LOST, registry)
        self._candidates = _counter(CANDIDATES, registry)
        self._missing = _children(_counter(MISSING, registry))
        _gauge(WORKERS, registry).set(1)
        if not is_shared():
            ProcessCollector(registry=registry)

    # --- told while people search ---

    def cache(self, name: Cache, found: int, missing: int) -> None:
        """See ``Meter``."""
        if found:
            self._cache(name, "hit").inc(found)
        if missing:
            self._cache(name, "miss").inc(missing)

    def features(self, seen: FeatureMatrix) -> None:
        """See ``Meter``."""
        self._candidates.inc(len(seen.document_ids))
        counts = np.isnan(seen.values).sum(axis=0).tolist()
        for name, count in zip(seen.names, counts, strict=True):
            if count:
                self._missing(name).inc(count)

    def impressions(self, waiting: int, lost: int) -> None:
        """See ``Meter``."""
        self._waiting.set(waiting)
        if lost:
            self._lost.inc(lost)

    # --- told of requests ---

    def begun(self) -> None:
        """A request has come."""
        self._in_flight.inc()

    def ended(self, answered: Answered) -> None:
        """It is answered."""
        self._in_flight.dec()
        self._requests(answered.route, answered.method, answered.status).inc()
        self._duration(answered.route, answered.method).observe(answered.seconds)
        if answered.code is not None:
            self._errors(answered.code).inc()
        if answered.code == "cursor_expired":
            self.cache("frozen_rankings", 0, 1)
        if answered.result is not None:
            self._searched(answered.result)

    def _searched(self, result: SearchResult) -> None:
        for stage, milliseconds in result.milliseconds.items():
            self._stages(stage).observe(milliseconds / 1_000)
        for part in result.degraded:
            self._degraded(part.leg, part.reason).inc()
        if result.query.cursor is not None and result.is_frozen:
            self.cache("frozen_rankings", 1, 0)

    def text(self, sight: Sight) -> bytes:
        """All of it, as Prometheus reads it; of all workers, where there are several."""
        if not is_shared():
            return _text(self._registry, sight)
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return _text(shared, sight)


def is_shared() -> bool:
    """Whether this process is one of several workers."""
    return FOLDER in os.environ


class _Seen(Collector):
    """What can be seen, as metrics."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def collect(self) -> Iterable[Metric]:
        """See ``Collector``."""
        return _seen(self._sight)


def _seen(sight: Sight) -> Iterator[Metric]:
    yield _family(CATALOGUE, [((), float(sight.catalogue_is_up))])
    if not sight.release:
        return
    generation = sight.release["generation"]
    yield _family(RELEASE, [(tuple(sight.release[name] for name in RELEASE.labels), 1.0)])
    for family, place in ((BEHIND_CHANGES, 0), (BEHIND_SECONDS, 1)):
        legs = sight.behind.items()
        yield _family(family, [((leg, generation), float(far[place])) for leg, far in legs])
    yield _family(EXPECTED, [((name,), share) for name, share in sight.expected.items()])


def _family(family: Family, samples: Iterable[tuple[tuple[str, ...], float]]) -> GaugeMetricFamily:
    made = GaugeMetricFamily(family.name, family.about, labels=family.labels)
    for labels, value in samples:
        made.add_metric(labels, value)
    return made


def _text(registry: CollectorRegistry, sight: Sight) -> bytes:
    seen = CollectorRegistry()
    seen.register(_Seen(sight))
    return generate_latest(registry) + generate_latest(seen)


def _children(metric: MetricT) -> Callable[..., MetricT]:
    """What gives the metric of some labels: looking one up costs more than counting by it."""
    return functools.cache(metric.labels)


def _counter(family: Family, registry: CollectorRegistry) -> Counter:
    return Counter(family.name, family.about, family.labels, registry=registry)


def _gauge(family: Family, registry: CollectorRegistry) -> Gauge:
    """Of workers, those that live are added up."""
    return Gauge(
        family.name, family.about, family.labels, registry=registry, multiprocess_mode="livesum"
    )


def _histogram(family: Family, registry: CollectorRegistry) -> Histogram:
    return Histogram(family.name, family.about, family.labels, registry=registry, buckets=SECONDS)
