"""The last verification of each index."""

from datetime import UTC, datetime

from tandem.catalog.catalog import Catalog
from tandem.catalog.verifications import Verification

AT = datetime(2026, 11, 25, 22, 30, 1, 123_456, tzinfo=UTC)


def test_the_last_one_counts(catalog: Catalog) -> None:
    """Each index has its own; a later one replaces it."""
    verifications = catalog.verifications
    assert verifications.last("index") is None
    verifications.record("index", AT, {"missing": 2, "stale": 0}, 1)
    verifications.record("other", AT, {}, 0)
    assert verifications.last("index") == Verification("index", AT, {"missing": 2, "stale": 0}, 1)
    later = AT.replace(hour=23)
    verifications.record("index", later, {}, 0)
    assert verifications.last("index") == Verification("index", later, {}, 0)
    assert verifications.last("other") == Verification("other", AT, {}, 0)
