"""How to search and write over HTTP and from Python: every command and program, as it stands."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tandem.client import Client, Refused
from tandem.errors import DocumentNotFound
from tests.e2e.documented import ADDRESS, Served, blocks, help_served, replies
from tests.e2e.shop import until

COOKBOOK = blocks("curl-cookbook.md")
KEY = "TANDEM_KEY"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over a few pages of help. What counts on its sequences stands first here, and what
    makes a key last.
    """
    with help_served(tmp_path_factory.mktemp("pages")) as served:
        yield served


@pytest.fixture
def address(served: Served) -> str:
    """Where it answers."""
    return served.address


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
    assert "True 0 (" in said
    with Client(address) as client:
        assert client.document("note/9").document.title == "Note 9"
        with pytest.raises(DocumentNotFound, match="note/8"):
            client.document("note/8")


def test_every_command_of_the_cookbook(address: str) -> None:
    """Each ends well, and its reply is no error but what is promised."""
    for command in (command for command in COOKBOOK if KEY not in command):
        told = replies(command, address)
        assert not any("error" in reply for reply in told), (command, told)
        reply = told[0]
        if "hits" in reply:
            assert reply["hits"], command
        if "/v1/events" in command:
            assert reply["accepted"] == command.count('"action_name"')
            assert reply["rejected"] == []
            assert reply["unknown_query_ids"] == []
        if "/v1/users" in command:
            assert reply["events"] == 1
        if "/v1/suggest" in command:
            assert {item["text"] for item in reply["suggestions"]} >= {"Refunds"}


@pytest.mark.parametrize(
    "path",
    ["v1/search", "v1/suggest", "v1/documents", "v1/documents:batch", "v1/events", "v1/users",
     "health/live", "health/ready", "v1/openapi.json"],
)  # fmt: skip
def test_the_cookbook_has_commands_for_everything(path: str) -> None:
    """Each path is called by some command."""
    assert any(f"{ADDRESS}/{path}" in command for command in COOKBOOK)


def test_every_command_with_a_key(served: Served) -> None:
    """Once there is one nobody is answered without; with it, everything is as before."""
    made = served.shop.done("keys", "create", "--name", "cookbook", "--scope", "admin", "--json")
    key = made.data["key"]
    until(lambda: "error" in replies(COOKBOOK[0], served.address)[0])
    keyed = [command for command in COOKBOOK if KEY in command]
    for command in keyed:
        told = replies(command, served.address, **{KEY: key})
        assert not any("error" in reply for reply in told), (command, told)
    assert keyed
    with Client(served.address) as stranger, pytest.raises(Refused) as caught:
        stranger.search("refund")
    assert caught.value.told == "unauthorized"
    with Client(served.address, key=key) as client:
        assert client.search("refund").page.hits


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
