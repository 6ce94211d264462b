"""SQLite as the catalogue needs it: what it takes of the memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from tandem.catalog.database import reading, writing
from tandem.catalog.sqlite import READING_KIB, WRITING_KIB, open_engine
from tandem.catalog.urls import file_url

CONNECTIONS = 5

PROGRAM = f"""\
import ctypes, sys
from contextlib import ExitStack
from pathlib import Path
from tandem.catalog.database import reading, writing
from tandem.catalog.sqlite import open_engine
from tandem.catalog.urls import file_url
try:
    import _sqlite3
    used = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
except AttributeError:  # it is in the interpreter itself
    sys.exit()
used.restype = ctypes.c_longlong
engine = open_engine(file_url(Path(sys.argv[1])), "OFF")
with ExitStack() as opened:
    connections = []
    for _ in range({CONNECTIONS}):
        with writing(engine) as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS pages (content BLOB)")
            rows = [(bytes(4_000),)] * ({WRITING_KIB} // 8)
            connection.exec_driver_sql("INSERT INTO pages VALUES (?)", rows)
        connections.append(opened.enter_context(reading(engine)))
    for connection in connections:
        connection.exec_driver_sql("SELECT sum(length(content)) FROM pages").scalar_one()
    print(used())
"""


def test_who_reads_keeps_few_pages(tmp_path: Path) -> None:
    """Though each connection has written before, and keeps more for as long as it does."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "a.sqlite")]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if not told or told == "0\n":
        pytest.skip("this Python's SQLite does not say what it takes")
    assert int(told) < 1.5 * CONNECTIONS * READING_KIB * 1_024


def test_who_writes_keeps_more(tmp_path: Path) -> None:
    """Whatever the connection was used for before."""
    engine = open_engine(file_url(tmp_path / "a.sqlite"), "OFF")
    try:
        for _ in range(2):
            for begin, kib in ((reading, READING_KIB), (writing, WRITING_KIB)):
                with begin(engine) as connection:
                    kept = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
                    assert kept == -kib
    finally:
        engine.dispose()
