"""What ``tandem follow`` outlives."""

import threading
from typing import Any

import pytest

from api.bootstrap import House
from api.orders import work_off
from api.until_stopped import _work_off, following, take_orders
from tandem.errors import CatalogError
from tests.owned_house import NAME, at_work

pytestmark = pytest.mark.usefixtures("models")


def test_who_only_searches_takes_no_orders() -> None:
    """Without an owner there is nothing to do but to wait for the end."""
    stop = threading.Event()
    stop.set()
    with following(None):
        take_orders(None, stop)


def test_an_unexpected_error_fails_the_order_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked is told; the process that follows goes on."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    number = house.catalog.tasks.ask(NAME, "rollback", {})
    with at_work(house) as owner:
        monkeypatch.setattr(owner, "rollback", fail)
        work_off(owner)
    task = house.catalog.tasks.read(number)
    assert task.state == "failed"
    assert "No space left on device" in task.error
    assert "run tandem rollback again" in task.hint


@pytest.mark.parametrize("error", [CatalogError("away"), OSError(28, "No space left on device")])
def test_following_outlives_what_an_order_meets(
    house: House, error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A warning, and the next try; an interrupt still ends it."""

    def fail(_: object) -> None:
        raise error

    stop = threading.Event()
    stop.set()
    monkeypatch.setattr("api.until_stopped.work_off", fail)
    with at_work(house) as owner:
        _work_off(owner, stop)
        assert str(error) in capsys.readouterr().err

        def interrupt(_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("api.until_stopped.work_off", interrupt)
        with pytest.raises(KeyboardInterrupt):
            _work_off(owner, stop)
