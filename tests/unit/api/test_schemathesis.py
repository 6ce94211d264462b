"""Whatever the document allows, and much that it does not, gets a documented reply."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.testclient import TestClient

from tests.integration.downtime import embedders
from tests.served_house import served
from tests.unit.api.test_openapi import OPERATIONS

UNDECIDABLE = [
    positive_data_acceptance,  # which fields there are to filter by is no matter of the document
    negative_data_rejection,  # a parameter's text may be what a wrong type was written as
    not_a_server_error,  # a query may ask for an answer within no time, which is a 503
]
EXAMPLES = 30
CASES = [
    (mode, *operation)
    for operation in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or OPERATIONS[operation] not in {"health", "ready"}
]
"""Nothing is asked of those two, so that nothing can be asked wrongly."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application over real engines; only to be asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with served(tmp_path_factory.mktemp("served")) as (_, client):
            yield client


@pytest.mark.parametrize(("mode", "method", "path"), CASES)
def test_every_reply_is_documented(
    house: TestClient, mode: GenerationMode, method: str, path: str
) -> None:
    """No fault of the server, no status and no shape that the document does not have."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", house.app)
    operation = schema[path][method.upper()]
    strategy = operation.as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def check(case: Any) -> None:
        reply = case.call()
        case.validate_response(reply, excluded_checks=UNDECIDABLE)
        assert reply.status_code != 500, reply.text

    check()
