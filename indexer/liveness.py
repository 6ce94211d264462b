"""Which owners of leases live: their beats move while somebody watches, whatever their names say.

A process that was killed leaves its name in the lease; only its beat stands still.
"""

import time
from collections.abc import Collection

from indexer.leases import PATIENCE_SECONDS
from tandem.catalog.checkpoints import Checkpoints
from tandem.catalog.leases import Lease

WATCH_SECONDS = PATIENCE_SECONDS
"""How long a beat may stand still before its owner counts as dead; a living one needs less."""

POLL_SECONDS = 0.1


def living(checkpoints: Checkpoints, index_names: Collection[str]) -> dict[str, str]:
    """Index -> owner, of the leases whose owner gave a sign of life while this watched.

    Returns at once where nobody holds a lease, and as soon as every owner has given one.
    """
    first = {name: checkpoints.observe(name) for name in index_names}
    waiting = {name for name, lease in first.items() if _owner(lease)}
    until = time.monotonic() + WATCH_SECONDS
    alive: dict[str, str] = {}
    while waiting and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        for name in sorted(waiting):
            lease = checkpoints.observe(name)
            if lease == first[name]:
                continue
            waiting.discard(name)
            if owner := _owner(lease):
                alive[name] = owner
    return alive


def _owner(lease: Lease | None) -> str | None:
    return None if lease is None else lease.owner or None
