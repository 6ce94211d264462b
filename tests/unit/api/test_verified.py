"""Verification of a whole collection, as a command and as the owner do it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.bootstrap import House
from api.commands import verify as command
from api.desk import Desk
from api.embedders import silent
from api.verified import verify
from indexer.findings import IndexVerification
from indexer.followers import never
from indexer.indexing import catch_up
from indexer.judging import VerifiedIndex
from indexer.verification import Verifier, VerifyOptions
from tandem.errors import OwnedElsewhere
from tandem.passages import PassageSplitter
from tests.owned_house import NAME, at_work, documents, owned, settings_in

pytestmark = pytest.mark.usefixtures("models")


def unseen(_progress: Mapping[str, Any]) -> None:
    """Show nothing."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Twenty documents, one generation; owned by this process."""
    with owned(settings_in(tmp_path)) as opened:
        yield opened


def test_a_wrong_row_of_the_embedding_cache_goes_with_what_it_brought(house: House) -> None:
    """Else the next reindex would bring it back."""
    collection = house.collection(NAME)
    embedder, cache = collection.embedder, house.catalog.embeddings
    splitter = PassageSplitter(embedder, collection.generation.passage_tokens)
    (texts,) = splitter.split(documents(3, 3))
    right = embedder.embed_documents(texts)
    cache.put(embedder.name, {texts[0]: -right[0]})
    assert catch_up(collection.followers) == []

    looked = verify(collection, VerifyOptions(), unseen, never)
    assert looked["indexes"][1]["found"]["altered"]["count"] == 1
    assert cache.get(embedder.name, texts)[texts[0]][0] == -right[0][0], "looking changes nothing"
    mended = verify(collection, VerifyOptions(repair=True), unseen, never)
    assert (mended["clean"], mended["indexes"][1]["left"]["altered"]["count"]) == (True, 0)
    np.testing.assert_array_equal(cache.get(embedder.name, texts)[texts[0]], right[0])


def test_what_went_live_while_it_was_compared_is_compared_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generations compared were dropped meanwhile: that nothing is left of them is no all
    clear.
    """
    collection, releases = house.collection(NAME), house.catalog.releases
    assert catch_up(collection.followers) == []
    made = house.create_generation(NAME, collection.generation.schema)
    assert catch_up(collection.open_generation(made).followers) == []
    compare = Verifier.verify

    def late(verifier: Verifier, index: VerifiedIndex) -> IndexVerification:
        if releases.generation(1).state != "dropped":
            releases.promote(NAME, 2, parent=1)
            releases.drop(1)
        return compare(verifier, index)

    monkeypatch.setattr(Verifier, "verify", late)
    looked = verify(collection, VerifyOptions(), unseen, never)
    assert [index["generation"] for index in looked["indexes"]] == [2, 2]
    assert (looked["clean"], looked["live"]) == (True, 2)


def test_a_generation_that_is_being_closed_is_left_out(house: House) -> None:
    """Only what is held open is compared."""
    collection = house.collection(NAME)
    assert catch_up(collection.followers) == []
    made = house.create_generation(NAME, collection.generation.schema)
    house.catalog.releases.set_state(made.number, "ready")
    collection.open_generation(made).retire()
    looked = verify(collection, VerifyOptions(), unseen, never)
    assert [index["generation"] for index in looked["indexes"]] == [1, 1]
    assert looked["clean"]


@pytest.mark.parametrize("takes_orders", [True, False])
def test_verify_beside_an_owner(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: Any, *, takes_orders: bool
) -> None:
    """It is the owner that verifies, and the command that tells, with the codes that it has always
    had; an owner that takes no orders is named.
    """
    monkeypatch.setattr(command, "settings", lambda *_: house.settings)
    monkeypatch.setattr("api.desk.LOOK_SECONDS", 0.02)
    if not takes_orders:
        monkeypatch.setattr("api.asking.ANSWER_SECONDS", 0.1)
        with pytest.raises(OwnedElsewhere, match="does not take up a verify now"):
            command.run()
        return
    assert catch_up(house.collection(NAME).followers) == []
    house.collection(NAME).lexical.index.forget(["d3"])
    told: list[str] = []
    with at_work(house) as owner:
        desk = Desk(owner, silent)
        desk.open()
        for repair, code in ((False, 1), (True, 0), (False, 0)):
            assert command.run(repair=repair, sample=5, seed=1) == code
            told.append(capsys.readouterr().out)
        desk.close()
    assert "lexical index, generation 1: differs from the log" in told[0]
    assert told[0].endswith("next: tandem verify --repair\n")
    assert "  mended             1" in told[1].splitlines()
    assert told[2].count("holds what the log says (20 compared, 5 of them by content") == 2
    assert "the sample's seed is 1" in told[2]
