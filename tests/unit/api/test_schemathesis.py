"""Whatever the document allows, and much that it does not, gets a documented reply."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.testclient import TestClient

from api.bootstrap import open_house
from api.judging import desk_of
from api.keyring import Keyring
from api.serving import Serving
from api.web import create_web
from tandem.catalog.keys import Scope, Wanted
from tests.integration.downtime import embedders
from tests.pools import POOL
from tests.served_house import served, settings_for
from tests.unit.api.test_openapi import OPERATIONS

UNDECIDABLE = [positive_data_acceptance]
"""Which fields there are to filter by is no matter of the document."""

SOON_MS = 500.0
"""Who asks for an answer within less may get a 503 for it."""

FEW, MANY = 8, 50
"""Examples of an operation; the many are for the long form."""

NEVER_WRONG = {"live", "ready", "judging_pools", "metrics"}
CASES = [
    (mode, *operation)
    for operation in OPERATIONS
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or OPERATIONS[operation] not in NEVER_WRONG
]
"""Nothing is asked of those, so that nothing can be asked wrongly."""

LINES = "application/x-ndjson"
"""Any text is a body of that type: each line is refused by itself."""

TOWERS = ("[" * 1_000 + "]" * 1_000, '{"not":' * 1_000 + "{}" + "}" * 1_000)


House = tuple[TestClient, Any]
"""The application, and what it describes of itself."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The application over real engines; only to be asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        with served(tmp_path_factory.mktemp("served")) as (house, client):
            desk_of(house.settings).keep("autumn", POOL)
            yield (
                client,
                without_keys(schemathesis.openapi.from_asgi("/v1/openapi.json", client.app)),
            )


def without_keys(described: Any) -> Any:
    """The same, of a server that has none: any will do there."""
    for path in described.raw_schema["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    return described


@schemathesis.serializer(LINES)
def lines(_context: object, value: object) -> bytes:
    """A body that is none of JSON, as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


class Locked(NamedTuple):
    """The application with keys by what they are for, and what it describes of itself."""

    keys: Mapping[str, str]
    described: Any


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """Without a collection: who is refused is refused before it is looked for."""
    with open_house(settings_for(tmp_path_factory.mktemp("locked")), "test") as house:
        scopes: dict[str, Scope] = {"search": "search", "write": "write", "all": "admin"}
        keys = {
            name: house.catalog.keys.create(Wanted(name, frozenset({scope})))[1]
            for name, scope in scopes.items()
        }
        keys["unknown"] = keys["all"][:-5] + "wrong"
        with (
            closing(Keyring(house.catalog.keys, house.settings.server)) as ring,
            closing(Serving(house)) as serving,
        ):
            web = create_web(serving, recognise=ring.recognise)
            yield Locked(keys, schemathesis.openapi.from_asgi("/v1/openapi.json", web))


def sparingly(examples: int) -> settings:
    """So many examples, the same each time."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def check(case: Any) -> int:
    """Ask, and look at the reply: its status."""
    reply = case.call()
    hurried = reply.status_code == 503 and is_hurried(case.query) | is_hurried(case.body)
    excluded = [*UNDECIDABLE, not_a_server_error] if hurried else [*UNDECIDABLE]
    if case.media_type == LINES:
        excluded.append(negative_data_rejection)
    case.validate_response(reply, excluded_checks=excluded)
    return int(reply.status_code)


def is_hurried(given: Any) -> bool:
    """Whether an answer is asked for within next to no time."""
    budget = given.get("budget_ms") if isinstance(given, dict) else None
    try:
        return budget is not None and 0 < float(budget) < SOON_MS
    except (TypeError, ValueError):
        return False


@pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize(("mode", "method", "path"), CASES)
def test_every_reply_is_documented(
    house: House, mode: GenerationMode, method: str, path: str, examples: int
) -> None:
    """No fault of the server, no status and no shape that the document does not have; and what the
    document does not allow is refused.
    """
    strategy = house[1][path][method.upper()].as_strategy(generation_mode=mode)

    @sparingly(examples)
    @given(case=strategy)
    def ask(case: Any) -> None:
        check(case)

    ask()


@pytest.mark.parametrize("key", [None, "unknown", "other", "all"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_is_told_without_its_scope(
    locked: Locked, method: str, path: str, key: str | None
) -> None:
    """Whatever is asked without a key, with one that nobody has, or one for something else, is
    refused, but for what the document says to be open to all.
    """
    operation = locked.described[path][method.upper()]
    needed = operation.definition.raw.get("security", [{}])[-1].get("key")
    if key == "other":
        key = "search" if needed == ["write"] else "write"
    refused = {None: 401, "unknown": 401, "search": 403, "write": 403}.get(key)
    sent = {} if key is None else {"authorization": f"Bearer {locked.keys[key]}"}
    strategy = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)

    @sparingly(2)
    @given(case=strategy)
    def ask(case: Any) -> None:
        reply = case.call(headers=sent)
        case.validate_response(reply, excluded_checks=[*UNDECIDABLE, not_a_server_error])
        if needed is None or refused is None:
            assert reply.status_code not in {401, 403}
        else:
            assert reply.status_code == refused

    ask()


@pytest.mark.parametrize("tower", TOWERS)
@pytest.mark.parametrize(("method", "path"), [key for key in OPERATIONS if key[0] == "get"])
def test_towers_in_parameters(house: House, method: str, path: str, tower: str) -> None:
    """Nobody generates as deep as somebody with bad intent does."""
    operation = house[1][path][method.upper()]
    places = {"document_id": "d1"} if "{" in path else {}
    assert check(operation.Case(query={"filter": tower}, path_parameters=places)) == 400
