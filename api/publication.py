"""The alias under which people outside find the live indexes of a collection."""

from dataclasses import replace

from indexer.generations import Index, IndexFactory
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation
from tandem.errors import TandemError
from tandem.stores import LexicalStore, VectorStore
from tandem.telemetry import logger


def publish(store: LexicalStore | VectorStore, collection: str, name: str) -> None:
    """Let the collection's alias lead to the index of that name; best effort, Tandem itself never
    reads it.
    """
    try:
        store.publish(f"tandem-{collection}", name)
    except TandemError as error:
        logger("api").warning(
            "the alias tandem-%s does not lead to %s: %s", collection, name, error
        )


def publishing(
    factory: IndexFactory[Index],
    store: LexicalStore | VectorStore,
    catalog: Catalog,
    generation: Generation,
) -> IndexFactory[Index]:
    """The factory, whose indexes get the alias as they are created, if their generation is live: an
    index that is built first, or anew, was there at no promotion.
    """

    def create(identity: str) -> Index:
        index = factory.create(identity)
        live = catalog.releases.live(generation.collection)
        if live is not None and live.generation == generation.number:
            publish(store, generation.collection, factory.name)
        return index

    return replace(factory, create=create)
