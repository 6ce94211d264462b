"""What ``tandem follow`` outlives."""

import threading

import pytest

from api.bootstrap import House
from api.desk import Desk
from tandem.errors import CatalogError
from tests.owned_house import NAME, at_work, worked_off

pytestmark = pytest.mark.usefixtures("models")


class Panic(BaseException):
    """As an engine written in Rust raises it."""


def test_an_unexpected_error_fails_the_order_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked is told; the process that follows goes on."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    number = house.catalog.tasks.ask(NAME, "rollback", {})
    with at_work(house) as owner:
        monkeypatch.setattr(owner, "rollback", fail)
        worked_off(owner)
    task = house.catalog.tasks.read(number)
    assert task.state == "failed"
    assert "No space left on device" in task.error
    assert "run tandem rollback again" in task.hint


@pytest.mark.parametrize(
    "error", [CatalogError("away"), OSError(28, "No space left on device"), Panic("poisoned")]
)
def test_looking_for_orders_outlives_what_it_meets(
    house: House, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning, and the next look."""
    monkeypatch.setattr("api.desk.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("api.desk.TROUBLE_SECONDS", 0.01)
    told: list[str] = []
    looked_again = threading.Event()

    def fail() -> list[str]:
        if told:
            looked_again.set()
            return []
        raise error

    with at_work(house) as owner:
        monkeypatch.setattr(owner, "leading", fail)
        desk = Desk(owner, told.append)
        desk.open()
        assert looked_again.wait(20)
        desk.close()
    (warning,) = told
    assert warning.startswith("warning: ")
    assert str(error) in warning
