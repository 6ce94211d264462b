"""What is counted, and how Prometheus is told."""

from dataclasses import replace

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.metric_families import FAMILIES
from api.metrics import Answered, Metrics, Sight
from tandem.features import FeatureMatrix
from tandem.queries import Query
from tandem.rankings import Degradation, Ranking, SearchResult
from tests.web_client import SEEN

NOTHING_SEEN = Sight(catalogue_is_up=False)
FOUND = SearchResult(
    Query("red", "q1", user_id="ann"),
    Ranking("page", ()),
    {},
    "hybrid",
    3,
    (Degradation("vector", "timeout"),),
    {"retrieval": 4.0, "total": 20.0},
)
SEARCHED = Answered("/v1/search", "GET", "200", 0.025, None, FOUND)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(metrics: Metrics, sight: Sight = NOTHING_SEEN) -> Samples:
    """As a program reads what is told."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text(sight).decode())
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    """One of them."""
    return found.get((name, frozenset(labels.items())))


def answered(metrics: Metrics, *requests: Answered) -> Samples:
    """What is told after those."""
    for request in requests:
        metrics.begun()
        metrics.ended(request)
    return samples(metrics)


def test_every_family_is_told_as_it_is_described() -> None:
    """None of them is missing, none has another kind, and no other one is there but the process's
    own.
    """
    metrics = Metrics()
    metrics.cache("facts", 1, 1)
    metrics.features(FeatureMatrix(("x",), ("a",), np.full((1, 1), np.nan, np.float32)))
    answered(metrics, SEARCHED, Answered("/v1/search", "GET", "503", 0.1, "overloaded"))
    told = {
        family.name: (family.type, {name for sample in family.samples for name in sample.labels})
        for family in text_string_to_metric_families(metrics.text(SEEN).decode())
        if not family.name.startswith("process_")
    }
    assert told == {
        family.name.removesuffix("_total"): (
            family.kind,
            {*family.labels} | ({"le"} if family.kind == "histogram" else set()),
        )
        for family in FAMILIES
    }


def test_a_search_is_a_request_and_its_stages() -> None:
    """Seconds, whatever the answer counts in; what it lacked, and why."""
    found = answered(Metrics(), SEARCHED, SEARCHED)
    route = {"route": "/v1/search", "method": "GET"}
    assert value(found, "tandem_http_requests_total", status="200", **route) == 2
    duration = "tandem_http_request_duration_seconds"
    assert value(found, f"{duration}_sum", **route) == pytest.approx(0.05)
    assert value(found, f"{duration}_bucket", le="0.01", **route) == 0
    assert value(found, f"{duration}_bucket", le="0.025", **route) == 2
    assert value(found, "tandem_search_stage_seconds_sum", stage="total") == pytest.approx(0.04)
    assert value(found, "tandem_search_stage_seconds_count", stage="retrieval") == 2
    assert value(found, "tandem_search_degraded_total", leg="vector", reason="timeout") == 2
    assert value(found, "tandem_http_requests_in_flight") == 0


def test_later_pages_find_their_order_or_do_not() -> None:
    """A first page asks for none, and browsing has none."""
    later = replace(FOUND, query=replace(FOUND.query, cursor="c"))
    browsed = replace(later, is_frozen=False)
    found = answered(
        Metrics(),
        SEARCHED,
        SEARCHED._replace(result=later),
        SEARCHED._replace(result=browsed),
        Answered("/v1/search", "GET", "410", 0.1, "cursor_expired"),
    )
    cache = "tandem_cache_requests_total"
    assert value(found, cache, cache="frozen_rankings", result="hit") == 1
    assert value(found, cache, cache="frozen_rankings", result="miss") == 1
    assert value(found, "tandem_http_errors_total", code="cursor_expired") == 1


def test_what_a_model_is_not_told() -> None:
    """Of each feature, of how many documents; one that is always known has no line."""
    metrics, unknown = Metrics(), np.nan
    values = np.array([[1, unknown], [unknown, unknown], [3, unknown]], np.float32)
    for _ in range(2):
        metrics.features(FeatureMatrix(("length", "age"), ("a", "b", "c"), values))
    metrics.features(FeatureMatrix(("place",), ("a",), np.ones((1, 1), np.float32)))
    found = samples(metrics)
    assert value(found, "tandem_model_candidates_total") == 7
    missing = "tandem_model_features_missing_total"
    assert value(found, missing, feature="length") == 2
    assert value(found, missing, feature="age") == 6
    assert value(found, missing, feature="place") is None


def test_caches_and_impressions() -> None:
    """Waiting is how many now, lost how many ever."""
    metrics = Metrics()
    metrics.cache("facts", 3, 0)
    metrics.cache("facts", 1, 2)
    metrics.impressions(5, 0)
    metrics.impressions(4, 2)
    metrics.impressions(0, 1)
    found = samples(metrics)
    assert value(found, "tandem_cache_requests_total", cache="facts", result="hit") == 4
    assert value(found, "tandem_cache_requests_total", cache="facts", result="miss") == 2
    assert value(found, "tandem_impressions_waiting") == 0
    assert value(found, "tandem_impressions_lost_total") == 3


def test_what_is_seen_when_somebody_asks() -> None:
    """How far each index is, of which release; without the catalogue nothing is made up."""
    metrics = Metrics()
    found = samples(metrics, SEEN)
    assert value(found, "tandem_catalogue_up") == 1
    assert value(found, "tandem_release_info", **SEEN.release) == 1
    assert value(found, "tandem_index_behind_changes", leg="vector", generation="2") == 3
    assert value(found, "tandem_index_behind_seconds", leg="vector", generation="2") == 1.5
    expected = "tandem_model_features_missing_expected_ratio"
    assert value(found, expected, feature="behaviour_clicks") == 0.25
    found = samples(metrics)
    assert value(found, "tandem_catalogue_up") == 0
    assert not [name for name, _ in found if name.startswith(("tandem_index", "tandem_release"))]


def test_two_of_them_count_for_themselves() -> None:
    """Nothing is kept in the library's own registry: a process may have several."""
    one, other = Metrics(), Metrics()
    one.begun()
    assert value(samples(one), "tandem_http_requests_in_flight") == 1
    assert value(samples(other), "tandem_http_requests_in_flight") == 0
