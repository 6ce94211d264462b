"""Every command of the cookbook, run as it stands."""

from collections.abc import Iterator

import pytest

from tests.e2e.documented import ADDRESS, blocks, help_served, replies

COMMANDS = blocks("curl-cookbook.md")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server over a few pages of help."""
    with help_served(tmp_path_factory.mktemp("cookbook")) as address:
        yield address


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works(address: str, command: str) -> None:
    """It ends well, and the reply is no error but what is promised."""
    (reply,) = replies(command, address)
    assert "error" not in reply, reply
    if "hits" in reply:
        assert reply["hits"]
    if "/v1/events" in command:
        assert reply["accepted"] == command.count('"action_name"')
        assert reply["rejected"] == []
        assert reply["unknown_query_ids"] == []
    if "/v1/suggest" in command:
        assert {item["text"] for item in reply["suggestions"]} >= {"Refunds"}


def test_the_page_has_commands_for_everything() -> None:
    """Each path is called by some command."""
    for path in ("search", "suggest", "documents", "events", "health", "ready", "openapi.json"):
        assert any(f"{ADDRESS}/v1/{path}" in command for command in COMMANDS), path
    assert all(ADDRESS in command for command in COMMANDS)
