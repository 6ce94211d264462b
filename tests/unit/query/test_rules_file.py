"""The file of rules is read again when it changes; a broken one changes nothing."""

import os
import threading
import time
from pathlib import Path

import pytest

from query.rules import NO_RULES
from query.rules_file import RulesFile
from query.rules_reading import read_rules
from tandem.errors import SettingsError
from tests.builders import schema_of
from tests.logs import logged

SCHEMA = schema_of()


def hiding(document_id: str) -> str:
    """A file whose only rule hides it for the query ``q``."""
    return f'[[rules]]\nname = "r"\nquery = "q"\nhide = ["{document_id}"]\n'


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is looked at whenever somebody asks."""
    monkeypatch.setattr("query.rules_file.LOOK_SECONDS", 0.0)
    made = tmp_path / "rules.toml"
    made.write_text(hiding("a"))
    return made


def hidden(file: RulesFile) -> frozenset[str]:
    """What the rules in force hide."""
    return file.current().hidden("q", SCHEMA)


def test_a_changed_file_is_in_force(path: Path) -> None:
    """Without a restart, also where neither its size nor, as clocks go, its time changed."""
    file = RulesFile(path)
    assert hidden(file) == {"a"}
    for name in "bcd":
        path.write_text(hiding(name))
        assert hidden(file) == {name}
        assert file.fault is None


def test_an_unchanged_file_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules stay the same object, and once it is settled only its status is looked at."""
    file = RulesFile(path)
    first = file.current()
    assert file.current() is first
    os.utime(path, (time.time() - 60, time.time() - 60))
    assert file.current() is first
    monkeypatch.setattr("query.rules_file._beginning", lambda _: pytest.fail("it was read again"))
    assert file.current() is first


def test_it_is_looked_at_once_a_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many queries come."""
    monkeypatch.setattr("query.rules_file.LOOK_SECONDS", 3_600.0)
    file = RulesFile(path)
    path.write_text(hiding("b"))
    assert hidden(file) == {"a"}


def test_a_broken_file_changes_nothing(path: Path) -> None:
    """The rules before stay in force, the fault is named, and logged once."""
    file = RulesFile(path)
    with logged("query") as records:
        path.write_text("[[rules]")
        assert hidden(file) == {"a"}
        assert hidden(file) == {"a"}
    assert file.fault is not None
    assert file.fault.startswith(f"{path}: not TOML: ")
    assert [record.getMessage() for record in records] == [
        f"{file.fault}; the rules before stay in force"
    ]
    path.write_text(hiding("b"))
    assert hidden(file) == {"b"}
    assert file.fault is None


def test_the_same_rules_after_a_broken_file(path: Path) -> None:
    """Putting it back as it was mends it."""
    file = RulesFile(path)
    path.write_text("[[rules]")
    hidden(file)
    path.write_text(hiding("a"))
    assert hidden(file) == {"a"}
    assert file.fault is None


def test_a_file_that_vanishes_changes_nothing(path: Path) -> None:
    """As a broken one; it may be being replaced."""
    file = RulesFile(path)
    path.unlink()
    assert hidden(file) == {"a"}
    assert file.fault == f"{path}: cannot be read: No such file or directory"
    path.write_text(hiding("b"))
    assert hidden(file) == {"b"}
    assert file.fault is None


@pytest.mark.parametrize("content", [None, "[[rules]", '[[rules]]\nname = "r"'])
def test_at_the_start_it_must_be_right(tmp_path: Path, content: str | None) -> None:
    """Whoever names a file means it."""
    path = tmp_path / "rules.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=r"rules\.toml: "):
        RulesFile(path)


def test_no_file_is_no_rules() -> None:
    """And nothing is ever looked at."""
    assert RulesFile(None).current() is NO_RULES


def test_nobody_waits_for_who_reads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one query reads the changed file, the others have the rules before it."""
    file = RulesFile(path)
    path.write_text(hiding("b"))
    reading, done = threading.Event(), threading.Event()
    read = read_rules

    def slowly(content: bytes, name: str) -> object:
        reading.set()
        done.wait(30)
        return read(content, name)

    monkeypatch.setattr("query.rules_file.read_rules", slowly)
    reader = threading.Thread(target=file.current)
    reader.start()
    assert reading.wait(30)
    assert hidden(file) == {"a"}
    done.set()
    reader.join(30)
    assert hidden(file) == {"b"}
