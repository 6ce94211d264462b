"""The process that dies: opens the real house, catches up, and writes batch after batch.

Run as ``python -m tests.integration.crash.driver ORDER`` with an ``Order`` as JSON. Speaks to its
parent in lines: ``ready``, ``try NUMBER``, ``ack NUMBER {id: sequence}``, ``done``.
"""

import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from indexer.following import following
from indexer.indexing import catch_up
from indexer.writers import LexicalWriter, VectorWriter
from tandem.catalog.document_log import DocumentLog
from tandem.engines import qdrant_edge_index
from tandem.sections import IndexingSettings
from tandem.settings import Settings
from tests.fakes import HashEmbedder
from tests.integration.crash.phases import PHASES, Fuse
from tests.integration.crash.stream import FIELDS, SOURCE, Batch, batch


@dataclass(frozen=True, slots=True)
class Order:
    """What to write, and where to die; an empty ``phase``: nowhere of one's own accord."""

    folder: str
    seed: int
    collection: str
    first: int
    count: int
    phase: str = ""
    passage: int = 0

    def encoded(self) -> str:
        """As a command-line argument."""
        return orjson.dumps(asdict(self)).decode()


def settings(folder: Path) -> Settings:
    """The house's settings: the shortest passages, so that a document has many."""
    return Settings(data_dir=folder, indexing=IndexingSettings(passage_tokens=32))


def opened(house: House, name: str) -> OpenCollection:
    """The collection, made where it is missing."""
    if house.has_collection(name):
        return house.collection(name)
    return house.create_collection(name, FIELDS)


def small_batches() -> None:
    """So that one stream makes many batches, and one batch many updates."""
    LexicalWriter.batch_size = 9
    VectorWriter.batch_size = 7
    qdrant_edge_index.POINTS_PER_UPDATE = 10


def say(line: str) -> None:
    """One whole line to the parent, in one system call."""
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def send(log: DocumentLog, sent: Batch) -> dict[str, int]:
    """The batch through the product's own way in."""
    if sent.deletes:
        return log.delete(sent.collection, sent.deletes)
    return log.append(sent.collection, SOURCE, sent.upserts).sequences


def work(order: Order) -> None:
    """Catch up, then write while both indexes follow."""
    with open_house(settings(Path(order.folder)), "torture", embedder=HashEmbedder()) as house:
        collection = opened(house, order.collection)
        say("ready")
        for error in catch_up(collection.followers):
            raise error
        with following(collection.followers) as followed:
            for number in range(order.first, order.first + order.count):
                say(f"try {number}")
                sequences = send(
                    house.catalog.documents, batch(order.seed, number, order.collection)
                )
                say(f"ack {number} {orjson.dumps(sequences).decode()}")
                followed.notify()
        for leg in followed.legs.values():
            if leg.error is not None:
                raise leg.error
    say("done")


if __name__ == "__main__":
    given = Order(**orjson.loads(sys.argv[1]))
    small_batches()
    if given.phase:
        PHASES[given.phase].install(Fuse(given.passage))
    work(given)
