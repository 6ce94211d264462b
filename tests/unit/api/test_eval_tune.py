"""``tandem eval tune``: from judgments to a file that a release takes."""

from collections.abc import Collection, Mapping
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from api.app import app
from api.bootstrap import open_house
from api.console import Bars
from api.leg_answers import leg_answers
from api.tuned import current_point, read_search, with_search
from api.tuning import tuned_over
from indexer.indexing import catch_up
from query.questions import VectorQuestion
from query.understanding import check_searchable
from relevance_eval.query_set import read_query_set
from relevance_eval.tuning.answers import ndcg, packed
from relevance_eval.tuning.choosing import Folds
from relevance_eval.tuning.points import Fuser, Leg, Point
from tandem.errors import InputError
from tandem.queries import Query
from tandem.scoring import DEFAULT, LexicalScoring
from tandem.sections import SearchSettings
from tests.owned_house import NAME, owned, settings_in
from tests.trained_models import trained

pytestmark = pytest.mark.usefixtures("models")

NOTHING = {"lexical": {"share": 0.0}, "vector": {"share": 0.0}}
SCORED = LexicalScoring.of({"title": 2.0}, 0.1, 0.2)
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
    """The file says what the answer says, and can be read; words alone win over a hash; a model
    orders what is fused.
    """
    with open_house(settings_in(indexed), "test") as house:
        model = house.catalog.models.add(NAME, trained().manifest.as_json(), trained().parts())
        house.catalog.releases.promote(NAME, 1, parent=1, model=model)
    file = indexed / "tuned.toml"
    arguments = ["eval", "tune", str(indexed / "judged"), "--write", str(file), "--depth", "10",
                 "--config", str(indexed / "tandem.toml"), "--json"]  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    found = orjson.loads(done.stdout)
    assert (found["queries"], found["measure"]) == (20, "nDCG@10")
    assert found["search"]["depth"] <= 10
    assert found["scorings"] == 1
    assert read_search(file) == found["search"]
    assert found["is_current"] is False
    assert f"warning: model {model} has the last word on the order" in done.stderr
    assert found["findings"] == []
    assert any("the lexical leg alone" in warning for warning in found["warnings"])


@pytest.mark.parametrize("scoring", [DEFAULT, SCORED])
def test_legs_are_asked_as_searches_ask_them(indexed: Path, scoring: LexicalScoring) -> None:
    """Ranks are each leg's own, scores those of the hybrid search, completed ones too."""
    search = {"lexical": Point(scoring=scoring).settings()["lexical"]}
    with open_house(settings_in(indexed, search=search), "test") as house:
        target = house.collection(NAME)
        text = "word3 word4 text"
        ((_, answers),) = leg_answers(target, {"q": text}, 5, [scoring])
        answer = answers["q"]
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


def test_the_vector_leg_is_asked_once(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the words score, for no document twice."""
    scored: list[str] = []
    score = VectorQuestion.score

    def counted(
        question: VectorQuestion, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, float]:
        scored.extend(document_ids)
        return score(question, document_ids, timeout_seconds)

    monkeypatch.setattr(VectorQuestion, "score", counted)
    with open_house(settings_in(indexed), "test") as house:
        found = list(leg_answers(house.collection(NAME), {"q": "word3 text"}, 5, [DEFAULT, SCORED]))
    assert [scoring for scoring, _ in found] == [DEFAULT, SCORED]
    lexical = [answers["q"].scores[0].max() for _, answers in found]
    assert lexical[1] > lexical[0]
    assert 0 < len(scored) == len({*scored})


def test_ways_to_score_words_are_tried(indexed: Path) -> None:
    """Those of the collection's own text fields, where no model knows how words score now. What is
    judged and not there is told.
    """
    file, qrels = indexed / "tuned.toml", indexed / "judged" / "qrels" / "test.tsv"
    qrels.write_text(f"{qrels.read_text()}q1\tgone\t1\n")
    arguments = ["eval", "tune", str(indexed / "judged"), "--depth", "10", "--write", str(file)]
    done = CliRunner().invoke(app, [*arguments, "--config", str(indexed / "tandem.toml")])
    assert done.exit_code == 0, done.output
    assert "judged documents that are not in the collection: 1 ('q1' 'gone')" in done.stderr
    assert "fusions and 15 ways to score words by 20 queries: " in done.stdout
    assert read_search(file)["lexical"].keys() >= {"weights", "phrase", "proximity"}


def test_what_there_is_now_is_measured_as_deep_as_it_is(indexed: Path) -> None:
    """Though no choice is deeper than what was asked for; and where neither leg counts."""
    with open_house(settings_in(indexed, search={"depth": 20, **NOTHING}), "test") as house:
        judged = read_query_set(indexed / "judged", None, check_searchable)
        target = house.collection(NAME)
        tuned = tuned_over(target, judged, 2, Folds(2), Bars(None))
        ((_, answers),) = leg_answers(target, judged.queries, 20, [DEFAULT])
    now = Point("best", 20, Leg(share=0.0), Leg(share=0.0))
    table = packed(answers, judged.qrels)
    assert tuned.lifts[0].mean == pytest.approx(ndcg(table, Fuser(table).values(now)).mean())
    assert tuned.is_current or tuned.point.depth == 2


def test_judgments_of_another_collection_choose_nothing(indexed: Path) -> None:
    """All would be as good, which says nothing of this one."""
    (indexed / "judged" / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\n"
        + "".join(f"q{number}\tgone{number}\t1\n" for number in range(1, 21))
    )
    arguments = ["eval", "tune", str(indexed / "judged"), "--config", str(indexed / "tandem.toml")]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, InputError)
    assert "none of the 20 judged documents of judged, such as 'gone1'" in str(done.exception)


def test_a_release_can_have_what_is_chosen(indexed: Path) -> None:
    """A weight of a field that is gone is in none of its settings."""
    search = {"lexical": {"weights": {"gone": 2.0, "title": 3.0}}}
    with open_house(settings_in(indexed, search=search), "test") as house:
        judged = read_query_set(indexed / "judged", None, check_searchable)
        tuned = tuned_over(house.collection(NAME), judged, 1, Folds(2), Bars(None))
    weights = {name for point in (tuned.point, *tuned.by_fold) for name, _ in point.scoring.weights}
    assert "title" in weights
    assert "gone" not in weights


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["long.csv"], "cannot be asked: the query has 120,000 characters"),
        (["list.csv", "--write", "nowhere/tuned.toml"], "--write nowhere/tuned.toml: there is no"),
        (["list.csv", "--write", "."], "--write .: that is a folder"),
        (["list.csv", "--write", "list.csv"], "--write list.csv: that is the judgments"),
        (["list.csv", "--folds", "21"], "21 folds, expected 2 to 20"),
        (["list.csv", "--seed", "-1"], "--seed"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    """It would be minutes later."""
    monkeypatch.chdir(tmp_path)
    lines = ["query,docid,rating", *(f"word{number},d1,1" for number in range(20))]
    Path("list.csv").write_text("\n".join(lines))
    Path("long.csv").write_text("\n".join([*lines, "x" * 120_000 + ",d1,1"]))
    done = CliRunner().invoke(app, ["eval", "tune", *words])
    assert done.exit_code != 0
    assert told in f"{done.output} {done.exception}"


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
        ("[search.lexical]\nshare = inf", "search.lexical.share: "),
        ("[search.depth]\nx = 1", "search.depth: "),
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
