"""What `/metrics` tells: every family, with its labels. Labels have few values each: no ids, no
texts, no paths but the templates of routes.
"""

from typing import Literal, NamedTuple

SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
"""Upper bounds of the durations that are told apart: from a refusal to a long batch."""


class Family(NamedTuple):
    """Metrics of one name. A counter only rises, and ends in ``_total``."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...] = ()


REQUESTS = Family(
    "tandem_http_requests_total",
    "counter",
    "Requests answered. `route` is a template; `unmatched` is a path that there is not. `status` "
    "is `none` where the client went before a reply.",
    ("route", "method", "status"),
)
DURATION = Family(
    "tandem_http_request_duration_seconds",
    "histogram",
    "From a request's head to the last byte of its reply.",
    ("route", "method"),
)
IN_FLIGHT = Family("tandem_http_requests_in_flight", "gauge", "Requests that are being answered.")
ERRORS = Family(
    "tandem_http_errors_total",
    "counter",
    "Errors told, by the code of their reply: `overloaded` and `too_many_requests` are refusals.",
    ("code",),
)
STAGES = Family(
    "tandem_search_stage_seconds",
    "histogram",
    "How long a stage of a search took; `total` is all of it.",
    ("stage",),
)
DEGRADED = Family(
    "tandem_search_degraded_total",
    "counter",
    "Answers that lacked a part, and why.",
    ("leg", "reason"),
)
CACHE = Family(
    "tandem_cache_requests_total",
    "counter",
    "What was asked of a cache: `facts` of documents, `query_vectors` that were just embedded, "
    "`frozen_rankings` for later pages. `result` is `hit` or `miss`.",
    ("cache", "result"),
)
WAITING = Family(
    "tandem_impressions_waiting", "gauge", "Pages shown that are not in the event log yet."
)
LOST = Family(
    "tandem_impressions_lost_total", "counter", "Pages shown that never come into the event log."
)
CANDIDATES = Family(
    "tandem_model_candidates_total", "counter", "Documents that a model was asked to order."
)
MISSING = Family(
    "tandem_model_features_missing_total",
    "counter",
    "Documents of which a model was not told a feature. Divided by "
    "`tandem_model_candidates_total` it is a share, to be compared with the expected one.",
    ("feature",),
)
EXPECTED = Family(
    "tandem_model_features_missing_expected_ratio",
    "gauge",
    "Share of the documents of which the live model was not told a feature while it was trained.",
    ("feature",),
)
BEHIND_CHANGES = Family(
    "tandem_index_behind_changes",
    "gauge",
    "Changes of the document log that an index of the live release has not applied.",
    ("leg", "generation"),
)
BEHIND_SECONDS = Family(
    "tandem_index_behind_seconds",
    "gauge",
    "Age of the oldest change that an index of the live release has not applied.",
    ("leg", "generation"),
)
CATALOGUE = Family(
    "tandem_catalogue_up", "gauge", "1 where the catalogue says what is live, 0 where it does not."
)
RELEASE = Family(
    "tandem_release_info",
    "gauge",
    "The release that this process answers from: always 1, told by its labels. `model` is empty "
    "where it has none.",
    ("collection", "release", "generation", "model"),
)
WORKERS = Family("tandem_workers", "gauge", "Processes that answer.")

FAMILIES = (
    REQUESTS, DURATION, IN_FLIGHT, ERRORS, STAGES, DEGRADED, CACHE, WAITING, LOST, CANDIDATES,
    MISSING, EXPECTED, BEHIND_CHANGES, BEHIND_SECONDS, CATALOGUE, RELEASE, WORKERS,
)  # fmt: skip
