"""How to write, over HTTP and from Python: the pages run from top to bottom, as they stand."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tandem.client import Client
from tandem.errors import TandemError
from tests.e2e.documented import ADDRESS, blocks, help_served, replies


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server over a few pages of help, on which the pages are run one after the other."""
    with help_served(tmp_path_factory.mktemp("writing")) as address:
        yield address


def test_every_command_of_writing_over_http(address: str) -> None:
    """Each does what the page shows of its reply; one whose reply is not shown fails at nothing."""
    page = [*blocks("write-over-http.md"), ""]
    commands = [(command, shown) for command, shown in pairwise(page) if "curl" in command]
    for command, shown in commands:
        told = replies(command, address)
        if not shown.startswith("{"):
            assert not any("error" in reply for reply in told), (command, told)
            continue
        wanted = _values(shown)
        assert len(told) == len(wanted), (command, told)
        for one, other in zip(wanted, told, strict=True):
            assert _is_shown(one, other), (command, other)
    assert len(commands) > 8


def test_the_program_of_the_python_client(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It runs, and what it shows is what it says it does."""
    program = "\n".join(blocks("use-the-python-client.md")).replace(ADDRESS, address)
    exec(compile(program, "use-the-python-client.md", "exec"), {})
    said = capsys.readouterr().out
    assert "1 Refund" in said
    assert "stands at sequence" in said
    assert "2500 note/7 attributes.year" in said
    with Client(address) as client:
        assert client.document("note/9").document.title == "Note 9"
        with pytest.raises(TandemError, match="note/8"):
            client.document("note/8")


def _values(shown: str) -> list[Any]:
    """The reply that the page shows: one in several lines, or several in one line each."""
    try:
        return [json.loads(shown)]
    except ValueError:
        return [json.loads(line) for line in shown.splitlines()]


def _is_shown(shown: Any, told: Any) -> bool:
    """Whether the reply has what the page shows of it; a page may leave things out."""
    if isinstance(shown, dict):
        return all(name in told and _is_shown(value, told[name]) for name, value in shown.items())
    return bool(shown == told)
