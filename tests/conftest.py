"""Where the tests write, and how they are shared out where several processes run them:
``pytest --numprocesses 2``.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

NEEDS_OPENSEARCH = re.compile(
    r"contracts/test_opensearch|integration/test_(faults|serving_on|zero_downtime|verification_opensearch)"
)

NEEDS_PAGE = re.compile(r"e2e/page/test_")

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 2**30
"""A run writes up to 2 GB, its servers' data included."""


def write_into_memory() -> None:
    """Temporary files are kept in memory, where there is room: tests end processes, never the
    machine, so that nothing need reach a disk. Whoever sets ``TMPDIR`` has chosen a place.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    if has_room and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


write_into_memory()

# no test is timed: on a busy machine that would tell of the machine
settings.register_profile("tandem", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tandem")


class Together(LoadFileScheduling):  # type: ignore[misc]
    """A file's tests stay together, with what they prepare once; so do all that need OpenSearch,
    and all that need a browser and what it looks at: one of each is enough.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if NEEDS_PAGE.search(file):
            return "page"
        return "opensearch" if NEEDS_OPENSEARCH.search(file) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """See above. In the order of collection: the rooms' many quick files come last, so that no
    process is left alone with what takes long.
    """
    config.option.loadscopereorder = False
    return Together(config, log)
