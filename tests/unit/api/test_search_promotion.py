"""A tuned search goes live and back with releases."""

import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from api.app import app
from api.asking import Order
from api.bootstrap import House
from api.carrying_out import carry_out
from api.owner import Owner
from tandem.errors import GateFailed, InputError
from tandem.queries import Query
from tandem.rankings import SearchResult
from tests.integration.downtime.embedders import MODELS
from tests.owned_house import NAME, adopt, owned, settings_in

SEARCH = {"fusion": "min-max", "depth": 5, "lexical": {"share": 1.0}, "vector": {"share": 0.0}}


@pytest.fixture
def owner(owner: Owner) -> Owner:
    """At work, and done with what there is."""
    collection, until = owner.house.collection(NAME), time.monotonic() + 60
    while collection.behind and time.monotonic() < until:
        time.sleep(0.01)
    return owner


def unseen(_progress: Any) -> None:
    """Show nothing."""


def promoted(owner: Owner, search: dict[str, Any], **arguments: Any) -> Any:
    """As ``tandem promote --search`` has it done."""
    return carry_out(owner, Order(NAME, "promote", {"search": search, **arguments}), unseen)


def found(house: House) -> SearchResult:
    """What a search finds now."""
    return house.collection(NAME).searcher().search(Query("word3 word4 text", limit=3))


def shares(result: SearchResult) -> list[float]:
    """What meaning did to the score of each hit."""
    return [
        part.contribution
        for hit in result.page.hits
        for part in hit.contributions
        if part.feature == "vector"
    ]


def test_it_goes_live_and_back(owner: Owner) -> None:
    """Searches go by it at once, and going back ends it."""
    house = owner.house
    before = found(house)
    assert any(shares(before))
    outcome = promoted(owner, SEARCH)
    assert (outcome["release"], outcome["generation"], outcome["gates"]) == (2, 1, [])
    tuned = found(house)
    assert tuned.release == 2
    assert shares(tuned) == [0.0] * 3
    assert house.collection(NAME).searching.settings_of(house.collection(NAME).release).depth == 5
    assert promoted(owner, SEARCH)["release"] == 2
    carry_out(owner, Order(NAME, "rollback", {}), unseen)
    assert found(house).page == before.page
    assert promoted(owner, {})["release"] == 1, "it has none: nothing to end"


def test_one_that_finds_worse_is_refused(owner: Owner, tmp_path: Path) -> None:
    """Where the settings name judgments; it can be overridden."""
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "word3"}\n')
    (folder / "corpus.jsonl").write_text("")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td3\t1\n")
    adopt(owner.house, quality={"judgments": folder})
    worse = {"lexical": {"share": 0.0}, "vector": {"share": 0.0}}
    with pytest.raises(GateFailed, match="quality"):
        promoted(owner, worse)
    assert owner.house.collection(NAME).release.number == 1
    outcome = promoted(owner, worse, overridden=["quality"])
    assert (outcome["release"], outcome["overridden"]) == (2, ["quality"])


def test_what_cannot_be_read_is_left_out(owner: Owner, caplog: pytest.LogCaptureFixture) -> None:
    """Such as a fusion of a later version: people search by the settings, and it is told once."""
    house = owner.house
    releases = house.catalog.releases
    before = found(house)
    releases.promote(NAME, 1, parent=1, search='{"fusion":"quantum"}')
    house.collection(NAME).refresh()
    for _ in range(2):
        assert found(house).page == before.page
    assert caplog.text.count("the search of release 2") == 1


def test_the_commands(tmp_path: Path, models: None) -> None:
    """A file goes in, the list of releases says so, and --no-search ends it."""
    with owned(settings_in(tmp_path)):
        pass
    (tmp_path / "tandem.toml").write_text(
        f'data_dir = "data"\n[embedding]\nmodel = "{MODELS[0]}"\n'
        '[fields.note]\ntype = "text"\n[fields.kind]\ntype = "keyword"\n'
    )
    file = tmp_path / "tuned.toml"
    file.write_text('[search]\nfusion = "z-score"\n')

    def tandem(*words: str) -> Any:
        arguments = [*words, "--config", str(tmp_path / "tandem.toml"), "--json"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return orjson.loads(done.stdout)

    assert tandem("promote", "--search", str(file))["release"] == 2
    assert tandem("promote", "--no-search")["release"] == 3
    searches = [item["search"] for item in tandem("releases")["releases"]]
    assert searches == [None, {"fusion": "z-score"}, None]


def test_one_thing_is_promoted_at_a_time(tmp_path: Path) -> None:
    """What is expected is told."""
    words = ["promote", "1", "--no-search", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, InputError)
    assert "--search with a file, or --no-search" in str(done.exception)
