"""Filters and payload indexes survive the way to the server, over HTTP and over gRPC."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from qdrant_client import models
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from tandem.engines.qdrant_mapping import (
    condition,
    payload_indexes,
    perhaps_newer,
    sequences_within,
    stale,
)
from tests.builders import deletion, document, filters, upserts
from tests.contracts import filters_oracle as oracle


def sent_both_ways(sent: models.Filter) -> None:
    """Written and read again, it is the same filter."""
    assert models.Filter.model_validate_json(sent.model_dump_json()) == sent
    told = GrpcToRest.convert_filter(RestToGrpc.convert_filter(sent))
    assert _said(told.model_dump()) == _said(sent.model_dump())


def _said(part: Any) -> Any:
    """Without what is not said: over gRPC an absent list comes back as an empty one."""
    if isinstance(part, dict):
        return {key: _said(value) for key, value in part.items() if value not in (None, [])}
    return [_said(item) for item in part] if isinstance(part, list) else part


@example({"seen_at": {"gt": "0001-01-01T00:00:00Z", "lte": "9999-12-31T23:59:59.999999Z"}})
@example({"price": [5e-324, 1e308, -0.0]})
@example({"year": {"gte": oracle.LARGEST}, "open": [True, False]})
@given(oracle.filter_data())
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_filters_travel_unchanged(data: dict[str, Any]) -> None:
    """No microsecond, no bit of a number and no level of ``not`` is lost."""
    must = [condition(item) for item in filters(oracle.SCHEMA, data)]
    if must:
        sent_both_ways(models.Filter(must=must))


def test_filters_of_changes_travel_unchanged() -> None:
    """The largest sequence too."""
    changes = [*upserts([document("a"), document("ü")], 2**53 - 3), deletion(7, "c")]
    for sent in (stale(changes), perhaps_newer(changes), sequences_within(3, 2**53 - 1)):
        assert sent is not None
        sent_both_ways(sent)


def test_everything_needs_no_filter() -> None:
    """Reading all of a collection asks for no index."""
    assert sequences_within(0, None) is None
    assert sequences_within(-1, None) is None
    assert sequences_within(0, 5) is not None


def test_payload_indexes_are_what_a_server_takes() -> None:
    """Each is one of the request's own kinds, by its type alone."""
    for key, index in payload_indexes(oracle.SCHEMA).items():
        sent = models.CreateFieldIndex(field_name=key, field_schema=index)
        read = models.CreateFieldIndex.model_validate_json(sent.model_dump_json())
        assert type(read.field_schema) is type(index)
