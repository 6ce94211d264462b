"""``tandem eval tune``: from judgments to a file that a release takes."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from api.app import app
from api.bootstrap import open_house
from api.leg_answers import leg_answers
from api.tuned import current_point, read_search, with_search
from indexer.indexing import catch_up
from tandem.errors import InputError
from tandem.queries import Query
from tandem.sections import SearchSettings
from tests.owned_house import NAME, owned, settings_in

pytestmark = pytest.mark.usefixtures("models")

FILE = "[search]\nfusion = 'z-score'\ndepth = 50\n[search.lexical]\nshare = 0.7\n"


@pytest.fixture
def indexed(tmp_path: Path) -> Path:
    """Twenty documents, in both indexes, and a judgment list that asks for each; the settings."""
    with owned(settings_in(tmp_path)) as house:
        assert catch_up(house.collection(NAME).followers) == []
    rows = [
        {"query_id": f"q{number}", "query": f"word{number}", "ratings": {f"d{number}": 1}}
        for number in range(1, 21)
    ]
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    (folder / "queries.jsonl").write_text(
        "".join(f'{{"_id": "{row["query_id"]}", "text": "{row["query"]}"}}\n' for row in rows)
    )
    (folder / "corpus.jsonl").write_text("")
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\n"
        + "".join(f"q{number}\td{number}\t1\n" for number in range(1, 21))
    )
    (tmp_path / "tandem.toml").write_text(
        'data_dir = "data"\n[embedding]\nmodel = "hash-a"\n[fields.note]\ntype = "text"\n'
        '[fields.kind]\ntype = "keyword"\n'
    )
    return tmp_path


def test_it_chooses_and_writes(indexed: Path) -> None:
    """The file says what the answer says, and can be read; words alone win over a hash."""
    file = indexed / "tuned.toml"
    arguments = ["eval", "tune", str(indexed / "judged"), "--write", str(file), "--depth", "10",
                 "--config", str(indexed / "tandem.toml"), "--json"]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    found = orjson.loads(done.stdout)
    assert (found["queries"], found["measure"]) == (20, "nDCG@10")
    assert found["search"]["depth"] <= 10
    assert read_search(file) == found["search"]
    assert any("the lexical leg alone" in warning for warning in found["warnings"])


def test_legs_are_asked_as_searches_ask_them(indexed: Path) -> None:
    """Ranks are each leg's own, scores those of the hybrid search, completed ones too."""
    with open_house(settings_in(indexed), "test") as house:
        target = house.collection(NAME)
        text = "word3 word4 text"
        answer = leg_answers(target, {"q": text}, 5)["q"]
        for place, name in enumerate(("lexical", "semantic")):
            own = target.searcher(name).search(Query(text, limit=5)).page
            ranks = dict(zip(answer.document_ids, answer.ranks[place].tolist(), strict=True))
            assert {hit.document_id: hit.rank for hit in own.hits} == {
                name: rank for name, rank in ranks.items() if rank
            }
        hybrid = target.searcher().search(Query(text, limit=20)).page
        scores = dict(zip(answer.document_ids, answer.scores.T.tolist(), strict=True))
        seen = {
            hit.document_id: [part.score for part in sorted(hit.evidence)] for hit in hybrid.hits
        }
        assert {name: seen[name] for name in scores} == {
            name: pytest.approx(both) for name, both in scores.items()
        }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[search", "not TOML"),
        ("depth = 5", "expected a table [search] alone, found the table 'depth'"),
        ("", "expected a table [search] alone, found none"),
        ("[search]\nbudget_ms = 5", "a release has no search.budget_ms of its own"),
        ("[search]\ndepth = 0", "search.depth: "),
        ("[search]\nfusion = 'sum'", "search.fusion: "),
        ("[search]\nlexical = 3", "search.lexical: "),
        ("[search.lexical]\nboost = 3", "search.lexical.boost: "),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, told: str) -> None:
    """Named, with what was expected."""
    file = tmp_path / "tuned.toml"
    file.write_text(text)
    with pytest.raises(InputError) as raised:
        read_search(file)
    assert told in str(raised.value)
    assert "tuned.toml" in str(raised.value)


def test_a_release_has_some_of_the_settings_of_its_own(tmp_path: Path) -> None:
    """The others stay what they are."""
    (tmp_path / "tuned.toml").write_text(FILE)
    settings = SearchSettings(budget_ms=7.0)
    mixed = with_search(settings, read_search(tmp_path / "tuned.toml"))
    assert (mixed.budget_ms, mixed.fusion, mixed.depth) == (7.0, "z-score", 50)
    assert (mixed.lexical.share, mixed.lexical.k, mixed.vector.share) == (0.7, 60.0, 0.6)
    assert current_point(mixed).settings()["fusion"] == "z-score"
    assert with_search(settings, None) is settings
