"""What must hold after a fault: the log is what the client was told, both indexes are the log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from api.bootstrap import House, open_house
from api.owner import Owner
from api.verified import verified_indexes
from indexer.findings import IndexVerification
from indexer.verification import Verifier, VerifyOptions
from tandem.settings import Settings
from tests.fakes import HashEmbedder
from tests.integration.crash.audit import exact
from tests.integration.crash.driver import opened
from tests.integration.crash.oracle import Oracle
from tests.integration.faults.client import COLLECTION

EVERYTHING = VerifyOptions(sample=1_000, rows_per_range=7)


def open_with_collection(settings: Settings) -> House:
    """The house, with its collection."""
    house = open_house(settings, "test", embedder=HashEmbedder(), follows=True)
    opened(house, COLLECTION)
    return house


@contextmanager
def at_work(house: House) -> Iterator[Owner]:
    """The house followed, until the block ends."""
    owner = Owner(house)
    try:
        owner.start()
        yield owner
    finally:
        owner.close()


def await_applied(house: House, seconds: float = 60.0) -> float:
    """Wait until both live indexes have applied what is in the log now; how long that took."""
    began, head = time.monotonic(), house.catalog.documents.head()
    collection = house.collection(COLLECTION)
    while collection.passed() < head:
        assert time.monotonic() < began + seconds, f"{collection.passed()} of {head}"
        time.sleep(0.05)
    return time.monotonic() - began


def check(house: House, oracle: Oracle) -> int:
    """Compare everything with everything in a house that nobody follows; how many documents there
    are.
    """
    held = exact(house, COLLECTION)
    assert held, "there is something to compare"
    oracle.settle({(COLLECTION, document_id): item for document_id, item in held.items()})
    check_verified(house)
    return len(held)


def verified(house: House) -> list[IndexVerification]:
    """What ``verify`` finds in the lexical and in the vector index, content of all documents
    included.
    """
    log, checkpoints = house.catalog.documents, house.catalog.checkpoints
    verifier = Verifier(log, checkpoints, COLLECTION, EVERYTHING)
    return [
        verifier.verify(index) for index in verified_indexes(house.collection(COLLECTION).complete)
    ]


def check_verified(house: House) -> None:
    """``verify`` finds both indexes clean."""
    for result in verified(house):
        assert result.is_clean, (result.leg, result.error, result.behind, result.found)
        assert result.unsettled == 0


def identities(house: House) -> dict[str, str]:
    """Index name -> the identity its checkpoint knows: another one means that it was built anew."""
    collection = house.collection(COLLECTION)
    found = {}
    for name in collection.live.index_names.values():
        checkpoint = house.catalog.checkpoints.read(name)
        found[name] = "" if checkpoint is None else checkpoint.identity
    return found
