"""A house on embedded engines with two models that have no weights, and what follows it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.asking import Notify
from api.bootstrap import House, open_house
from api.candidates import ReindexOrder
from api.desk import Desk
from api.embedders import silent
from api.owner import Owner
from indexer.reindexing import ReindexOutcome, unheard
from tandem.catalog.releases import Generation
from tandem.documents import Document
from tandem.settings import Settings
from tests.integration.downtime.embedders import MODELS

NAME = "main"
FIELDS: dict[str, Any] = {"note": {"type": "text"}, "kind": {"type": "keyword"}}


def settings_in(folder: Path, **values: Any) -> Settings:
    """The first model and some fields, in a data folder of that folder."""
    given = {"fields": FIELDS, "embedding": {"model": MODELS[0]}, "search": {"budget_ms": 20_000}}
    return Settings(**{"data_dir": folder / "data", **given, **values})


def adopt(house: House, **values: Any) -> None:
    """Other settings in the same folder, as if the process had been started with them."""
    house.settings = settings_in(house.settings.data_dir.parent, **values)
    house.embedders.adopt(house.settings)
    for collection in house._open.values():
        collection.settings = house.settings


def documents(first: int, last: int) -> list[Document]:
    """Documents ``d<first>`` to ``d<last>``, each with a word of its own in body and note."""
    return [
        Document(f"d{number}", "", f"text word{number}", {"note": f"mark{number}", "kind": "k"})
        for number in range(first, last + 1)
    ]


def write(house: House, first: int, last: int) -> None:
    """Append those to the log."""
    house.catalog.documents.append(NAME, "test", documents(first, last))


@contextmanager
def owned(settings: Settings) -> Iterator[House]:
    """The house, with a collection of twenty documents where there is none yet."""
    with open_house(settings, "test", follows=True) as house:
        if not house.has_collection(settings.collection):
            declared = settings.declared_schema()
            assert declared is not None
            house.create_collection(settings.collection, declared)
            write(house, 1, 20)
        yield house


@contextmanager
def at_work(house: House) -> Iterator[Owner]:
    """Its owner, following."""
    owner = Owner(house)
    try:
        owner.start()
        yield owner
    finally:
        owner.close()


def reindexed(owner: Owner, **order: Any) -> tuple[Generation, ReindexOutcome]:
    """A reindex, told to nobody."""
    return owner.reindex(NAME, ReindexOrder(**order), unheard)


def worked_off(owner: Owner, notify: Notify = silent) -> None:
    """What is wanted now is done, as by whoever follows."""
    desk = Desk(owner, notify)
    desk.look()
    desk.close()


def generations(house: House) -> dict[int, str]:
    """Number -> state, of those that are not dropped."""
    return {item.number: item.state for item in house.catalog.releases.generations(NAME)}


def on_engines(house: House) -> set[str]:
    """The indexes that the engines have."""
    return {*house.lexical_store.names(), *house.vector_store.names()}


def index_names(*numbers: int) -> set[str]:
    """The indexes of those generations."""
    return {f"{NAME}-{leg}-{number}" for number in numbers for leg in ("lexical", "vector")}
