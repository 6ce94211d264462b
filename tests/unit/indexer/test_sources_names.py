"""The names under which sources are remembered."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sources.names import MAXIMUM_NAME_CHARACTERS, given_name, path_name
from tandem.errors import SourceError


@pytest.mark.parametrize("name", ["", " ", "\t\n"])
def test_a_blank_name_is_refused(name: str) -> None:
    """It would look like no name at all."""
    with pytest.raises(SourceError, match="--source: the name is blank"):
        given_name(name)


@pytest.mark.parametrize("name", ["x" * 256, "\udcff" * 50])
def test_an_overlong_name_is_refused(name: str) -> None:
    """Cut short, two names could become one; escapes count as they are stored."""
    with pytest.raises(SourceError, match=r"at most 255 characters are allowed, found [23]"):
        given_name(name)


def test_what_is_no_utf8_is_escaped() -> None:
    """Such a name can be stored and printed; every other one stays as it was given."""
    assert given_name("s\udcff") == "s\\udcff"
    assert given_name("Bücher") == "Bücher"


def test_links_in_a_circle_are_a_source_error(tmp_path: Path) -> None:
    """A path without an end has no name."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(SourceError, match="cannot be opened"):
        path_name(str(tmp_path / "a"))


def test_a_path_is_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it was written."""
    monkeypatch.chdir(tmp_path)
    assert path_name("a.jsonl") == path_name("./b/../a.jsonl") == str(tmp_path / "a.jsonl")


PARTS = (
    st.binary(min_size=1, max_size=20)
    .map(lambda part: os.fsdecode(part.replace(b"\0", b"a").replace(b"/", b"b")))
    .filter(lambda part: part not in (".", ".."))
)


@given(st.lists(PARTS, min_size=1, max_size=40))
def test_names_can_be_stored_and_never_collide(parts: list[str]) -> None:
    """At most 255 characters of UTF-8, and another name for a path that differs at its start."""
    path = "/" + "/".join(parts)
    names = {path_name(path), path_name("/other" + path), path_name(path + "\udcff")}
    assert len(names) == 3
    assert all(len(name.encode()) and len(name) <= MAXIMUM_NAME_CHARACTERS for name in names)


def test_an_escape_is_not_taken_for_the_file_of_that_very_name() -> None:
    """A name that spells the escape out is another file."""
    assert path_name("/b\udcff.jsonl") != path_name("/b\\udcff.jsonl")
    assert path_name("/b\udcff.jsonl").endswith(":/b\\udcff.jsonl")
