"""Removes what a crash amid a drop left on the engines."""

from api.bootstrap import House
from tandem.errors import EngineError
from tandem.stores import LexicalStore, VectorStore
from tandem.telemetry import logger


def sweep(house: House) -> None:
    """Remove the indexes of no retained generation; best effort."""
    for store in (house.lexical_store, house.vector_store):
        try:
            _sweep_store(house, store)
        except EngineError as error:  # one engine that is down must not keep the other one down
            logger("api").warning("dropped indexes are not looked for: %s", error)


def _sweep_store(house: House, store: LexicalStore | VectorStore) -> None:
    found = store.names()  # first: an index is made after its generation is recorded
    releases = house.catalog.releases
    retained = {
        index_name
        for name in releases.collections()
        for generation in releases.generations(name)
        for index_name in (generation.lexical_name, generation.vector_name)
    }
    for name in found:
        if name not in retained:
            logger("api").info("removing %s, whose generation was dropped", name)
            store.drop(name)
