"""A database file that was found damaged is moved aside, never deleted."""

import os
from pathlib import Path

from tandem.errors import CatalogError

ASIDE = ".damaged"
"""Ends the name of a file that was found damaged and replaced."""

PARTS = ("", "-wal", "-shm")
"""What belongs to a SQLite file and has to go with it."""


def move_aside(file: Path) -> Path:
    """Give the file, and what belongs to it, another name; an earlier one of that name is lost."""
    aside = file.with_name(file.name + ASIDE)
    _move(file, aside)
    return aside


def exchange(file: Path, fresh: Path) -> Path:
    """Put ``fresh`` in the place of a damaged file; where the damaged one, which nothing
    overwrites, is now.

    Raises:
        CatalogError: a file cannot be moved.
    """
    aside, number = file.with_name(file.name + ASIDE), 2
    while any(aside.with_name(aside.name + part).exists() for part in PARTS):
        aside, number = file.with_name(f"{file.name}{ASIDE}-{number}"), number + 1
    try:
        _move(file, aside)
        _move(fresh, file)
        _settle(file.parent)
    except OSError as error:
        raise CatalogError(
            f"the damaged file {file} cannot be moved to {aside}: {error.strerror or error}",
            hint="allow writing to its folder, then restore again",
        ) from None
    return aside


def remove(file: Path) -> None:
    """Delete the file and what belongs to it, as far as it is there."""
    for part in PARTS:
        file.with_name(file.name + part).unlink(missing_ok=True)


def _move(file: Path, to: Path) -> None:
    for part in PARTS:
        found = file.with_name(file.name + part)
        if found.exists():
            found.replace(to.with_name(to.name + part))


def _settle(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
