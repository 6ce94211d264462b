"""What is kept in order on the engines beside the catalogue; best effort, done again later."""

from api.bootstrap import House
from api.collection import OpenCollection
from api.publication import publish as publish_index
from tandem.catalog.releases import Generation
from tandem.errors import EngineError, TandemError
from tandem.stores import LexicalStore, VectorStore
from tandem.telemetry import logger


def sweep(house: House) -> None:
    """Remove what a crash amid a drop left on the engines."""
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


def publish(house: House, collection: OpenCollection) -> None:
    """People outside find the live indexes under the collection's name."""
    for store, name in _indexes(house, collection.generation):
        publish_index(store, collection.name, name)


def remove(house: House, generation: Generation) -> None:
    """Remove both indexes of a generation that is dropped."""
    for store, name in _indexes(house, generation):
        try:
            store.drop(name)
        except TandemError as error:  # whoever waits for something else must not fail of it
            logger("api").warning("%s is removed at the next start: %s", name, error)


def _indexes(
    house: House, generation: Generation
) -> tuple[tuple[LexicalStore, str], tuple[VectorStore, str]]:
    return (
        (house.lexical_store, generation.lexical_name),
        (house.vector_store, generation.vector_name),
    )
