"""Which databases a catalogue may live in, and how they are named."""

from pathlib import Path

import pytest

from tandem.catalog.urls import database_url, events_url, file_url, frozen_url, is_server, shown
from tandem.errors import SettingsError

SERVER = "postgresql+psycopg://"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:",
        "",
        "sqlite:///x.db?mode=memory",
        "sqlite:///file::memory:?uri=true",
        "sqlite://host/x.db",
        "sqlite://user:hidden@/x.db",
        "sqlite://:hidden@host:port/x.db",
        "mysql://user:hidden@host/x",
        "sqlite+pysqlite:///x.db",
        "postgresql://user:hidden@host/x",
        "postgres://user:hidden@host/x",
        "postgresql+psycopg2://user:hidden@host/x",
        f"{SERVER}user:hidden@host",
        f"{SERVER}user:hidden@host/",
        f"{SERVER}user:hidden@/x",
        f"{SERVER}/x",
        f"{SERVER}user:hidden@host:port/x",
        f"{SERVER}user@host/x?password=hidden",
    ],
)
def test_bad_urls(url: str) -> None:
    """What is no file would be lost with the process; what is neither database is not built in."""
    with pytest.raises(SettingsError, match=r"engines\.catalog: ") as raised:
        database_url(url)
    assert "sqlite:///PATH" in raised.value.hint
    assert "postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE" in raised.value.hint
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"{SERVER}user:hidden@host:5433/books", "books at host:5433"),
        (f"{SERVER}user:hidden@host/books?sslmode=require", "books at host:5432"),
        (f"{SERVER}host/books", "books at host:5432"),
        (f"{SERVER}user:p%40ss@[::1]:5433/books", "books at ::1:5433"),
        ("sqlite:///folder/x.db", "folder/x.db"),
        ("sqlite:////folder/x.db", "/folder/x.db"),
    ],
)
def test_good_urls(url: str, words: str) -> None:
    """They are read, and named without user and password."""
    found = database_url(url)
    assert shown(found) == words
    assert is_server(found) == url.startswith(SERVER)


def test_a_file(tmp_path: Path) -> None:
    """Whatever its path has in it."""
    assert shown(file_url(tmp_path / "a%20b?c#d.db")) == str(tmp_path / "a%20b?c#d.db")


@pytest.mark.parametrize(
    ("documents", "events"),
    [
        ("documents.sqlite", "events.sqlite"),
        ("documents.db", "events.db"),
        ("one.sqlite", "one-events.sqlite"),
        ("two", "two-events"),
        ("q?3.sqlite", "q?3-events.sqlite"),
    ],
)
def test_events_are_beside_the_documents(documents: str, events: str) -> None:
    """Two catalogues in one folder do not share them."""
    folder = Path("/some where")
    assert events_url(file_url(folder / documents)) == file_url(folder / events)
    pages = events.replace("events", "pages")
    assert frozen_url(file_url(folder / documents)) == file_url(folder / pages)


def test_a_server_keeps_both_logs_in_one_database() -> None:
    """Nobody has to name a second one."""
    url = database_url(f"{SERVER}user:hidden@host/x")
    assert events_url(url) is url
    assert frozen_url(url) is url
