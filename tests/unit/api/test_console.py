"""How a command talks: results to standard output, the rest to standard error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console import BAD_USE, PROBLEM, bars, note, printable, report_error, say, say_json
from tandem.errors import (
    EngineError,
    FilterError,
    ModelError,
    OwnedElsewhere,
    SearchUnavailable,
    SettingsError,
    TandemError,
)

Captured = pytest.CaptureFixture[str]


def test_results_and_notes_go_apart(capsys: Captured) -> None:
    """A program reads the one, a person the other."""
    say("result")
    say()
    note("aside")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("result\n\n", "aside\n")


def test_json_is_readable_by_both(capsys: Captured) -> None:
    """Indented, unicode as it is."""
    say_json({"title": "Café", "list": [1, None]})
    out = capsys.readouterr().out
    assert json.loads(out) == {"title": "Café", "list": [1, None]}
    assert "Café" in out
    assert out.count("\n") > 3


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FilterError("x"), BAD_USE),
        (SettingsError("x"), BAD_USE),
        (ModelError("x"), PROBLEM),
        (OwnedElsewhere("x"), PROBLEM),
        (EngineError("x"), PROBLEM),
        (SearchUnavailable("x"), PROBLEM),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exit_codes(capsys: Captured, error: TandemError, code: int) -> None:
    """What was given cannot be used: 2. Anything else that went wrong: 1."""
    assert report_error(error) == code
    assert capsys.readouterr().err == "error: x\n"


def test_the_hint_is_the_next_step(capsys: Captured) -> None:
    """After the message, on a line of its own."""
    report_error(FilterError("filter.yaer: no such field", hint="did you mean 'year'?"))
    told = capsys.readouterr()
    assert told.err == "error: filter.yaer: no such field\n  next: did you mean 'year'?\n"
    assert told.out == ""


def test_an_error_as_json(capsys: Captured) -> None:
    """Code, message and hint, on standard output."""
    assert report_error(FilterError("x", hint="y"), as_json=True) == BAD_USE
    told = capsys.readouterr()
    assert json.loads(told.out) == {"error": {"code": "bad_filter", "message": "x", "hint": "y"}}
    assert told.err == ""


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_about_what_cannot_be_printed(capsys: Captured, as_json: bool) -> None:
    """A file name that is no text can still be named."""
    error = SettingsError("there is no settings file \udcff.toml", hint="look at \udcff")
    assert report_error(error, as_json=as_json) == BAD_USE
    told = capsys.readouterr()
    assert "udcff.toml" in told.out + told.err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("Café 日本", "Café 日本"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb\0c", "a\\rb\\x00c"),
        ("\ud800", "\\ud800"),
        ("\u202eright to left", "\\u202eright to left"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """What could move a terminal's cursor or break its encoding is shown as an escape."""
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_anything_is_printable(text: str) -> None:
    """Any text comes out encodable and without control characters."""
    shown = printable(text)
    shown.encode()
    assert all(character.isprintable() or character in "\n\t" for character in shown)


def test_no_bars_where_nobody_looks(capsys: Captured) -> None:
    """Without a terminal there are no bars, and moving them does nothing."""
    for wanted in (True, False):
        with bars(wanted=wanted) as shown:
            shown.add("read", "Reading")
            shown.grow("read", 3)
            shown.advance("read", 1)
    told = capsys.readouterr()
    assert told.out == told.err == ""


def test_bars_on_a_terminal(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are drawn on standard error and leave standard output alone."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with bars(wanted=True) as shown:
        shown.add("read", "Reading", total=0)
        shown.grow("read", 3)
        shown.advance("read", 3)
        shown.add("open", "Opening", total=None)
    told = capsys.readouterr()
    assert told.out == ""
    assert "Reading" in told.err
    assert "3/3" in told.err


def test_what_has_no_bar_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Older generations follow too, and tell of it under names that nobody draws."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with bars(wanted=True) as shown:
        shown.add("lexical", "lexical index", 3)
        for name in ("lexical", "lexical@1"):
            shown.grow(name, 2)
            shown.advance(name, 1)
