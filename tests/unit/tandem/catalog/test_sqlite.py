"""SQLite as the catalogue needs it: what it takes of the memory."""

import _sqlite3
import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from tandem.catalog.sqlite import CACHE_KIB, HEAP_BYTES

CONNECTIONS = 5

PROGRAM = f"""\
import _sqlite3, ctypes, sys
from contextlib import ExitStack
from pathlib import Path
from tandem.catalog.sqlite import open_engine
from tandem.catalog.urls import file_url
engine = open_engine(file_url(Path(sys.argv[1])), "OFF")
with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE pages (content BLOB)")
    rows = [(bytes(4_000),)] * ({CACHE_KIB} // 4)
    connection.exec_driver_sql("INSERT INTO pages VALUES (?)", rows)
with ExitStack() as opened:
    for _ in range({CONNECTIONS}):
        connection = opened.enter_context(engine.connect())
        for _ in range(2):
            connection.exec_driver_sql("SELECT sum(length(content)) FROM pages").scalar_one()
    used = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    used.restype = ctypes.c_longlong
    print(used())
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(_sqlite3.__file__), "sqlite3_memory_used"),
    reason="this Python keeps its SQLite to itself",
)
def test_connections_share_what_they_may_take(tmp_path: Path) -> None:
    """Each alone would take all of its cache."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "a.sqlite")]
    used = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert 0 < used < 1.2 * HEAP_BYTES < CONNECTIONS * CACHE_KIB * 1024 / 2
