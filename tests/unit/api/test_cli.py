"""Whatever escapes a verb becomes a line, or a JSON object, and an exit code."""

import errno
import json
import logging
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from api.cli import asks_for_json, run
from api.console import BAD_USE, PROBLEM

Captured = pytest.CaptureFixture[str]


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Every verb fails with that."""

    def fail(_arguments: Sequence[str]) -> int:
        raise error

    monkeypatch.setattr("api.app.invoke", fail)


def database_error() -> Exception:
    """What SQLAlchemy makes of a statement that fails."""
    with (
        pytest.raises(sa.exc.SQLAlchemyError) as caught,
        sa.create_engine("sqlite://").connect() as connection,
    ):
        connection.execute(sa.text("SELECT * FROM nowhere"))
    return caught.value


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "a/b"), "a/b: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("what the library said"), "what the library said"),
        (OSError(), "OSError"),
    ],
)
def test_what_the_system_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, error: OSError, line: str
) -> None:
    """The reason, what to do next, exit code 1, and no traceback."""
    failing(monkeypatch, error)
    assert run(["status"]) == PROBLEM
    told = capsys.readouterr()
    first, second = told.err.splitlines()
    assert first == f"error: {line}"
    assert second.startswith("  next: check the disk")
    assert told.out == ""


def test_what_the_database_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The driver's words, without the statement."""
    failing(monkeypatch, database_error())
    assert run(["status"]) == PROBLEM
    assert capsys.readouterr().err.splitlines()[0] == "error: no such table: nowhere"
    assert run(["status", "--json"]) == PROBLEM
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "catalog"
    assert told.err == ""


def test_where_it_happened_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The traceback is there for whoever asks with -v, below the level that is shown otherwise."""
    error = PermissionError(errno.EACCES, "Permission denied", "a/b")
    failing(monkeypatch, error)
    log = logging.getLogger("tandem.api")
    with caplog.at_level(logging.INFO, logger=log.name):
        log.addHandler(caplog.handler)
        run(["status"])
        log.removeHandler(caplog.handler)
    told = [record for record in caplog.records if record.exc_info]
    assert {record.levelno for record in told} == {logging.INFO}
    assert told[0].exc_info is not None
    assert told[0].exc_info[1] is error


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the system or the database refuses is made a line of."""
    failing(monkeypatch, ZeroDivisionError("bug"))
    with pytest.raises(ZeroDivisionError):
        run(["status"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "--json"], "TEXT"),
        (["search", "x", "--json", "--limit", "many"], "--limit"),
        (["search", "x", "--json", "--no-such-option"], "--no-such-option"),
        (["serch", "x", "--json"], "serch"),
    ],
)
def test_bad_use_speaks_json_too(capsys: Captured, arguments: list[str], said: str) -> None:
    """With --json, what cannot be parsed is an object on standard output as well."""
    assert run(arguments) == BAD_USE
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert error["code"] == "bad_use"
    assert said.lower() in error["message"].lower()
    assert error["hint"]
    assert told.err == ""


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["search", "x", "--json"], True),
        (["search", "--json", "--", "x"], True),
        (["search", "--", "--json"], False),
        (["search", "json"], False),
        ([], False),
    ],
)
def test_asking_for_json(arguments: list[str], asked: bool) -> None:
    """Behind ``--`` everything is a plain word."""
    assert asks_for_json(arguments) is asked


def test_help_is_no_error(capsys: Captured) -> None:
    """Help of the whole and of a verb leaves with 0."""
    assert run(["--help"]) == 0
    assert run(["search", "--help"]) == 0
    told = capsys.readouterr()
    assert "Search by words and meaning" in told.out
    assert told.err == ""
