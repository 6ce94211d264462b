"""An index that another version of Tandem wrote is built again: nobody takes a part for all."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.bootstrap import House
from api.serving import Serving
from indexer.indexing import catch_up
from tandem.engines.tantivy_index import TantivyIndex
from tandem.engines.tantivy_store import TantivyStore
from tandem.errors import EngineError, IndexOutdated
from tandem.queries import Query
from tandem.rankings import Degradation, SearchResult
from tests.owned_house import NAME, at_work, owned, reindexed, settings_in, write

pytestmark = pytest.mark.usefixtures("models")

REBUILDING = Degradation("lexical", "rebuilding")


@contextmanager
def upgraded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Twenty documents, in indexes of which this version cannot read the lexical one. Nobody
    follows yet.
    """
    settings = settings_in(folder)
    with owned(settings) as house:
        assert catch_up(house.collection(NAME).followers) == []

    def refuse(*_: object) -> None:
        raise IndexOutdated("format 1")

    with monkeypatch.context() as outdated:
        outdated.setattr(TantivyStore, "open", refuse)
        with owned(settings) as house:
            house.collection(NAME)
            outdated.undo()
            yield house


def found(house: House, configuration: str) -> SearchResult:
    """What is found of the word in all documents."""
    return house.collection(NAME).searcher(configuration).search(Query("text", limit=50))


def test_searches_say_what_they_lack_until_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And readiness, and suggestions."""
    with upgraded(tmp_path, monkeypatch) as house, closing(Serving(house)) as serving:

        def told() -> str:
            return str(serving.readiness()["legs"]["lexical"]["state"])

        assert told() == "rebuilding"
        for configuration in ("lexical", "hybrid"):
            result = found(house, configuration)
            assert result.degraded == (REBUILDING,)
            assert (result.total, result.facets) == (None, None)
        assert len(result.page) == 20, "meaning has them all"
        assert serving.suggest("te", {}, 5, 10_000.0).degraded == (REBUILDING,)
        assert catch_up(house.collection(NAME).followers) == []
        assert told() == "ok"
        for configuration in ("lexical", "hybrid"):
            result = found(house, configuration)
            assert (result.total, result.degraded) == (20, ())
        assert serving.suggest("te", {}, 5, 10_000.0).degraded == ()


def test_whoever_comes_next_knows_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that began it anew ended before it had built anything."""
    with upgraded(tmp_path, monkeypatch):
        pass
    with owned(settings_in(tmp_path)) as house:
        assert found(house, "lexical").degraded == (REBUILDING,)
        assert catch_up(house.collection(NAME).followers) == []
        assert found(house, "lexical").degraded == ()


def test_an_index_that_cannot_be_built_in_place_is_left_by_a_reindex(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a server, where the index may be somebody else's to keep: the leg is out, which every
    answer says; the other one is followed; a reindex makes an index that this version reads.
    """
    settings = settings_in(tmp_path)
    with owned(settings) as house:
        assert catch_up(house.collection(NAME).followers) == []
    whole = TantivyStore.open

    def refuse(store: TantivyStore, name: str, *rest: Any) -> TantivyIndex:
        if name == f"{NAME}-lexical-1":
            raise EngineError("format 1, this Tandem reads 2", hint="tandem reindex")
        return whole(store, name, *rest)

    monkeypatch.setattr(TantivyStore, "open", refuse)
    with owned(settings) as house, at_work(house) as owner:
        collection = house.collection(NAME)
        assert "tandem reindex" in collection.faults["lexical"].hint
        assert found(house, "hybrid").degraded == (Degradation("lexical", "unavailable"),)
        write(house, 21, 25)
        generation, outcome = reindexed(owner)
        assert outcome.release is not None
        assert collection.generation.number == generation.number == 2
        assert collection.faults == {}
        result = found(house, "hybrid")
        assert (result.total, result.degraded) == (25, ())
    with owned(settings) as house:
        assert found(house, "lexical").total == 25
