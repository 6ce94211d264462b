"""What Control-C is answered with."""

import signal
from collections.abc import Iterator
from typing import get_args

import pytest

from api.interrupts import ORDERS, Interrupts
from tandem.catalog.tasks import Kind


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Whoever starts the tests in the background has interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        (["status"], "stopped", "still stopping"),
        ([], "stopped", "still stopping"),
        (["index", "--dry-run", "a.jsonl"], "stopped", "still stopping"),
        (["follow"], "stopping after the batch in hand", "still finishing the batch in hand"),
        (["reindex", "--resume"], "stopping", "still stopping"),
        (["--verbose", "rollback"], "stopping", "still stopping"),
    ],
)
def test_it_is_answered_at_once_and_obeyed_once(
    arguments: list[str], first: str, second: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An order may go on in another process, so nothing is said yet of what becomes of it."""
    interrupts = Interrupts(arguments)
    interrupts.listen()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    assert interrupts.noticed
    assert capsys.readouterr().err.splitlines() == [first, second]


def test_a_server_is_ended_by_the_second_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At once: its clients may keep it for long, and what it accepted is durable."""
    codes = list[int]()
    monkeypatch.setattr("os._exit", codes.append)
    interrupts = Interrupts(["serve", "--port", "0"])
    interrupts.listen()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert codes == []
    signal.raise_signal(signal.SIGINT)
    assert codes == [130]
    assert capsys.readouterr().err.splitlines() == [
        "stopping after the queries and the batch in hand",
        "ended at once; what was accepted is kept",
    ]


def test_every_kind_of_order_is_known() -> None:
    """Else one would be told as stopped that goes on elsewhere."""
    assert set(ORDERS) == set(get_args(Kind))
