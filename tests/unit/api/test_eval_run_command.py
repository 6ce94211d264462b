"""``tandem eval run``, as it is typed: over a house of this process, and beside a server."""

import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.console import BAD_USE, FOUND, PROBLEM
from api.listening import bound_to, listening
from api.serving import Serving
from api.web import create_web
from indexer.indexing import catch_up
from relevance_eval.run_record import read_record
from tests.e2e.shop import until
from tests.integration.downtime import embedders
from tests.owned_house import NAME, at_work, owned, reindexed, settings_in, write
from tests.trained_models import know_signals, trained

Captured = pytest.CaptureFixture[str]
Typed = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("models")

COUNT = 6


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that nobody has open: twenty documents, indexed, one model that is not live,
    and a judgment list of six queries, each for the one document that has its word.
    """
    folder = tmp_path_factory.mktemp("made")
    (folder / "tandem.toml").write_text('[embedding]\nmodel = "hash-a"\n')
    lines = [
        {
            "query_id": f"q{number}",
            "query": f"word{number}",
            "judgments": [{"document_id": f"d{number}", "grade": 1}],
        }
        for number in range(1, COUNT + 1)
    ]
    (folder / "judged.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.embedders.load_embedder", embedders.load)
        know_signals(patch)
        with owned(settings_in(folder)) as house:
            catch_up(house.collection(NAME).followers)
            model = trained()
            house.catalog.models.add(NAME, model.manifest.as_json(), model.parts())
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, models: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the working folder."""
    know_signals(monkeypatch)
    place = tmp_path / "place"
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def typed(folder: Path, capsys: Captured) -> Typed:
    """Runs ``tandem eval run judged.jsonl``; the exit code, and what was printed."""

    def run_it(*words: str, judged: str = "judged.jsonl") -> tuple[int, str, str]:
        code = run(["eval", "run", judged, "--data-dir", str(folder / "data"), *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_it


def test_each_configuration_becomes_a_run(typed: Typed, folder: Path) -> None:
    """With what is needed to repeat it, each stage's list, and measures with their formulas."""
    code, out, _ = typed(
        "--configuration", "lexical", "--configuration", "hybrid", "--baseline", "bm25",
        "--measure", "RR@10",
    )  # fmt: skip
    assert code == FOUND
    lines = out.splitlines()
    assert lines[0] == f"judged: {COUNT} queries"
    assert lines[1].split() == ["lexical", "hybrid", "bm25"]
    assert lines[2].split()[:2] == ["RR@10", "1.0000"]
    assert lines[2].split()[3] == "1.0000"
    assert lines[3].rsplit(maxsplit=1) == ["recall of lexical @100", "1.0000"]
    assert lines[6].rsplit(maxsplit=1) == ["oracle RR@10", "1.0000"]
    assert "RR@10: 1 / rank of the first relevant document in the first 10, 0 without one" in out
    record = read_record(folder / "runs" / "hybrid.jsonl")
    assert list(record.run) == [f"q{number}" for number in range(1, COUNT + 1)]
    assert set(record.lists) == {"lexical", "vector", "candidates"}
    assert record.lists["lexical"]["q3"].document_ids == ("d3",)
    assert len(record.lists["vector"]["q3"]) == 20
    about = record.about
    assert (about["release"], about["generation"], about["model"]) == (1, 1, None)
    assert about["query_set"]["queries"] == COUNT
    assert about["settings"]["lexical"]["k"] == 60
    assert {"python", "tandem-search", "tantivy"} <= set(about["versions"])
    assert read_record(folder / "runs" / "lexical.jsonl").lists == {}
    assert read_record(folder / "runs" / "bm25.jsonl").run["q2"].document_ids == ("d2",)


def test_the_same_command_goes_on(typed: Typed, folder: Path) -> None:
    """What was cut off is asked again; with another depth it is another run."""
    file = folder / "runs" / "lexical.jsonl"
    words = "--configuration", "lexical", "--json"
    code, out, _ = typed(*words)
    assert code == FOUND
    before = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(before[:3]) + before[3][:20])
    assert typed(*words)[1] == out
    after = file.read_bytes().splitlines(keepends=True)
    assert after[:3] == before[:3]
    assert len(after) == len(before)
    code, _, err = typed("--configuration", "lexical", "--depth", "5")
    assert code == BAD_USE
    assert "is the record of another run: depth 100 there, 5 now" in err
    assert typed("--configuration", "lexical", "--depth", "5", "--anew")[0] == FOUND
    assert {len(page) for page in read_record(file).run.values()} == {1}


def test_by_a_model_that_is_not_live(typed: Typed, folder: Path) -> None:
    """Beside the order without one; an unknown model is refused before anything is asked."""
    code, out, _ = typed("--model", "1", "--model", "none", "--json")
    data = json.loads(out)
    assert code == FOUND
    names = ["hybrid-model-1", "hybrid-without-model"]
    assert [one["name"] for one in data["runs"]] == names
    models = [read_record(folder / "runs" / f"{name}.jsonl").about["model"] for name in names]
    assert models == [1, None]
    assert data["runs"][0]["oracle"]["nDCG@10"] == 1.0
    code, _, err = typed("--model", "7", "--out", "elsewhere")
    assert code == BAD_USE
    assert "7" in err
    assert not (folder / "elsewhere").exists()


def test_of_another_generation(typed: Typed, folder: Path) -> None:
    """In the place of the live one, as far as the log goes by now."""
    with owned(settings_in(folder)) as house, at_work(house) as owner:
        reindexed(owner, model="hash-b", promote=False)
        write(house, 21, 21)
    line = {"query_id": "q", "query": "word21", "judgments": [{"document_id": "d21", "grade": 1}]}
    (folder / "newest.jsonl").write_text(json.dumps(line))
    words = "--configuration", "rrf", "--generation", "2", "--baseline", "bm25"
    assert typed(*words, judged="newest.jsonl")[0] == FOUND
    record = read_record(folder / "runs" / "rrf-generation-2.jsonl")
    assert record.about["embedder"] == "hash-b@1"
    assert "d21" in record.run["q"].document_ids
    assert len(record.lists["vector"]["q"]) == 21
    plain = read_record(folder / "runs" / "bm25.jsonl")
    assert plain.about["generation"] == 2
    for refused in (("--generation", "7"), ("--generation", "2", "--model", "1")):
        code, _, err = typed(*refused)
        assert code == BAD_USE
        assert "no complete generation 7" in err or "does not fit generation 2" in err


def test_of_a_release_with_a_search_of_its_own(typed: Typed, folder: Path) -> None:
    """The header says the settings by which was searched, and the candidates are all that those
    make.
    """
    with owned(settings_in(folder)) as house:
        search = json.dumps({"fusion": "z-score", "depth": 150})
        house.catalog.releases.promote(NAME, 1, parent=1, model=None, search=search)
    code, out, _ = typed("--configuration", "hybrid")
    assert code == FOUND
    assert "recall of candidates @150" in out
    about = read_record(folder / "runs" / "hybrid.jsonl").about
    assert (about["settings"]["fusion"], about["settings"]["depth"]) == ("z-score", 150)
    assert (about["release"], about["reach"]) == (2, 150)


def test_a_run_of_another_engine(typed: Typed, folder: Path) -> None:
    """Is measured beside the others, or alone, without a collection."""
    (folder / "other.run").write_text("q1 Q0 d1 1 9.5 other\nq2 Q0 d9 1 3.5 other\n")
    words = "--run", "other.run", "--measure", "RR@10", "--json"
    code, out, err = typed(*words, "--data-dir", "nowhere")
    assert code == FOUND
    (only,) = json.loads(out)["runs"]
    assert (only["name"], only["measures"]) == ("other.run", {"RR@10": pytest.approx(1 / COUNT)})
    assert "judged queries that the run lacks, which count as found nothing: 4" in err
    kinds = [found["kind"] for found in json.loads(out)["findings"]]
    assert sorted(kinds) == ["nothing_judged", "query_without_answer"]
    _, out, _ = typed(*words, "--configuration", "lexical")
    assert [one["name"] for one in json.loads(out)["runs"]] == ["other.run", "lexical"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--configuration", "lexicla"), "there is no configuration 'lexicla', expected one of"),
        (("--model", "best"), "--model is 'best', expected a model's number, or none"),
        (("--configuration", "rrf", "--model", "1"), "no configuration that a model orders"),
        (("--baseline", "tfidf"), "--baseline is 'tfidf', expected bm25"),
        (("--measure", "Luck@10"), "Luck"),
        (("--format", "xml"), "unknown format 'xml'"),
        (("--run", "missing.run"), "missing.run"),
        (("--run", "hybrid", "--configuration", "hybrid"), "write it as ./hybrid"),
        (("--collection", "other"), "there is no collection 'other'"),
        (("--url", "here"), "'here' is no address of a server"),
        (("--url", "http://127.0.0.1:9", "--model", "1"), "a server answers by its live release"),
    ],
)
def test_what_cannot_be_used(typed: Typed, folder: Path, words: tuple[str, ...], said: str) -> None:
    """Is refused before anything is written."""
    code, _, err = typed(*words)
    assert code == BAD_USE
    assert said in err
    assert not (folder / "runs").exists()


def test_judgments_of_another_collection(typed: Typed, folder: Path) -> None:
    """Some unknown documents are told; where all are, the query set is the wrong one."""
    lines = (folder / "judged.jsonl").read_text()
    (folder / "part.jsonl").write_text(lines.replace('"d2"', '"x2"'))
    code, out, err = typed("--configuration", "lexical", "--json", judged="part.jsonl")
    assert code == FOUND
    kinds = [found["kind"] for found in json.loads(out)["findings"]]
    assert kinds == ["unknown_document", "nothing_judged"]
    assert "judged documents that are not in the collection: 1 ('q2' 'x2')" in err.replace('"', "'")
    (folder / "all.jsonl").write_text(re.sub('"d([0-9])', r'"x\1', lines))
    code, _, err = typed("--configuration", "lexical", judged="all.jsonl")
    assert code == BAD_USE
    assert "none of the 6 judged documents of all, such as 'x1', is in the collection" in err


def test_an_empty_list(typed: Typed, folder: Path) -> None:
    """There is nothing to ask."""
    (folder / "empty.jsonl").write_text("")
    code, _, err = typed(judged="empty.jsonl")
    assert code == BAD_USE
    assert "empty.jsonl" in err


def test_holes_are_told(typed: Typed, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedder that cannot be had leaves every hybrid answer without its leg by meaning."""

    def broken(*_: object) -> Any:
        raise OSError("no weights")

    monkeypatch.setattr("tests.integration.downtime.embedders.ModelEmbedder.embed_queries", broken)
    words = "--configuration", "rrf", "--measure", "RR@10"
    code, _, err = typed(*words)
    assert (code, err.count("answers are incomplete")) == (PROBLEM, 2)
    assert "warning: rrf: 6 answers are incomplete (vector error), such as 'q1', 'q2', 'q3'" in err
    assert "(vector unavailable)" in err
    assert "--allow-holes" in err
    assert typed(*words, "--allow-holes")[0] == FOUND
    assert read_record(folder / "runs" / "rrf.jsonl").lists.keys() == {"lexical", "candidates"}


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a server that owns the data folder."""
    stop = threading.Event()
    with (
        owned(settings_in(folder)) as house,
        at_work(house),
        closing(Serving(house)) as served,
        listening(create_web(served), bound_to("127.0.0.1", 0), stop) as address,
    ):
        collection = house.collection(NAME)
        until(lambda: collection.behind == 0)
        assert house.ownership is not None
        house.ownership.tell(address, NAME)
        yield address


def test_beside_a_server(typed: Typed, folder: Path) -> None:
    """The one that owns the engines is asked, by itself or by its address; with it, what a run
    holds is the same.
    """
    words = "--configuration", "rrf", "--configuration", "lexical", "--json"
    assert typed(*words)[0] == FOUND
    with serving(folder) as address:
        code, out, err = typed(*words, "--out", "beside", "--baseline", "bm25")
        assert (code, [one["name"] for one in json.loads(out)["runs"]]) == (
            FOUND,
            ["rrf", "lexical", "bm25"],
        ), err
        assert typed(*words, "--out", "by-url", "--url", address, "--data-dir", "no")[0] == FOUND
        code, _, err = typed("--model", "none", "--out", "beside")
        assert code == BAD_USE
        assert "a server answers by its live release" in err
    here = read_record(folder / "runs" / "rrf.jsonl")
    for out in ("beside", "by-url"):
        there = read_record(folder / out / "rrf.jsonl")
        assert there.about["release"] == 1
        assert there.about["legs"]["lexical"]["engine"] == "tantivy"
        assert dict(there.run) == dict(here.run)
        assert {stage: dict(run) for stage, run in there.lists.items()} == {
            stage: dict(run) for stage, run in here.lists.items()
        }
