"""An indexed folder that every test of the command line may search."""

from pathlib import Path

import pytest

from tests.e2e.tandem_command import Tandem

BOOKS = """\
{"id": "b1", "title": "The Snow Leopard", "body": "A walk through the Himalaya in search of a rare \
big cat.", "genres": ["travel", "nature"], "year": 1978, "in_print": true}
{"id": "b2", "title": "Cosmos", "body": "How the universe came to be, told by an astronomer.", \
"genres": ["science"], "year": 1980, "in_print": true}
{"id": "b3", "title": "The Art of Electronics", "body": "Circuits, amplifiers and microcontrollers \
explained.", "genres": ["science", "engineering"], "year": 2015, "in_print": false}
{"id": "b4", "title": "Salt: A World History", "body": "How a common mineral shaped trade, taxes \
and cooking.", "genres": ["history"], "year": 2002, "in_print": true}
"""


@pytest.fixture
def tandem(tmp_path: Path) -> Tandem:
    """The command line in an empty folder."""
    return Tandem(tmp_path)


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Tandem:
    """The command line in a folder where four books are indexed; only to be read."""
    folder = tmp_path_factory.mktemp("books")
    (folder / "books.jsonl").write_text(BOOKS, "utf-8")
    # a busy machine leaves no leg out
    (folder / "tandem.toml").write_text("[search]\nbudget_ms = 20000\n", "utf-8")
    made = Tandem(folder)
    indexed = made("index", "books.jsonl")
    assert indexed.code == 0, indexed.err
    return made
