"""The page on judgments and runs: its files and commands, as a reader would try them."""

import re
import shlex
from pathlib import Path

import pytest

from api.app import invoke
from api.console import FOUND, PROBLEM

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "judgments-and-runs.md"
FILE = re.compile(r"`([\w.-]+)`:\n\n```\n(.*?)```", re.DOTALL)


def test_every_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, over the page's own files; the gate says what the page says it does."""
    page = PAGE.read_text(encoding="utf-8")
    for name, content in FILE.findall(page):
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^tandem (eval .*)$", page, re.MULTILINE)
    assert len(commands) == 6
    left = [invoke(shlex.split(command)) for command in commands]
    assert left == [FOUND] * 5 + [PROBLEM]
    told = re.findall(r"^(FAILED .*)$", page, re.MULTILINE)
    assert [line for line in capsys.readouterr().out.splitlines() if "FAILED" in line] == told
