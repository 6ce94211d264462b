"""Who follows an index, where several hosts could.

No clock is compared between hosts: an owner lets ``beat`` grow, and whoever waits watches, by the
own clock, whether it still does.
"""

import os
import socket
from dataclasses import dataclass
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds an index, if anybody does, under which epoch, and the number of signs of life."""

    owner: str | None
    epoch: int
    beat: int


def new_owner() -> str:
    """A name for this process that no other one has: ``HOST:PID:RANDOM``."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
