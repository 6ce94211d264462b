"""An index that is missing, exchanged, half built or damaged, and a log that does not fit it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.bootstrap import House, open_house
from api.collection import OpenCollection
from api.commands.index import warn_of_rebuilds
from indexer.following import following
from indexer.indexing import catch_up
from tandem.catalog.checkpoints import Checkpoint
from tandem.errors import LogMismatch
from tandem.queries import Query
from tandem.rankings import Degradation, Part
from tests.fakes import HashEmbedder
from tests.integration.crash.audit import exact
from tests.integration.crash.driver import opened, send, settings
from tests.integration.crash.stream import batch

SEED = 7
BATCHES = 10
LEGS = ("lexical", "vector")


class Place:
    """A data folder, and one process after the other that opens it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.embedder = HashEmbedder()

    def house(self) -> House:
        """A fresh start; nothing has been embedded in it yet."""
        self.embedder = HashEmbedder()
        return open_house(settings(self.folder), "test", embedder=self.embedder)

    def fill(self, name: str, first: int = 0) -> None:
        """Index some batches into a collection."""
        with self.house() as house:
            collection = opened(house, name)
            for number in range(first, first + BATCHES):
                send(house.catalog.documents, batch(SEED, number, name))
            assert catch_up(collection.followers) == []

    def index(self, leg: str, name: str = "main") -> Path:
        """The index folder of a leg."""
        (folder,) = (self.folder / leg).glob(f"{name}-*")
        return folder

    def checkpoint(self, leg: str) -> Checkpoint:
        """What the catalogue says of a leg's index."""
        with self.house() as house:
            found = house.catalog.checkpoints.read(self.index(leg).name)
        assert found is not None
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A folder with one collection, both indexes current."""
    made = Place(tmp_path / "data")
    made.fill("main")
    yield made
    with made.house() as house:
        assert exact(house, "main")
        assert house.collection("main").live.rebuilding == {}


def other(leg: str) -> str:
    """The leg that is left."""
    return next(name for name in LEGS if name != leg)


def check_rebuilt(place: Place, leg: str, reason: str) -> None:
    """The next start rebuilds that leg alone, says so, and embeds nothing again."""
    kept = place.checkpoint(other(leg))
    with place.house() as house:
        collection = house.collection("main")
        assert collection.live.rebuilding == {leg: reason}
        assert collection.behind > 0
        with following(collection.followers) as work:
            pass
        assert work.legs[leg].applied > 0
        assert work.legs[other(leg)].applied == 0
        assert collection.behind == 0
        assert place.embedder.embedded == []
        exact(house, "main")
    after = place.checkpoint(other(leg))
    assert after.identity == kept.identity
    assert after.applied >= kept.applied


@pytest.mark.parametrize("leg", LEGS)
def test_a_deleted_index_is_built_again(place: Place, leg: str) -> None:
    """The index folder of one engine deleted: that leg starts from zero, the other goes on."""
    shutil.rmtree(place.index(leg))
    check_rebuilt(place, leg, "is missing")


@pytest.mark.parametrize("leg", LEGS)
def test_an_emptied_index_is_built_again(place: Place, leg: str) -> None:
    """An index whose files are gone is not taken for an index that holds nothing."""
    data = place.index(leg) / "data"
    shutil.rmtree(data)
    data.mkdir()
    check_rebuilt(place, leg, "is missing")


@pytest.mark.parametrize("leg", LEGS)
def test_an_exchanged_index_is_built_again(place: Place, leg: str) -> None:
    """A folder put in place of another index's is recognised by its identity."""
    place.fill("other", first=BATCHES)
    folder = place.index(leg)
    shutil.rmtree(folder)
    shutil.copytree(place.index(leg, "other"), folder)
    check_rebuilt(place, leg, "is not the one that was built here")


def test_the_command_line_says_what_it_rebuilds(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person reads which index starts again, and why."""
    shutil.rmtree(place.index("vector"))
    with place.house() as house:
        warn_of_rebuilds(house.collection("main"))
    told = capsys.readouterr().err
    assert told == "the vector index is missing: building it again from the document log\n"


@pytest.mark.parametrize("leg", LEGS)
def test_an_index_killed_while_it_was_made_is_made_again(place: Place, leg: str) -> None:
    """With nothing applied there is nothing to keep: a half-made index does not stop a start."""
    with place.house() as house:
        house.create_collection("young", house.collection("main").generation.schema)
    data = place.index(leg, "young") / "data"
    for path in sorted(data.rglob("*"), reverse=True):
        if path.is_file():
            path.write_bytes(b"half")
    with place.house() as house:
        young = house.collection("young")
        assert young.live.rebuilding == {}
        send(house.catalog.documents, batch(SEED, 0, "young"))
        assert exact(house, "young")


def test_an_index_ahead_of_the_log_is_built_again(place: Place) -> None:
    """It has applied what the log does not know: an older log came in the place of its own."""
    held = place.checkpoint("lexical")
    with place.house() as house:
        house.catalog.checkpoints.advance(held, held.applied + 5)
    check_rebuilt(place, "lexical", f"is ahead of the document log, which ends at {held.applied}")


def test_an_index_of_another_log_is_refused(place: Place) -> None:
    """Sequences of two logs say nothing about each other."""
    held = place.checkpoint("vector")
    with place.house() as house:
        house.catalog.checkpoints.start(held.index_name, held.identity, "another-log")
    with place.house() as house, pytest.raises(LogMismatch, match="another document log") as caught:
        house.collection("main")
    assert caught.value.hint
    with place.house() as house:
        house.catalog.checkpoints.start(held.index_name, held.identity, held.log_id)


DAMAGED = {"lexical": "*.store", "vector": "edge_config.json"}


@pytest.mark.parametrize("leg", LEGS)
def test_a_damaged_index_says_how_to_heal_it(place: Place, leg: Part) -> None:
    """A truncated file leaves its leg out, with a hint; doing what it says heals the index."""
    for path in (place.index(leg) / "data").rglob(DAMAGED[leg]):
        # another file in its place: what this process has mapped still, it may still read
        cut = path.with_name("cut")
        cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        cut.replace(path)
    with place.house() as house:
        fault = house.collection("main").faults[leg]
        result = house.collection("main").searcher().search(Query("word"))
    assert "cannot be opened" in str(fault)
    assert fault.hint.startswith(f"delete the folder {place.index(leg)};")
    assert result.degraded == (Degradation(leg, "unavailable"),)
    assert result.documents.keys() == set(result.page.document_ids)
    shutil.rmtree(place.index(leg))
    check_rebuilt(place, leg, "is missing")


def test_a_lexical_index_without_its_list_of_segments_is_damaged(place: Place) -> None:
    """Without it tantivy would begin an empty index beside the old files: that is no index."""
    (place.index("lexical") / "data" / "meta.json").unlink()
    with place.house() as house:
        assert "cannot be opened" in str(house.collection("main").faults["lexical"])
    shutil.rmtree(place.index("lexical"))
    check_rebuilt(place, "lexical", "is missing")


def test_what_a_leg_refused_is_known_again_after_a_rebuild(place: Place) -> None:
    """The failure table belongs to the index: it is emptied and filled with it."""
    number = BATCHES
    with place.house() as house:
        while not refused(house.collection("main")):
            send(house.catalog.documents, batch(SEED, number, "main"))
            assert catch_up(house.collection("main").followers) == []
            number += 1
        before = refused(house.collection("main"))
    shutil.rmtree(place.index("vector"))
    with place.house() as house:
        assert refused(house.collection("main")) == 0
        assert catch_up(house.collection("main").followers) == []
        assert refused(house.collection("main")) == before


def refused(collection: OpenCollection) -> int:
    """How many documents the vector index refused."""
    return collection.failure_counts()["vector"]
