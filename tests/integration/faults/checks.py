"""What must hold after a fault: the log is what the client was told, both indexes are the log."""

import time
from pathlib import Path

from api.bootstrap import House, open_house
from api.commands.verify import verified_indexes
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


def await_applied(house: House, seconds: float = 60.0) -> float:
    """Wait until both live indexes have applied what is in the log now; how long that took."""
    began, head = time.monotonic(), house.catalog.documents.head()
    collection = house.collection(COLLECTION)
    while collection.passed() < head:
        assert time.monotonic() < began + seconds, f"{collection.passed()} of {head}"
        time.sleep(0.05)
    return time.monotonic() - began


def check(settings: Settings, oracle: Oracle) -> int:
    """Open the house anew, after everybody else has closed it, and compare everything with
    everything; how many documents there are.
    """
    with open_house(settings, "check", embedder=HashEmbedder()) as house:
        return check_open(house, oracle)


def check_open(house: House, oracle: Oracle) -> int:
    """The same of a house that nobody follows."""
    held = exact(house, COLLECTION)
    assert held, "there is something to compare"
    oracle.settle({(COLLECTION, document_id): item for document_id, item in held.items()})
    check_verified(house)
    return len(held)


def check_verified(house: House) -> None:
    """``verify`` finds both indexes clean, content of all documents included."""
    collection = house.collection(COLLECTION)
    verifier = Verifier(house.catalog.documents, house.catalog.checkpoints, COLLECTION, EVERYTHING)
    for index in verified_indexes(collection):
        result = verifier.verify(index)
        assert result.is_clean, (index.leg, result.error, result.behind, result.found)
        assert result.unsettled == 0


def identities(house: House) -> dict[str, str]:
    """Index name -> the identity its checkpoint knows: another one means that it was built anew."""
    collection = house.collection(COLLECTION)
    found = {}
    for name in collection.live.index_names.values():
        checkpoint = house.catalog.checkpoints.read(name)
        found[name] = "" if checkpoint is None else checkpoint.identity
    return found


def data_folder(tmp_path: Path) -> Path:
    """The house's own files."""
    return tmp_path / "data"
