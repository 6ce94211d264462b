"""``DELETE /v1/users/{id}``: who may, what is told, and what is refused."""

from urllib.parse import quote

import pytest

from api.event_intake import EventLogUnavailable
from api.wire import ErasureReply
from tests.web_client import StandIn, client_of, error_of


class Failing:
    """An ``ErasureIntake`` whose log is down."""

    def take(self, person: str) -> None:
        """See ``ErasureIntake``."""
        raise EventLogUnavailable("down", hint="ask again")


@pytest.mark.parametrize("person", ["u-17", "a/b c?d", "日本", "similar", "x" * 99])
def test_it_is_done(person: str) -> None:
    """Whatever the id is; the reply has its shape."""
    reply = client_of(StandIn()).delete(f"/v1/users/{quote(person, safe='/')}")
    assert reply.status_code == 200
    told = ErasureReply.model_validate_json(reply.content, strict=True)
    assert (told.user_id, told.state) == (person, "done")


def test_it_goes_on() -> None:
    """Whoever asked need not wait."""
    reply = client_of(StandIn()).delete(f"/v1/users/{'x' * 200}")
    assert reply.status_code == 202
    told = ErasureReply.model_validate_json(reply.content, strict=True)
    assert (told.state, told.done_at) == ("under_way", None)


@pytest.mark.parametrize("bad", ["%20", "x" * 513, "a%00"])
def test_what_is_no_id(bad: str) -> None:
    """Nobody is erased."""
    reply = client_of(StandIn()).delete(f"/v1/users/{bad}")
    assert reply.status_code == 400
    assert (error_of(reply)["code"], error_of(reply)["field"]) == ("bad_parameter", "user_id")


def test_other_refusals() -> None:
    """No parameter, no other method, no page of another site."""
    client = client_of(StandIn())
    assert client.delete("/v1/users/u?force=true").status_code == 400
    assert client.get("/v1/users/u").status_code == 405
    assert client.delete("/v1/users/").status_code in {400, 404}
    reply = client.delete("/v1/users/u", headers={"sec-fetch-site": "cross-site"})
    assert error_of(reply)["code"] == "cross_site"


def test_the_log_is_down() -> None:
    """It may be asked again soon."""
    reply = client_of(StandIn(erasures=Failing())).delete("/v1/users/u")
    assert reply.status_code == 503
    assert error_of(reply)["code"] == "event_log_unavailable"
    assert reply.headers["retry-after"] == "1"
